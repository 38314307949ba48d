package applytest

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/access"
	"keymend/pkg/slr"
)

// Role implements apply.Keys.
func (w *World) Role(_ context.Context, arn string) (access.Principal, error) {
	out := access.Principal{ARN: arn}
	err := w.call(Call{Action: "iam:GetRole", Target: arn}, func() error {
		if p, ok := w.Roles[arn]; ok {
			out = p
		}
		return nil
	})
	return out, err
}

// MakeRole makes a service-linked role of Auto Scaling with a suffix.
func (w *World) MakeRole(suffix string) {
	arn := slr.ARN("aws", Account, suffix)
	w.Roles[arn] = access.Principal{ARN: arn, ID: w.id("AROA"), Created: w.Now}
}

// roles is IAM, as far as it changes something.
type roles struct{ session }

// CreateServiceLinkedRole implements apply.IAM.
func (r roles) CreateServiceLinkedRole(_ context.Context, in *iam.CreateServiceLinkedRoleInput, _ ...func(*iam.Options)) (*iam.CreateServiceLinkedRoleOutput, error) {
	arn := slr.ARN("aws", Account, *in.CustomSuffix)
	return &iam.CreateServiceLinkedRoleOutput{}, r.write("iam:CreateServiceLinkedRole", arn, in, func() error {
		if _, there := r.w.Roles[arn]; there {
			return &types.InvalidInputException{Message: new("Service role name " + name(arn) + " has been taken in this account, please try a different suffix.")}
		}
		r.w.MakeRole(*in.CustomSuffix)
		return nil
	})
}

func name(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// DeleteServiceLinkedRole implements apply.IAM. The role is gone when the task
// begins.
func (r roles) DeleteServiceLinkedRole(_ context.Context, in *iam.DeleteServiceLinkedRoleInput, _ ...func(*iam.Options)) (*iam.DeleteServiceLinkedRoleOutput, error) {
	arn := strings.TrimSuffix(Role, name(Role)) + *in.RoleName
	return &iam.DeleteServiceLinkedRoleOutput{DeletionTaskId: new("task/1")}, r.write("iam:DeleteServiceLinkedRole", arn, in, func() error {
		if _, there := r.w.Roles[arn]; !there {
			return &types.NoSuchEntityException{Message: new("The role with name " + *in.RoleName + " cannot be found.")}
		}
		delete(r.w.Roles, arn)
		return nil
	})
}

// GetServiceLinkedRoleDeletionStatus implements apply.IAM.
func (r roles) GetServiceLinkedRoleDeletionStatus(_ context.Context, in *iam.GetServiceLinkedRoleDeletionStatusInput, _ ...func(*iam.Options)) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeSucceeded},
		r.w.call(Call{Action: "iam:GetServiceLinkedRoleDeletionStatus", Target: *in.DeletionTaskId}, func() error { return nil })
}
