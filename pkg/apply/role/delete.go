package role

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/kind/role"
)

// Delete carries out role.Delete.
type Delete struct{}

// Stands implements apply.Doer.
func (Delete) Stands(ctx context.Context, e apply.Env, s role.Delete) (change.Result, apply.Standing, error) {
	found, err := e.Role(ctx, s.Role)
	if err != nil {
		return change.Result{}, apply.Unknown, fmt.Errorf("read role %s: %w", s.Role, err)
	}
	return change.Result{}, apply.There.If(found.ID == ""), nil
}

// Do implements apply.Doer. A role that is gone is as it shall be. Groups of the
// Region are looked at first, so that the answer names them; those of others only
// IAM sees, which deletes in its own time and refuses a role in use.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
func (Delete) Do(ctx context.Context, e apply.Env, s role.Delete) (change.Result, error) {
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	if err := unused(ctx, session.Groups(), s); err != nil {
		return change.Result{}, err
	}
	out, err := once.Write(ctx, session.IAM().DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: new(role.Name(s.Role))})
	if _, gone := errors.AsType[*types.NoSuchEntityException](err); gone {
		return change.Result{}, nil
	}
	if err != nil {
		return change.Result{}, fmt.Errorf("delete role %s: %w", s.Role, err)
	}
	err = ended(ctx, e, session.IAM(), s, out.DeletionTaskId)
	return change.Result{Changed: err == nil}, err
}

func unused(ctx context.Context, groups apply.Groups, s role.Delete) error {
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(groups, &autoscaling.DescribeAutoScalingGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, func(o *autoscaling.Options) { o.Retryer = retry.NewStandard() }) // it only reads
		if err != nil {
			return fmt.Errorf("describe groups: %w", err)
		}
		for _, g := range page.AutoScalingGroups {
			if aws.ToString(g.ServiceLinkedRoleARN) == s.Role {
				return fmt.Errorf("delete role %s: group %s launches as it: %w", s.Role, aws.ToString(g.AutoScalingGroupName), apply.ErrInUse)
			}
		}
	}
	return nil
}

// errRunning says that IAM hasn't ended a deletion yet.
var errRunning = errors.New("IAM hasn't ended it yet")

// ended waits for the end of the deletion, and says why there was none.
func ended(ctx context.Context, e apply.Env, roles apply.IAM, s role.Delete, task *string) error {
	const looks = 20
	passes := func(err error) bool { return errors.Is(err, errRunning) || account.Transient(err) }
	return e.Again(ctx, looks, passes, func() error {
		out, err := roles.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task})
		switch {
		case err != nil:
			return fmt.Errorf("delete role %s: %w", s.Role, err)
		case out.Status == types.DeletionTaskStatusTypeSucceeded:
			return nil
		case out.Status == types.DeletionTaskStatusTypeFailed && out.Reason != nil:
			return fmt.Errorf("delete role %s: %s: %w", s.Role, aws.ToString(out.Reason.Reason), apply.ErrInUse)
		case out.Status == types.DeletionTaskStatusTypeFailed:
			return fmt.Errorf("delete role %s: %w", s.Role, apply.ErrInUse)
		}
		return fmt.Errorf("delete role %s, task %s: %w", s.Role, aws.ToString(task), errRunning)
	})
}
