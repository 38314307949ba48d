// Package live connects the engine to AWS: it makes clients from sessions, one
// account, Region and purpose at a time.
package live

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
)

// AWS reads and writes through an account's sessions.
type AWS struct {
	Sessions *account.Sessions
	Accounts []string                    // other accounts that are read in
	Granter  func(account string) string // ARN of the role that may retire grants; nil = none
}

// View returns what reads one account in one Region, as its reader.
func (a AWS) View(ctx context.Context, accountID, region string) (remediation.View, error) {
	cfg, err := a.Sessions.Config(ctx, accountID, region, permission.Reader, nil)
	if err != nil {
		return nil, fmt.Errorf("read account %s: %w", accountID, err)
	}
	client := kms.NewFromConfig(cfg)
	elsewhere := launch.Elsewhere{Denials: cloudtrail.NewFromConfig(cfg), Grants: client, Images: func(ctx context.Context, owner string) (launch.Images, error) {
		return a.images(ctx, owner, region)
	}}
	if a.Granter != nil {
		elsewhere.Granter = a.Granter(accountID)
	}
	return &view{
		Client: client, account: accountID, region: region,
		launches: launch.FromConfig(cfg).Seeing(elsewhere), keys: keystate.FromConfig(accountID, cfg),
	}, nil
}

// images reads in another account, if that is listed.
func (a AWS) images(ctx context.Context, owner, region string) (launch.Images, error) {
	if !slices.Contains(a.Accounts, owner) {
		return nil, launch.ErrNotListed
	}
	cfg, err := a.Sessions.Config(ctx, owner, region, permission.Reader, nil)
	if err != nil {
		return nil, fmt.Errorf("read account %s: %w", owner, err)
	}
	return ec2.NewFromConfig(cfg), nil
}

type view struct {
	*kms.Client
	account, region string
	launches        *launch.Resolver
	keys            *keystate.Reader
}

func (v *view) Launch(ctx context.Context, group string) (launch.Launch, error) {
	return v.launches.Resolve(ctx, v.account, v.region, group)
}

func (v *view) Role(ctx context.Context, arn string) (access.Principal, error) {
	return v.keys.Role(ctx, arn)
}

func (v *view) Key(ctx context.Context, id, principalARN string) (keystate.State, error) {
	return v.keys.Read(ctx, id, principalARN)
}

// Open returns what may do one action on one key, and nothing else, where roles
// are in use.
func (a AWS) Open(ctx context.Context, s remediation.Session) (remediation.Writer, error) {
	purpose, ok := map[string]permission.Role{
		"kms:PutKeyPolicy": permission.PolicyWriter,
		"kms:CreateGrant":  permission.Granter,
		"kms:RevokeGrant":  permission.Granter,
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
