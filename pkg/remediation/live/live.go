// Package live connects the engine to AWS: it makes clients from sessions, one
// account, Region and purpose at a time.
package live

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

// AWS reads and writes through an account's sessions.
type AWS struct {
	Sessions *account.Sessions
	Settings settings.Config // whose accounts are read beside a group's own
}

// View returns what reads one account in one Region, as its reader, and the keys
// there of the accounts that the settings name, as theirs.
func (a AWS) View(ctx context.Context, accountID, region string) (remediation.View, error) {
	cfg, err := a.Sessions.Config(ctx, accountID, region, permission.Reader, nil)
	if err != nil {
		return nil, fmt.Errorf("read account %s: %w", accountID, err)
	}
	client, keys, there := kms.NewFromConfig(cfg), keystate.FromConfig(accountID, cfg), &elsewhere{world: a, region: region}
	seeing := launch.Elsewhere{Denials: cloudtrail.NewFromConfig(cfg), Grants: client, Images: there.images}
	if role := RetiringRole(a.Settings); role != nil {
		keys = keys.For(role(accountID))
		if len(a.Settings.Accounts) > 0 { // else there is no grant on another account's key
			seeing.Granter = role(accountID)
		}
	}
	return &view{
		Client: client, account: accountID, launches: launch.FromConfig(cfg).Seeing(seeing), keys: keys,
		region: region, there: there,
	}, nil
}

// History reads how a group of an account in a Region has fared, as its reader.
func (a AWS) History(ctx context.Context, accountID, region, group string) (launch.History, error) {
	cfg, err := a.Sessions.Config(ctx, accountID, region, permission.Reader, nil)
	if err != nil {
		return launch.History{}, fmt.Errorf("read account %s: %w", accountID, err)
	}
	return launch.FromConfig(cfg).History(ctx, accountID, region, group)
}

type view struct {
	*kms.Client
	account, region string
	launches        *launch.Resolver
	keys            *keystate.Reader
	there           *elsewhere
}

func (v *view) Launch(ctx context.Context, group string) (launch.Launch, error) {
	return v.launches.Resolve(ctx, v.account, v.region, group)
}

func (v *view) Role(ctx context.Context, arn string) (access.Principal, error) {
	return v.keys.Role(ctx, arn)
}

// Key implements remediation.View.
func (v *view) Key(ctx context.Context, id, principalARN string) (keystate.State, error) {
	owner := arn.Account(id)
	if owner == "" || owner == v.account {
		return v.keys.Read(ctx, id, principalARN)
	}
	state, err := v.there.key(ctx, owner, id, principalARN)
	why, hidden := notOnboarded(owner, err)
	if !hidden {
		return state, err
	}
	if state, err = v.keys.Read(ctx, id, principalARN); err != nil {
		return state, err
	}
	// What the reader returns is shared.
	state.Facts.CouldNotSee = append(slices.Clone(state.Facts.CouldNotSee), why)
	if state.Facts.Policy == nil && state.Facts.Key.Manager != "AWS" {
		state.Facts.PolicyUnreadable, state.TagsUnreadable = why, why
	}
	return state, nil
}

// GetKeyPolicy implements apply.PolicyReader, in the key's account.
func (v *view) GetKeyPolicy(ctx context.Context, in *kms.GetKeyPolicyInput, options ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error) {
	owner := arn.Account(aws.ToString(in.KeyId))
	if owner == "" || owner == v.account {
		return v.Client.GetKeyPolicy(ctx, in, options...)
	}
	client, err := v.there.client(ctx, owner)
	if err != nil {
		return nil, err
	}
	return client.GetKeyPolicy(ctx, in, options...)
}

// Open returns what may do one action on one key, and nothing else, where roles
// are in use.
func (a AWS) Open(ctx context.Context, s remediation.Session) (remediation.Writer, error) {
	purpose, ok := map[string]permission.Role{
		"kms:PutKeyPolicy": permission.PolicyWriter,
		"kms:CreateGrant":  permission.Granter,
		"kms:RevokeGrant":  permission.Granter,
		"kms:RetireGrant":  permission.Granter,
	}[s.Action]
	if !ok {
		return nil, fmt.Errorf("open session: no role does %q", s.Action)
	}
	policy, err := permission.SessionPolicy(s.Action, s.Key)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	cfg, err := a.Sessions.Config(ctx, s.Account, s.Region, purpose, &account.SessionPolicy{SessionName: s.Name, Policy: policy})
	if err != nil {
		return nil, fmt.Errorf("open session for %s: %w", s.Action, err)
	}
	return kms.NewFromConfig(cfg), nil
}
