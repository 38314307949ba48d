package live

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/copier"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

// Copies returns what reads copies in one account and Region, as its reader.
func (a AWS) Copies(ctx context.Context, accountID, region string) (*copier.Reader, error) {
	cfg, err := a.Sessions.Config(ctx, accountID, region, permission.Reader, nil)
	if err != nil {
		return nil, fmt.Errorf("read account %s: %w", accountID, err)
	}
	return copier.FromConfig(cfg, accountID, region), nil
}

// Copier returns what may do one of the copier's actions on one target, and
// nothing else, where roles are in use.
func (a AWS) Copier(ctx context.Context, s remediation.Session) (copier.Writer, error) {
	policy, err := a.copierPolicy(s)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	cfg, err := a.Sessions.Config(ctx, s.Account, s.Region, permission.Copier, &account.SessionPolicy{SessionName: s.Name, Policy: policy})
	if err != nil {
		return nil, fmt.Errorf("open session for %s: %w", s.Action, err)
	}
	return ec2.NewFromConfig(cfg), nil
}

func (a AWS) copierPolicy(s remediation.Session) (string, error) {
	of := "arn:" + a.Settings.Partition + ":ec2:" + s.Region + ":"
	switch s.Action {
	case "ec2:CopyImage", "ec2:CopySnapshot":
		keys := slices.Compact(slices.Sorted(slices.Values(s.Keys)))
		return permission.CopyPolicy(permission.Copy{Action: s.Action, Partition: a.Settings.Partition, Region: s.Region, Source: s.Key, Keys: keys})
	case "ec2:DeregisterImage":
		return permission.SessionPolicy(s.Action, of+":image/"+s.Key)
	case "ec2:DeleteSnapshot":
		return permission.SessionPolicy(s.Action, of+":snapshot/"+s.Key)
	case "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate", "ec2:DeleteLaunchTemplateVersions":
		return permission.SessionPolicy(s.Action, of+s.Account+":launch-template/"+s.Key)
	}
	return "", fmt.Errorf("no role does %q", s.Action)
}

// CopierRole returns the copier as who copies; nil where no roles are in use.
func CopierRole(c settings.Config) func(string) access.Principal {
	if c.RolePrefix == "" {
		return nil
	}
	return func(accountID string) access.Principal {
		return access.Principal{ARN: permission.Place{Partition: c.Partition, Account: accountID, Prefix: c.RolePrefix}.ARN(permission.Copier)}
	}
}
