package command

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/guard"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

// A wiring gives the engine its ways to AWS: the person's own credentials, or
// Keymend's roles where KEYMEND_ROLE_PREFIX names them.
type wiring struct {
	sessions *account.Sessions
	base     aws.Config
	config   settings.Config
}

func newWiring(s session, c settings.Config, version string) wiring {
	return wiring{
		base: s.aws, config: c,
		sessions: account.New(s.aws, account.Options{Partition: c.Partition, RolePrefix: c.RolePrefix, Version: version}),
	}
}

// A view reads one account in one Region.
type view struct {
	account, region string
	launches        *launch.Resolver
	keys            *keystate.Reader
	*kms.Client     // GetKeyPolicy
}

func (w wiring) view(ctx context.Context, id, region string) (remediation.View, error) {
	cfg, err := w.sessions.Config(ctx, id, region, permission.Reader, nil)
	if err != nil {
		return nil, err
	}
	return view{
		account: id, region: region, launches: launch.FromConfig(cfg),
		keys: keystate.FromConfig(id, cfg), Client: kms.NewFromConfig(cfg),
	}, nil
}

// Launch implements remediation.View.
func (v view) Launch(ctx context.Context, group string) (launch.Launch, error) {
	return v.launches.Resolve(ctx, v.account, v.region, group)
}

// Role implements remediation.View.
func (v view) Role(ctx context.Context, arn string) (access.Principal, error) {
	return v.keys.Role(ctx, arn)
}

// Key implements remediation.View.
func (v view) Key(ctx context.Context, id, principal string) (keystate.State, error) {
	return v.keys.Read(ctx, id, principal)
}

// open makes a session for one action on one key.
func (w wiring) open(ctx context.Context, s remediation.Session) (remediation.Writer, error) {
	policy, err := permission.SessionPolicy(s.Action, s.Key)
	if err != nil {
		return nil, err
	}
	role := permission.Granter
	if s.Action == "kms:PutKeyPolicy" {
		role = permission.PolicyWriter
	}
	cfg, err := w.sessions.Config(ctx, s.Account, s.Region, role, &account.SessionPolicy{SessionName: s.Name, Policy: policy})
	if err != nil {
		return nil, err
	}
	return kms.NewFromConfig(cfg), nil
}

// position reads the switch: none configured, or on; whatever else is off.
func (w wiring) position(ctx context.Context) (guard.Switch, string, error) {
	name := w.config.SwitchParameter
	if name == "" {
		return guard.SwitchNone, "no switch is configured", nil
	}
	out, err := ssm.NewFromConfig(w.base).GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		if account.Transient(err) {
			return guard.SwitchOff, "", fmt.Errorf("read switch %s: %w", name, err)
		}
		return guard.SwitchOff, "parameter " + name + " couldn't be read: " + account.Message(err), nil
	}
	if value := aws.ToString(out.Parameter.Value); value != "on" {
		return guard.SwitchOff, fmt.Sprintf("parameter %s is %q", name, value), nil
	}
	return guard.SwitchOn, "parameter " + name + " is on", nil
}
