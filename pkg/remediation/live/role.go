package live

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/account"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
)

// A roleWriter is IAM and Auto Scaling with one session.
type roleWriter struct {
	*iam.Client
	groups
}

// groups is named so that the two clients' own methods don't meet.
type groups struct{ *autoscaling.Client }

// OpenRole returns what may do one action on one role or group, and pass one role
// to it, and nothing else, where roles are in use.
func (a AWS) OpenRole(ctx context.Context, s remediation.Session) (remediation.RoleWriter, error) {
	var passed []string
	if s.Pass != "" {
		passed = append(passed, s.Pass)
	}
	policy, err := permission.SessionPolicy(s.Action, s.Key, passed...)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	cfg, err := a.Sessions.Config(ctx, s.Account, s.Region, permission.GroupWriter, &account.SessionPolicy{SessionName: s.Name, Policy: policy})
	if err != nil {
		return nil, fmt.Errorf("open session for %s: %w", s.Action, err)
	}
	return roleWriter{iam.NewFromConfig(cfg), groups{autoscaling.NewFromConfig(cfg)}}, nil
}
