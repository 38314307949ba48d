// Package template makes versions of launch templates, moves their defaults, and
// deletes versions that Keymend made.
package template

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/kind/template"
	"keymend/pkg/plan/copies"
)

// errOtherwise says that EC2 made another version than was asked for.
var errOtherwise = account.NewFinal("EC2 made another version than was asked for; look at it before anything launches from it")

// New carries out template.NewVersion.
type New struct{}

// Stands implements apply.Doer: a version's description names the remediation that
// made it.
func (New) Stands(ctx context.Context, e apply.Env, s template.NewVersion) (change.Result, apply.Standing, error) {
	later, err := e.Storage().Later(ctx, s.Template, s.From)
	if err != nil {
		return change.Result{}, apply.Unknown, err
	}
	v, ok := copies.Made(later, s.From, s.Wanted)
	if !ok {
		return change.Result{}, apply.Absent, nil
	}
	if v.Description != template.Description(s.From, e.By.Remediation) {
		return change.Result{ID: number(v.Number)}, apply.There, nil
	}
	return change.Result{Changed: true, ID: number(v.Number)}, apply.Ours, nil
}

func number(version int64) string { return strconv.FormatInt(version, 10) }

// Do implements apply.Doer. A version that another remediation made isn't this
// one's. Right before it makes one, it looks whether the same groups follow $Latest
// as the step says, and whether that is still the version that the new one is made
// of.
func (d New) Do(ctx context.Context, e apply.Env, s template.NewVersion) (change.Result, error) {
	if done, standing, err := d.Stands(ctx, e, s); err != nil || standing != apply.Absent {
		return done, err
	}
	if err := same(ctx, e, s); err != nil {
		return change.Result{}, err
	}
	in, err := input(e, s)
	if err != nil {
		return change.Result{}, err
	}
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	out, err := once.Write(ctx, session.EC2().CreateLaunchTemplateVersion, in)
	if err != nil {
		return change.Result{}, fmt.Errorf("make a version of %s: %w", s.Template, err)
	}
	done := change.Result{Changed: true}
	if v := out.LaunchTemplateVersion; v != nil && v.VersionNumber != nil {
		done.ID = number(*v.VersionNumber)
	}
	return done, asWanted(ctx, e, s, done.ID)
}

func input(e apply.Env, s template.NewVersion) (*ec2.CreateLaunchTemplateVersionInput, error) {
	in := &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId: &s.Template, SourceVersion: new(number(s.From)), VersionDescription: new(template.Description(s.From, e.By.Remediation)),
		ClientToken: new(e.By.Token(s.Template, s.Wanted, e.By.Occasion)), LaunchTemplateData: &types.RequestLaunchTemplateData{},
	}
	if s.ImageID != "" {
		in.LaunchTemplateData.ImageId = &s.ImageID
	}
	for _, text := range s.Mappings {
		var m types.LaunchTemplateBlockDeviceMappingRequest
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("read mapping of %s: %w", s.Template, err)
		}
		in.LaunchTemplateData.BlockDeviceMappings = append(in.LaunchTemplateData.BlockDeviceMappings, m)
	}
	return in, nil
}

func asWanted(ctx context.Context, e apply.Env, s template.NewVersion, version string) error {
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return fmt.Errorf("version %q of %s: %w", version, s.Template, errOtherwise)
	}
	data, err := e.Storage().Data(ctx, s.Template, n)
	if err != nil {
		return err
	}
	if digest, err := template.Digest(data); err != nil || digest != s.Wanted {
		return fmt.Errorf("version %s of %s: %w", version, s.Template, errOtherwise)
	}
	return nil
}

// same: nobody began to follow, stopped following or made another version since
// the plan was made.
func same(ctx context.Context, e apply.Env, s template.NewVersion) error {
	head, err := e.Storage().Head(ctx, s.Template)
	if err != nil {
		return err
	}
	follow, err := e.Storage().On(ctx, head, "$Latest")
	if err != nil {
		return err
	}
	if !slices.Equal(follow, s.Follow) || len(follow) > 0 && head.Latest != s.From {
		return fmt.Errorf("%s has another latest version, or other groups follow it: %w", s.Template, apply.ErrSuperseded)
	}
	return nil
}

// Proof implements apply.Prover: the group launches without the key, as far as it
// launches from the template.
func (New) Proof(ctx context.Context, e apply.Env, s template.NewVersion, _ change.Result) (string, bool, error) {
	return without(ctx, e, s.Scene)
}

// without reads the launch, and reports whether the template's version does without
// the key.
func without(ctx context.Context, e apply.Env, s template.Scene) (string, bool, error) {
	now, err := e.Launch(ctx, e.Group)
	if err != nil {
		return "", false, fmt.Errorf("verify %s: %w", s.Template, err)
	}
	var seen []string
	good := true
	for _, w := range now.Ways {
		if w.TemplateID != s.Template {
			continue
		}
		seen = append(seen, w.Name)
		for _, u := range w.Uses {
			good = good && u.KeyID != s.Key && e.Means(u.KeyID) != s.Key
		}
	}
	slices.Sort(seen)
	return fmt.Sprint(seen), good, nil
}
