package keystate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/access"
	"keymend/pkg/arn"
)

// Role returns the role with its unique id, by which grants are bound to it. A
// role that doesn't exist, or that is another's under the same name, has none.
//
// Errors: the SDK's, wrapped.
func (r *Reader) Role(ctx context.Context, roleARN string) (access.Principal, error) {
	return r.found.get(roleARN, func() (access.Principal, error) { return r.role(ctx, roleARN) })
}

func (r *Reader) role(ctx context.Context, roleARN string) (access.Principal, error) {
	p := access.Principal{ARN: roleARN}
	if arn.Account(roleARN) != r.account {
		return p, nil // IAM shows an account its own roles only
	}
	name := roleARN[strings.LastIndexByte(roleARN, '/')+1:]
	out, err := r.roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if _, missing := errors.AsType[*types.NoSuchEntityException](err); missing {
		return p, nil
	}
	if err != nil {
		return access.Principal{}, fmt.Errorf("get role %s: %w", roleARN, err)
	}
	// Names are unique in an account whatever their path, and the path is what
	// makes a role service-linked.
	if out.Role != nil && aws.ToString(out.Role.Arn) == roleARN {
		p.ID, p.Created = aws.ToString(out.Role.RoleId), aws.ToTime(out.Role.CreateDate)
	}
	return p, nil
}
