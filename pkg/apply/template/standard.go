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
	"keymend/pkg/observe"
)

// Default carries out template.SetDefault.
type Default struct{}

// Stands implements apply.Doer. A template doesn't tell who moved its default.
func (Default) Stands(ctx context.Context, e apply.Env, s template.SetDefault) (change.Result, apply.Standing, error) {
	head, err := e.Storage().Head(ctx, s.Template)
	if err != nil {
		return change.Result{}, apply.Unknown, err
	}
	version := versionOf(e, s)
	is := version != 0 && head.Default == version
	return change.Result{Changed: is, ID: number(head.Default)}, apply.There.If(is), nil
}

// versionOf returns the version that is to be the default: the one that the step before
// made, where it wasn't known when the step was planned; 0 where none was made.
func versionOf(e apply.Env, s template.SetDefault) int64 {
	if s.Version != 0 || len(e.Before) == 0 {
		return s.Version
	}
	made, _ := strconv.ParseInt(e.Before[len(e.Before)-1].ID, 10, 64) // 0: none was made
	return made
}

// replaces reports whether a template's default is the one that the step replaces: by its
// number, or as one that is described as Made.
func replaces(ctx context.Context, e apply.Env, s template.SetDefault, head observe.Head) (bool, error) {
	if s.Before != 0 || s.Made == "" {
		return head.Default == s.Before, nil
	}
	versions, err := described(ctx, e, s.Template, s.From, s.Made)
	return slices.Contains(versions, head.Default), err
}

// Do implements apply.Doer: it moves the default version, if that is the one that the
// step says it was, and the same groups use it.
func (Default) Do(ctx context.Context, e apply.Env, s template.SetDefault) (change.Result, error) {
	version := versionOf(e, s)
	if version == 0 {
		return change.Result{}, fmt.Errorf("no version of %s was made to be its default: %w", s.Template, apply.ErrSuperseded)
	}
	done := change.Result{ID: number(version)}
	head, err := e.Storage().Head(ctx, s.Template)
	if err != nil {
		return change.Result{}, err
	}
	if head.Default == version {
		return done, nil
	}
	switch was, err := replaces(ctx, e, s, head); {
	case err != nil:
		return change.Result{}, err
	case !was:
		return change.Result{}, fmt.Errorf("the default version of %s is %d, which isn't the one to replace: %w", s.Template, head.Default, apply.ErrSuperseded)
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
	head, err := e.Storage().Head(ctx, s.Template)
	if err != nil {
		return apply.Preview{}, err
	}
	if was, err := replaces(ctx, e, s, head); err != nil || !was {
		return apply.Preview{}, err
	}
	return apply.Preview{Label: "COPY", Says: []string{fmt.Sprintf("the default version of %s would be %d again", s.Template, s.Version)}}, nil
}
