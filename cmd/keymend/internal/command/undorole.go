package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/apply"
)

// previewRole says what would become of a role or group, or of a grant that was
// retired; "" = nothing is left to take back.
func (s session) previewRole(ctx context.Context, u apply.Undo) (string, error) {
	switch {
	case u.CreateGrant != nil:
		return s.previewGrant(ctx, u.CreateGrant.Key, u.CreateGrant.Principal, u.CreateGrant.Name)
	case u.RestoreRole != nil:
		return s.previewGroup(ctx, u)
	case u.DeleteRole == nil:
		return "", nil
	}
	name := u.DeleteRole.Role[strings.LastIndexByte(u.DeleteRole.Role, '/')+1:]
	_, err := iam.NewFromConfig(s.aws).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if _, gone := errors.AsType[*iamtypes.NoSuchEntityException](err); gone {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("get role %s: %w", name, err)
	}
	return name + " would be deleted, if no group launches as it", nil
}

func (s session) previewGroup(ctx context.Context, u apply.Undo) (string, error) {
	out, err := autoscaling.NewFromConfig(s.aws).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{u.RestoreRole.Name},
	})
	if err != nil {
		return "", fmt.Errorf("describe group %s: %w", u.RestoreRole.Name, err)
	}
	for _, g := range out.AutoScalingGroups {
		if aws.ToString(g.ServiceLinkedRoleARN) == u.RestoreRole.Ours {
			return "the group would launch as " + u.RestoreRole.Role + " again", nil
		}
	}
	return "", nil
}

func (s session) previewGrant(ctx context.Context, key, grantee, name string) (string, error) {
	pages := kms.NewListGrantsPaginator(s.keys(), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: &grantee})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("list grants of %s: %w", key, err)
		}
		for _, g := range page.Grants {
			if aws.ToString(g.Name) == name {
				return "", nil
			}
		}
	}
	return "grant " + name + " would be made again", nil
}
