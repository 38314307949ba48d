package copier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/apply"
	"keymend/pkg/owncopy"
	"keymend/pkg/owncopy/pipeline"
	"keymend/pkg/plan"
)

// used are the templates that groups name.
func (r *Reader) used(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	err := r.eachGroup(ctx, func(g astypes.AutoScalingGroup) {
		for _, s := range specs(g) {
			if id := value(s.LaunchTemplateId); id != "" {
				ids[id] = true
			}
		}
	})
	return ids, err
}

// ErrOtherwise says that EC2 made another version than was asked for.
var ErrOtherwise = errors.New("EC2 made another version than was asked for; look at it before anything launches from it")

// NewVersion makes a template version, unless it is there. Right before, it looks
// whether the same groups follow $Latest as the step says, and whether that is
// still the version that the new one is made of.
func (w Work) NewVersion(ctx context.Context, s owncopy.NewTemplateVersion) (apply.Done, error) {
	if v, ok, err := w.Made(ctx, s); err != nil || ok {
		return w.made(s, v), err
	}
	if err := w.same(ctx, s); err != nil {
		return apply.Done{}, err
	}
	in := &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId: &s.Template, SourceVersion: new(strconv.FormatInt(s.From, 10)), VersionDescription: new(s.Description(w.Remediation)),
		ClientToken: new(hash(w.Remediation, s.Template, s.Wanted)), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{},
	}
	if s.ImageID != "" {
		in.LaunchTemplateData.ImageId = &s.ImageID
	}
	for _, text := range s.Mappings {
		var m ec2types.LaunchTemplateBlockDeviceMappingRequest
		if err := json.Unmarshal(text, &m); err != nil {
			return apply.Done{}, fmt.Errorf("read mapping of %s: %w", s.Template, err)
		}
		in.LaunchTemplateData.BlockDeviceMappings = append(in.LaunchTemplateData.BlockDeviceMappings, m)
	}
	writer, err := w.Open(ctx, "ec2:CreateLaunchTemplateVersion", s.Template)
	if err != nil {
		return apply.Done{}, err
	}
	out, err := writer.CreateLaunchTemplateVersion(ctx, in)
	if err != nil {
		return apply.Done{}, fmt.Errorf("make a version of %s: %w", s.Template, err)
	}
	done := apply.Done{Changed: true, Undo: w.UndoOfVersion(s)}
	if out.LaunchTemplateVersion != nil {
		done.Version = value(out.LaunchTemplateVersion.VersionNumber)
	}
	return done, w.asWanted(ctx, s, done.Version)
}

// UndoOfVersion is known before the version is: it is found again by its mark.
func (w Work) UndoOfVersion(s owncopy.NewTemplateVersion) apply.Undo {
	return apply.Undo{DeleteVersion: &owncopy.DeleteTemplateVersion{Scene: s.Scene, Template: s.Template, From: s.From, Remediation: w.Remediation}}
}

// made is what there is to say of a version that is there. One that another
// remediation made isn't this one's to take back.
func (w Work) made(s owncopy.NewTemplateVersion, v pipeline.Version) apply.Done {
	done := apply.Done{Version: v.Number}
	if v.Description == s.Description(w.Remediation) {
		done.Undo = w.UndoOfVersion(s)
	}
	return done
}

// Made finds the version that the step asks for.
func (r *Reader) Made(ctx context.Context, s owncopy.NewTemplateVersion) (pipeline.Version, bool, error) {
	found, err := r.later(ctx, s.Template, s.From)
	if err != nil {
		return pipeline.Version{}, false, err
	}
	for _, v := range found {
		if digest, err := owncopy.Digest(v.Data); err == nil && digest == s.Wanted {
			return v, true, nil
		}
	}
	return pipeline.Version{}, false, nil
}

func (r *Reader) asWanted(ctx context.Context, s owncopy.NewTemplateVersion, version int64) error {
	data, err := r.data(ctx, s.Template, version)
	if err != nil {
		return err
	}
	if digest, err := owncopy.Digest(data); err != nil || digest != s.Wanted {
		return fmt.Errorf("version %d of %s: %w", version, s.Template, ErrOtherwise)
	}
	return nil
}

// same: nobody began to follow, stopped following or made another version since
// the plan was made.
func (r *Reader) same(ctx context.Context, s owncopy.NewTemplateVersion) error {
	head, err := r.head(ctx, s.Template)
	if err != nil {
		return err
	}
	follow, err := r.on(ctx, head, "$Latest")
	if err != nil {
		return err
	}
	if !slices.Equal(follow, s.Follow) || len(follow) > 0 && value(head.LatestVersionNumber) != s.From {
		return fmt.Errorf("%s has another latest version, or other groups follow it: %w", s.Template, apply.ErrSuperseded)
	}
	return nil
}

func (r *Reader) on(ctx context.Context, head ec2types.LaunchTemplate, version string) ([]string, error) {
	all, err := r.followers(ctx, head)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, g := range all {
		if g.Version == version && !slices.Contains(out, g.Group) {
			out = append(out, g.Group)
		}
	}
	slices.Sort(out)
	return out, nil
}

// SetDefault moves a template's default version, if it is the one that the step
// says it was.
func (w Work) SetDefault(ctx context.Context, s owncopy.SetDefaultVersion) (apply.Done, error) {
	if s.Version == 0 {
		return apply.Done{}, fmt.Errorf("no version of %s was made to be its default: %w", s.Template, apply.ErrSuperseded)
	}
	done := apply.Done{Version: s.Version, Undo: undoOfDefault(s)}
	head, err := w.head(ctx, s.Template)
	if err != nil {
		return apply.Done{}, err
	}
	switch value(head.DefaultVersionNumber) {
	case s.Version:
		return done, nil
	case s.Before:
	default:
		return apply.Done{}, fmt.Errorf("the default version of %s is %d, not %d: %w", s.Template, value(head.DefaultVersionNumber), s.Before, apply.ErrSuperseded)
	}
	follow, err := w.on(ctx, head, "$Default")
	if err != nil {
		return apply.Done{}, err
	}
	if s.Follow != nil && !slices.Equal(follow, s.Follow) {
		return apply.Done{}, fmt.Errorf("other groups use the default version of %s: %w", s.Template, apply.ErrSuperseded)
	}
	writer, err := w.Open(ctx, "ec2:ModifyLaunchTemplate", s.Template)
	if err != nil {
		return apply.Done{}, err
	}
	_, err = writer.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{LaunchTemplateId: &s.Template, DefaultVersion: new(strconv.FormatInt(s.Version, 10))})
	if err != nil {
		return apply.Done{}, fmt.Errorf("set the default version of %s: %w", s.Template, err)
	}
	done.Changed = true
	return done, nil
}

// Stands reports whether a step's effect is there, by the mark of this
// remediation: so an earlier try is known that ended before it could say what it
// did. before is what stands of the steps before it.
func (w Work) Stands(ctx context.Context, step plan.Step, before []apply.Done) (apply.Done, bool, error) {
	switch s := step.(type) {
	case owncopy.Copying:
		return w.copied(ctx, s)
	case owncopy.NewTemplateVersion:
		v, ok, err := w.Made(ctx, s)
		return w.made(s, v), ok && v.Description == s.Description(w.Remediation), err
	case owncopy.SetDefaultVersion:
		if s.Version == 0 && len(before) > 0 {
			s.Version = before[len(before)-1].Version
		}
		head, err := w.head(ctx, s.Template)
		if err != nil || s.Version == 0 || value(head.DefaultVersionNumber) != s.Version {
			return apply.Done{}, false, err
		}
		return apply.Done{Version: s.Version, Undo: undoOfDefault(s)}, true, nil
	}
	return apply.Done{}, false, nil // nothing tells who took away what is gone
}

func (w Work) copied(ctx context.Context, s owncopy.Copying) (apply.Done, bool, error) {
	found, err := w.copies(ctx, s)
	for _, c := range found {
		if c.Remediation == w.Remediation && (c.State == pipeline.Pending || c.State == pipeline.Ready) {
			return apply.Done{CopyID: c.ID, Undo: w.UndoOfCopy(s)}, true, nil
		}
	}
	return apply.Done{}, false, err
}

func undoOfDefault(s owncopy.SetDefaultVersion) apply.Undo {
	s.Version, s.Before, s.Follow = s.Before, s.Version, nil
	return apply.Undo{SetDefault: &s}
}
