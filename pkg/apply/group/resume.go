package group

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/kind/group"
)

// Resume carries out group.Resume.
type Resume struct{}

// Suspend carries out group.Suspend.
type Suspend struct{}

// Stands implements apply.Doer. A group doesn't tell who resumed it.
func (Resume) Stands(ctx context.Context, e apply.Env, s group.Resume) (change.Result, apply.Standing, error) {
	l, err := e.Launch(ctx, s.Name)
	if err != nil {
		return change.Result{}, apply.Unknown, fmt.Errorf("read group %s: %w", s.Name, err)
	}
	launches := l.Suspended == nil
	return change.Result{Changed: launches}, apply.There.If(launches), nil
}

// Do implements apply.Doer: it resumes Launch and no other process, and only where
// nobody but Auto Scaling stopped it.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ResumeProcesses.html
func (Resume) Do(ctx context.Context, e apply.Env, s group.Resume) (change.Result, error) {
	l, err := e.Launch(ctx, s.Name)
	switch {
	case err != nil:
		return change.Result{}, fmt.Errorf("read group %s: %w", s.Name, err)
	case l.Suspended == nil:
		return change.Result{}, nil
	case !l.Suspended.Administrative(), l.Suspended.Reason != s.Reason:
		return change.Result{}, fmt.Errorf("resume group %s, of which AWS says %q by now: %w", s.Name, l.Suspended.Reason, apply.ErrSuperseded)
	}
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	_, err = once.Write(ctx, session.Groups().ResumeProcesses, &autoscaling.ResumeProcessesInput{AutoScalingGroupName: &s.Name, ScalingProcesses: []string{group.Launch}})
	if err != nil {
		return change.Result{}, fmt.Errorf("resume group %s: %w", s.Name, err)
	}
	return change.Result{Changed: true}, nil
}

// Stands implements apply.Doer.
func (Suspend) Stands(ctx context.Context, e apply.Env, s group.Suspend) (change.Result, apply.Standing, error) {
	l, err := e.Launch(ctx, s.Name)
	if err != nil {
		return change.Result{}, apply.Unknown, fmt.Errorf("read group %s: %w", s.Name, err)
	}
	return change.Result{}, apply.There.If(l.Suspended != nil), nil
}

// Do implements apply.Doer. What is stopped stays as it is, whoever stopped it.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SuspendProcesses.html
func (d Suspend) Do(ctx context.Context, e apply.Env, s group.Suspend) (change.Result, error) {
	if _, standing, err := d.Stands(ctx, e, s); err != nil || standing == apply.There {
		return change.Result{}, err
	}
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	_, err = once.Write(ctx, session.Groups().SuspendProcesses, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: &s.Name, ScalingProcesses: []string{group.Launch}})
	if err != nil {
		return change.Result{}, fmt.Errorf("suspend group %s: %w", s.Name, err)
	}
	return change.Result{Changed: true}, nil
}
