// Package wiring connects Looker and Fixer to AWS: it makes clients from sessions,
// one account, Region and purpose at a time.
package wiring

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/history"
	"keymend/pkg/keystate"
	"keymend/pkg/observe"
	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

// AWS reads and writes through an account's sessions.
type AWS struct {
	Sessions *account.Sessions
	Settings settings.Config // whose accounts are read beside a group's own
	// Own is the configuration of the caller's own account, for the switch and the
	// log of intents.
	Own aws.Config
	// Parameters reads the switch; nil: Own does.
	Parameters Parameters
}

var _ remediation.Readers = AWS{}

// View implements remediation.Readers: it returns what reads one account in one
// Region, as its reader, and the keys there of the accounts that the settings name, as
// theirs for others.
func (a AWS) View(ctx context.Context, accountID, region string) (apply.Reader, error) {
	cfg, err := a.config(ctx, accountID, region, permission.Reader)
	if err != nil {
		return nil, err
	}
	reads := permission.KeyReader
	if a.Settings.Organization() {
		reads = permission.Reader // a member lets nobody in but the hub, and has one role for that
	}
	client, keys, others := kms.NewFromConfig(cfg), keystate.FromConfig(accountID, cfg), &otherAccounts{
		settings: a.Settings, config: func(ctx context.Context, owner string) (aws.Config, error) {
			return a.config(ctx, owner, region, reads)
		},
	}
	seeing := observe.Elsewhere{Denials: cloudtrail.NewFromConfig(cfg), Grants: client, Images: others.images}
	if a.Settings.RolePrefix != "" {
		granter := permission.Place{Partition: a.Settings.Partition, Account: accountID, Prefix: a.Settings.RolePrefix}.ARN(permission.Granter)
		keys = keys.For(granter)
		if len(a.Settings.Accounts) > 0 { // of an organization, too; else there is no grant on another account's key
			seeing.Granter = granter
		}
	}
	return &view{
		policies: client, account: accountID, launches: observe.FromConfig(cfg).Seeing(seeing), keys: keys,
		region: region, others: others,
	}, nil
}

func (a AWS) config(ctx context.Context, accountID, region string, reader permission.Role) (aws.Config, error) {
	cfg, err := a.Sessions.Config(ctx, accountID, region, reader, nil)
	if err == nil && a.Settings.Organization() {
		err = enter(ctx, cfg, accountID)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("read account %s: %w", accountID, err)
	}
	return cfg, nil
}

// Switch implements remediation.Readers.
func (a AWS) Switch(ctx context.Context) (guard.Switch, string, error) {
	parameters := a.Parameters
	if parameters == nil {
		parameters = ssm.NewFromConfig(a.Own)
	}
	return readSwitch(ctx, parameters, a.Settings.SwitchParameter, a.Own.Region)
}

// Fleet implements remediation.Readers.
func (a AWS) Fleet(ctx context.Context, accountID, region string) (remediation.Fleet, error) {
	cfg, err := a.config(ctx, accountID, region, permission.Reader)
	if err != nil {
		return nil, err
	}
	return fleet{observe.NewFleet(cfg, accountID, region), a, accountID}, nil
}

// A fleet reads its account, and what the log tells of it.
type fleet struct {
	observe.Fleet
	from    AWS
	account string
}

// Told implements remediation.Fleet.
func (f fleet) Told(ctx context.Context, from, to time.Time, each func(history.Entry)) error {
	return f.from.past(ctx, record.Where("account", f.account), from, to, each)
}

// Edits reads who wrote a key's policy since a time, in the key's account.
func (a AWS) Edits(ctx context.Context, accountID, region, key string, since, until time.Time) ([]activity.PolicyEdit, error) {
	cfg, err := a.config(ctx, accountID, region, permission.Reader)
	if err != nil {
		return nil, err
	}
	return observe.NewFleet(cfg, accountID, region).Edits(ctx, key, since, until)
}

// Standing reads what a group of an account in a Region has by now, as its reader.
func (a AWS) Standing(ctx context.Context, accountID, region, group string) (observe.Standing, error) {
	cfg, err := a.config(ctx, accountID, region, permission.Reader)
	if err != nil {
		return observe.Standing{}, err
	}
	return observe.FromConfig(cfg).Standing(ctx, group)
}

// Prepare asks which account this is, once in a process: a writer's session says so. An
// organization's says for which member it is.
func (a AWS) Prepare(ctx context.Context) {
	if !a.Settings.Organization() {
		_, _ = a.Sessions.Self(ctx) // Open asks again, and says what went wrong
	}
}

// Open returns what may make one call, and nothing else, where roles are in use. It
// sends nothing twice.
func (a AWS) Open(ctx context.Context, s remediation.Session) (apply.Session, error) {
	if !slices.Contains(permission.Writers(), s.Role) {
		return nil, fmt.Errorf("open session: no role does %q", s.Action)
	}
	policy, err := a.policy(s)
	if err != nil {
		return nil, err
	}
	narrow := account.SessionPolicy{SessionName: s.Name, Policy: policy}
	if a.Settings.Organization() {
		narrow.For = s.For
	}
	cfg, err := a.Sessions.Config(ctx, s.Account, s.Region, s.Role, &narrow)
	if err != nil {
		return nil, err
	}
	// The SDK would send a document again that somebody has edited since: who reads
	// anew decides whether to.
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil { // else the first write would wait for it
		return nil, err
	}
	return session{cfg}, nil
}

// policy narrows a session to its call. EC2 uses the keys of a call that copies.
func (a AWS) policy(s remediation.Session) (string, error) {
	target := cmp.Or(s.ARN, s.Target)
	switch {
	case len(s.Keys) > 0:
		return permission.CopyPolicy(permission.Copy{Action: s.Action, Partition: a.Settings.Partition, Account: s.Account, Region: s.Region, Source: s.Target, Keys: distinct(s.Keys)})
	case s.Pass != "":
		return permission.SessionPolicy(s.Action, target, s.Pass)
	}
	return permission.SessionPolicy(s.Action, target)
}

// A session makes clients with one set of credentials.
type session struct{ cfg aws.Config }

// KMS implements apply.Session.
func (s session) KMS() apply.KMS { return kms.NewFromConfig(s.cfg) }

// IAM implements apply.Session.
func (s session) IAM() apply.IAM { return iam.NewFromConfig(s.cfg) }

// Groups implements apply.Session.
func (s session) Groups() apply.Groups { return autoscaling.NewFromConfig(s.cfg) }

// EC2 implements apply.Session.
func (s session) EC2() apply.EC2 { return ec2.NewFromConfig(s.cfg) }
