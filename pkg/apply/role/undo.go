package role

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/plan"
)

// ErrInUse says that groups launch as the role that was to be deleted.
var ErrInUse = errors.New("the role is in use")

// Delete deletes a service-linked role that Keymend made, if no group uses
// it.
type Delete struct {
	Role string `json:"role"` // ARN
}

// Restore has a group launch as the role that it had before, if it still
// launches as the one that Keymend gave it.
type Restore struct {
	Group string `json:"group"` // ARN
	Name  string `json:"name"`
	Ours  string `json:"ours"`
	Role  string `json:"role"`
}

// Run deletes the role, and reports whether it did. A role that is gone is as it shall be. Groups of the
// Region are looked at first, so that the answer names them; those of others only
// IAM sees, which deletes in its own time and refuses a role in use.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
func (u Delete) Run(ctx context.Context, roles Maker, groups Groups, sleep func(context.Context, time.Duration) error) (bool, error) {
	if err := u.unused(ctx, groups); err != nil {
		return false, err
	}
	name := u.Role[strings.LastIndexByte(u.Role, '/')+1:]
	out, err := roles.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: &name})
	if _, gone := errors.AsType[*iamtypes.NoSuchEntityException](err); gone {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("delete role %s: %w", u.Role, err)
	}
	return true, u.ended(ctx, roles, sleep, out.DeletionTaskId)
}

func (u Delete) unused(ctx context.Context, groups Groups) error {
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(groups, &autoscaling.DescribeAutoScalingGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("describe groups: %w", err)
		}
		for _, g := range page.AutoScalingGroups {
			if aws.ToString(g.ServiceLinkedRoleARN) == u.Role {
				return fmt.Errorf("delete role %s: group %s launches as it: %w", u.Role, aws.ToString(g.AutoScalingGroupName), ErrInUse)
			}
		}
	}
	return nil
}

// ended waits for the end of the deletion, and says why there was none.
func (u Delete) ended(ctx context.Context, roles Maker, sleep func(context.Context, time.Duration) error, task *string) error {
	const looks, pause = 20, 3 * time.Second
	for range looks {
		out, err := roles.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task})
		switch {
		case err != nil:
			return fmt.Errorf("delete role %s: %w", u.Role, err)
		case out.Status == iamtypes.DeletionTaskStatusTypeSucceeded:
			return nil
		case out.Status == iamtypes.DeletionTaskStatusTypeFailed:
			why := ""
			if out.Reason != nil {
				why = ": " + aws.ToString(out.Reason.Reason)
			}
			return fmt.Errorf("delete role %s%s: %w", u.Role, why, ErrInUse)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	return fmt.Errorf("delete role %s: IAM hasn't ended task %s yet", u.Role, aws.ToString(task))
}

// Run gives the group its role back. One that has another role by now, by
// anyone's hand, keeps that.
func (u Restore) Run(ctx context.Context, now func(context.Context) (string, error), w Groups, sleep func(context.Context, time.Duration) error) (bool, error) {
	changed, err := Update(ctx, now, w, sleep, plan.UpdateGroup{Group: u.Group, Name: u.Name, Before: u.Ours, After: u.Role})
	if errors.Is(err, ErrChanged) {
		return false, nil
	}
	return changed, err
}
