// Package group has groups launch as another service-linked role, and lets those launch
// again that Auto Scaling stopped.
package group

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/change"
	"keymend/pkg/kind/group"
)

// Update carries out group.Update.
type Update struct{}

// Stands implements apply.Doer. A group doesn't tell who gave it its role.
func (Update) Stands(ctx context.Context, e apply.Env, s group.Update) (change.Result, apply.Standing, error) {
	l, err := e.Launch(ctx, s.Name)
	if err != nil {
		return change.Result{}, apply.Unknown, fmt.Errorf("read group %s: %w", s.Name, err)
	}
	has := l.Principal.ARN == s.After
	return change.Result{Changed: has, ID: l.Principal.ARN}, apply.There.If(has), nil
}

// Do implements apply.Doer: it changes nothing else of the group. It writes only
// where the group launches as the role that the step says it had before.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
func (Update) Do(ctx context.Context, e apply.Env, s group.Update) (change.Result, error) {
	const tries = 4
	done := change.Result{ID: s.After}
	err := e.Again(ctx, tries, func(err error) bool { return errors.Is(err, refusal.ErrNotKnown) }, func() error {
		l, err := e.Launch(ctx, s.Name)
		switch {
		case err != nil:
			return fmt.Errorf("read group %s: %w", s.Name, err)
		case l.Principal.ARN == s.After:
			return nil
		case l.Principal.ARN != s.Before:
			return fmt.Errorf("update group %s, which launches as %s by now: %w", s.Name, l.Principal.ARN, apply.ErrSuperseded)
		}
		session, err := e.Open(ctx, s.Calls()[0])
		if err != nil {
			return err
		}
		_, err = once.Write(ctx, session.Groups().UpdateAutoScalingGroup, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &s.Name, ServiceLinkedRoleARN: &s.After})
		if err != nil {
			return fmt.Errorf("update group %s: %w", s.Name, notKnown(err))
		}
		done.Changed = true
		return nil
	})
	if err != nil {
		return change.Result{}, err
	}
	return done, nil
}

// notKnown marks the errors by which Auto Scaling says that it doesn't know the
// role, or not yet, with ErrNotKnown: a text under the code of every invalid
// request, and a fault of its own.
func notKnown(err error) error {
	_, early := errors.AsType[*types.ServiceLinkedRoleFailure](err)
	api, ok := errors.AsType[smithy.APIError](err)
	if early || ok && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "ARN specified for Service-Linked Role does not exist") {
		return fmt.Errorf("%w: %w", refusal.ErrNotKnown, err)
	}
	return err
}

// Preview implements apply.Previewer: a group that launches as a third role by now
// keeps that.
func (d Update) Preview(ctx context.Context, e apply.Env, s group.Update) (apply.Preview, error) {
	now, standing, err := d.Stands(ctx, e, s)
	if err != nil || standing == apply.There || now.ID != s.Before {
		return apply.Preview{}, err
	}
	return apply.Preview{Label: "BACK", Says: []string{"the group would launch as " + s.After + " again"}}, nil
}
