// Package role makes service-linked roles of Auto Scaling and has groups launch as
// them, and takes both back. Every function does nothing where what it would do
// is done already.
package role

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/plan"
)

// ErrNotKnown says that KMS or Auto Scaling doesn't know a role that a change
// names. Of one that was just made that may pass, of any other it doesn't: the
// caller knows how old the role is.
// https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
var ErrNotKnown = errors.New("a principal isn't known there")

// ErrChanged says that the group launches as another role than the step was made
// for. Nothing was written.
var ErrChanged = errors.New("the group's role has changed since the plan was made")

// Maker makes service-linked roles, and deletes them.
type Maker interface {
	CreateServiceLinkedRole(context.Context, *iam.CreateServiceLinkedRoleInput, ...func(*iam.Options)) (*iam.CreateServiceLinkedRoleOutput, error)
	DeleteServiceLinkedRole(context.Context, *iam.DeleteServiceLinkedRoleInput, ...func(*iam.Options)) (*iam.DeleteServiceLinkedRoleOutput, error)
	GetServiceLinkedRoleDeletionStatus(context.Context, *iam.GetServiceLinkedRoleDeletionStatusInput, ...func(*iam.Options)) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error)
}

// Groups changes Auto Scaling groups.
type Groups interface {
	UpdateAutoScalingGroup(context.Context, *autoscaling.UpdateAutoScalingGroupInput, ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error)
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
}

var (
	_ Maker  = (*iam.Client)(nil)
	_ Groups = (*autoscaling.Client)(nil)
)

const autoScaling = "autoscaling.amazonaws.com"

// Ensure makes the role, and reports whether it did: one that is there already is
// as it shall be.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
func Ensure(ctx context.Context, w Maker, s plan.EnsureServiceLinkedRole) (bool, error) {
	_, err := w.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String(autoScaling), CustomSuffix: &s.Suffix,
		Description: aws.String("Made by Keymend for groups whose keys aren't open to the default service-linked role"),
	})
	// The one text there is for it; the code stands for more.
	if taken, ok := errors.AsType[*iamtypes.InvalidInputException](err); ok && strings.Contains(taken.ErrorMessage(), "has been taken in this account") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("create service-linked role %s: %w", s.Role, err)
	}
	return true, nil
}

// Update has the group launch as another role, changes nothing else of it, and
// reports whether it wrote. now reads as which role the group launches: where that
// isn't what the step says it was before, the error is ErrChanged; where it is what
// it shall be, there is nothing to do.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
func Update(ctx context.Context, now func(context.Context) (string, error), w Groups, sleep func(context.Context, time.Duration) error, s plan.UpdateGroup) (bool, error) {
	const tries, pause = 4, 3 * time.Second
	for i := 1; ; i++ {
		changed, err := update(ctx, now, w, s)
		if err == nil || i == tries || !errors.Is(err, ErrNotKnown) {
			return changed, err
		}
		if err := sleep(ctx, pause); err != nil {
			return false, err
		}
	}
}

func update(ctx context.Context, now func(context.Context) (string, error), w Groups, s plan.UpdateGroup) (bool, error) {
	role, err := now(ctx)
	switch {
	case err != nil:
		return false, fmt.Errorf("read group %s: %w", s.Name, err)
	case role == s.After:
		return false, nil
	case role != s.Before:
		return false, fmt.Errorf("update group %s, which launches as %s by now: %w", s.Name, role, ErrChanged)
	}
	_, err = w.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &s.Name, ServiceLinkedRoleARN: &s.After})
	if err != nil {
		return false, fmt.Errorf("update group %s: %w", s.Name, unknown(err))
	}
	return true, nil
}

// unknown marks the errors by which Auto Scaling says that it doesn't know
// the role, or not yet, with ErrNotKnown: a text under the code of every invalid
// request, and a fault of its own.
func unknown(err error) error {
	_, early := errors.AsType[*astypes.ServiceLinkedRoleFailure](err)
	api, ok := errors.AsType[smithy.APIError](err)
	if early || ok && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "ARN specified for Service-Linked Role does not exist") {
		return fmt.Errorf("%w: %w", ErrNotKnown, err)
	}
	return err
}
