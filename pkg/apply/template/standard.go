package template

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/kind/template"
)

// Default carries out template.SetDefault.
type Default struct{}

// Stands implements apply.Doer. A template doesn't tell who moved its default.
func (Default) Stands(ctx context.Context, e apply.Env, s template.SetDefault) (change.Result, apply.Standing, error) {
	s, err := resolved(ctx, e, s)
	if err != nil {
		return change.Result{}, apply.Unknown, err
	}
	head, err := e.Storage().Head(ctx, s.Template)
	switch {
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case s.Version == 0 || head.Default != s.Version:
		return change.Result{ID: number(head.Default)}, apply.Absent, nil
	}
	return change.Result{Changed: true, ID: number(s.Version)}, apply.There, nil
}

// resolved fills in the versions that weren't known when the step was planned: the
// one that the step before made, and the one that is described as Made.
func resolved(ctx context.Context, e apply.Env, s template.SetDefault) (template.SetDefault, error) {
	if s.Version == 0 && len(e.Before) > 0 {
		s.Version, _ = strconv.ParseInt(e.Before[len(e.Before)-1].ID, 10, 64) // 0: none was made
	}
	if s.Before != 0 || s.Made == "" {
		return s, nil
	}
	found, err := e.Storage().Later(ctx, s.Template, s.From)
	for _, v := range found {
		if v.Description == s.Made {
			s.Before = v.Number
		}
	}
	return s, err
}

// Do implements apply.Doer: it moves the default version, if that is the one that the
// step says it was, and the same groups use it.
func (Default) Do(ctx context.Context, e apply.Env, s template.SetDefault) (change.Result, error) {
	s, err := resolved(ctx, e, s)
	if err != nil {
		return change.Result{}, err
	}
	if s.Version == 0 {
		return change.Result{}, fmt.Errorf("no version of %s was made to be its default: %w", s.Template, apply.ErrSuperseded)
	}
	done := change.Result{ID: number(s.Version)}
	head, err := e.Storage().Head(ctx, s.Template)
	switch {
	case err != nil:
		return change.Result{}, err
	case head.Default == s.Version:
		return done, nil
	case head.Default != s.Before:
		return change.Result{}, fmt.Errorf("the default version of %s is %d, not %d: %w", s.Template, head.Default, s.Before, apply.ErrSuperseded)
	}
	follow, err := e.Storage().On(ctx, head, "$Default")
	if err != nil {
		return change.Result{}, err
	}
	if s.Follow != nil && !slices.Equal(follow, s.Follow) {
		return change.Result{}, fmt.Errorf("other groups use the default version of %s: %w", s.Template, apply.ErrSuperseded)
	}
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	_, err = once.Write(ctx, session.EC2().ModifyLaunchTemplate, &ec2.ModifyLaunchTemplateInput{LaunchTemplateId: &s.Template, DefaultVersion: &done.ID})
	if err != nil {
		return change.Result{}, fmt.Errorf("set the default version of %s: %w", s.Template, err)
	}
	done.Changed = true
	return done, nil
}

// Proof implements apply.Prover.
func (Default) Proof(ctx context.Context, e apply.Env, s template.SetDefault, _ change.Result) (string, bool, error) {
	return without(ctx, e, s.Scene)
}

// Preview implements apply.Previewer: a default that somebody moved since stays.
func (Default) Preview(ctx context.Context, e apply.Env, s template.SetDefault) (apply.Preview, error) {
	s, err := resolved(ctx, e, s)
	if err != nil {
		return apply.Preview{}, err
	}
	head, err := e.Storage().Head(ctx, s.Template)
	if err != nil || head.Default != s.Before {
		return apply.Preview{}, err
	}
	return apply.Preview{Label: "COPY", Says: []string{fmt.Sprintf("the default version of %s would be %d again", s.Template, s.Version)}}, nil
}
