// Package role makes service-linked roles of Auto Scaling, and deletes them.
package role

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/kind/role"
	"keymend/pkg/slr"
)

// Ensure carries out role.Ensure.
type Ensure struct{}

// Stands implements apply.Doer. One that was made before the message was sent, by
// IAM's clock, which shows seconds, isn't this remediation's.
func (Ensure) Stands(ctx context.Context, e apply.Env, s role.Ensure) (change.Result, apply.Standing, error) {
	found, err := e.Role(ctx, s.Role)
	switch {
	case account.AccessDenied(err):
		// Of a role that isn't there IAM knows no path, and a permission for roles
		// under a path doesn't reach it.
		return change.Result{}, apply.Unknown, nil
	case err != nil:
		return change.Result{}, apply.Unknown, fmt.Errorf("read role %s: %w", s.Role, err)
	case found.ID == "":
		return change.Result{}, apply.Absent, nil
	}
	since := !e.By.Sent.IsZero() && !found.Created.Before(e.By.Sent.Truncate(time.Second))
	return change.Result{Changed: since, ID: found.ID}, apply.There, nil
}

// Do implements apply.Doer: a role that is there already is as it shall be.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
func (Ensure) Do(ctx context.Context, e apply.Env, s role.Ensure) (change.Result, error) {
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	_, err = once.Write(ctx, session.IAM().CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String(slr.AutoScaling), CustomSuffix: &s.Suffix,
		Description: aws.String("Made by Keymend for groups whose keys aren't open to the default service-linked role"),
	})
	// The one text there is for it; the code stands for more.
	if taken, ok := errors.AsType[*types.InvalidInputException](err); ok && strings.Contains(taken.ErrorMessage(), "has been taken in this account") {
		return change.Result{}, nil
	}
	if err != nil {
		return change.Result{}, fmt.Errorf("create service-linked role %s: %w", s.Role, err)
	}
	return change.Result{Changed: true}, nil
}
