package applytest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// DescribeLaunchTemplates implements observe.Images.
func (d describer) DescribeLaunchTemplates(_ context.Context, in *ec2.DescribeLaunchTemplatesInput, _ ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error) {
	out := &ec2.DescribeLaunchTemplatesOutput{}
	return out, d.w.call(Call{Action: "ec2:DescribeLaunchTemplates", Target: in.LaunchTemplateIds[0]}, func() error {
		t, err := d.w.template(in.LaunchTemplateIds[0])
		if err != nil {
			return err
		}
		head := *t
		head.LatestVersionNumber = new(d.w.latest(*t.LaunchTemplateId))
		out.LaunchTemplates = []types.LaunchTemplate{head}
		return nil
	})
}

func (w *World) template(id string) (*types.LaunchTemplate, error) {
	for i := range w.Templates {
		if *w.Templates[i].LaunchTemplateId == id {
			return &w.Templates[i], nil
		}
	}
	return nil, refusal("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID %s, does not exist.", id)
}

func (w *World) latest(template string) int64 {
	var out int64
	for _, v := range w.Versions {
		if *v.LaunchTemplateId == template {
			out = max(out, *v.VersionNumber)
		}
	}
	return out
}

// version finds a template's version, by its number, $Latest or $Default.
func (w *World) version(template, asked string) (types.LaunchTemplateVersion, bool) {
	t, err := w.template(template)
	if err != nil {
		return types.LaunchTemplateVersion{}, false
	}
	switch asked {
	case "$Latest":
		asked = strconv.FormatInt(w.latest(template), 10)
	case "$Default":
		asked = strconv.FormatInt(*t.DefaultVersionNumber, 10)
	}
	at := slices.IndexFunc(w.Versions, func(v types.LaunchTemplateVersion) bool {
		return *v.LaunchTemplateId == template && strconv.FormatInt(*v.VersionNumber, 10) == asked
	})
	if at < 0 {
		return types.LaunchTemplateVersion{}, false
	}
	return w.Versions[at], true
}

// DescribeLaunchTemplateVersions implements observe.Images.
func (d describer) DescribeLaunchTemplateVersions(_ context.Context, in *ec2.DescribeLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	out := &ec2.DescribeLaunchTemplateVersionsOutput{}
	return out, d.w.call(Call{Action: "ec2:DescribeLaunchTemplateVersions", Target: aws.ToString(in.LaunchTemplateId), Input: in}, func() error {
		if in.LaunchTemplateId != nil {
			if _, err := d.w.template(*in.LaunchTemplateId); err != nil {
				return err
			}
			for _, asked := range in.Versions {
				if _, ok := d.w.version(*in.LaunchTemplateId, asked); !ok {
					return refusal("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version %s", asked)
				}
			}
		}
		least, _ := strconv.ParseInt(aws.ToString(in.MinVersion), 10, 64) // none: all
		for _, v := range d.w.Versions {
			asked := len(in.Versions) == 0 || slices.ContainsFunc(in.Versions, func(asked string) bool {
				found, ok := d.w.version(*v.LaunchTemplateId, asked)
				return ok && *found.VersionNumber == *v.VersionNumber
			})
			if asked && *v.VersionNumber >= least && (in.LaunchTemplateId == nil || *in.LaunchTemplateId == *v.LaunchTemplateId) {
				out.LaunchTemplateVersions = append(out.LaunchTemplateVersions, v)
			}
		}
		return nil
	})
}

func (w *World) templateLines() []string {
	var out []string
	for _, t := range w.Templates {
		out = append(out, fmt.Sprintf("template %s by default version %d", *t.LaunchTemplateId, *t.DefaultVersionNumber))
	}
	for _, v := range w.Versions {
		text, err := json.Marshal(v.LaunchTemplateData)
		says := sha256.Sum256(text)
		out = append(out, fmt.Sprintf("version of %s, %q, of %s; it says %x, %v", *v.LaunchTemplateId, aws.ToString(v.VersionDescription), aws.ToString(v.LaunchTemplateData.ImageId), says[:4], err))
	}
	return out
}

// CreateLaunchTemplateVersion implements apply.EC2: a version by a token is made
// once. Snapshots of the source version's mappings are left out, and a list of
// mappings stands for the whole one.
func (e ec2API) CreateLaunchTemplateVersion(_ context.Context, in *ec2.CreateLaunchTemplateVersionInput, _ ...func(*ec2.Options)) (*ec2.CreateLaunchTemplateVersionOutput, error) {
	out := &ec2.CreateLaunchTemplateVersionOutput{}
	return out, e.write("ec2:CreateLaunchTemplateVersion", *in.LaunchTemplateId, in, func() error {
		number := e.w.tokens[*in.ClientToken]
		if number == "" {
			source, ok := e.w.version(*in.LaunchTemplateId, *in.SourceVersion)
			if !ok {
				return refusal("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version %s", *in.SourceVersion)
			}
			data, err := merged(source.LaunchTemplateData, in.LaunchTemplateData)
			if err != nil {
				return err
			}
			number = e.w.Version(*in.LaunchTemplateId, *in.VersionDescription, data)
			e.w.tokens[*in.ClientToken] = number
		}
		n, err := strconv.ParseInt(number, 10, 64)
		out.LaunchTemplateVersion = &types.LaunchTemplateVersion{LaunchTemplateId: in.LaunchTemplateId, VersionNumber: &n}
		return err
	})
}

func merged(from *types.ResponseLaunchTemplateData, by *types.RequestLaunchTemplateData) (*types.ResponseLaunchTemplateData, error) {
	out := *from
	if by.ImageId != nil {
		out.ImageId = by.ImageId
	}
	out.BlockDeviceMappings = nil
	for _, m := range from.BlockDeviceMappings {
		if m.Ebs != nil {
			m.Ebs = new(*m.Ebs)
			m.Ebs.SnapshotId = nil
		}
		out.BlockDeviceMappings = append(out.BlockDeviceMappings, m)
	}
	if len(by.BlockDeviceMappings) == 0 {
		return &out, nil
	}
	text, err := json.Marshal(by.BlockDeviceMappings)
	if err != nil {
		return nil, err
	}
	out.BlockDeviceMappings = nil
	return &out, json.Unmarshal(text, &out.BlockDeviceMappings)
}

// Version makes a version of a template, and returns its number. EC2 gives none
// twice.
func (w *World) Version(template, description string, data *types.ResponseLaunchTemplateData) string {
	w.made++
	n := max(w.latest(template), int64(w.made)) + 1
	w.Versions = append(w.Versions, types.LaunchTemplateVersion{LaunchTemplateId: &template, VersionNumber: &n, VersionDescription: &description, LaunchTemplateData: data})
	return strconv.FormatInt(n, 10)
}

// ModifyLaunchTemplate implements apply.EC2.
func (e ec2API) ModifyLaunchTemplate(_ context.Context, in *ec2.ModifyLaunchTemplateInput, _ ...func(*ec2.Options)) (*ec2.ModifyLaunchTemplateOutput, error) {
	return &ec2.ModifyLaunchTemplateOutput{}, e.write("ec2:ModifyLaunchTemplate", *in.LaunchTemplateId, in, func() error {
		t, err := e.w.template(*in.LaunchTemplateId)
		if err != nil {
			return err
		}
		v, ok := e.w.version(*in.LaunchTemplateId, *in.DefaultVersion)
		if !ok {
			return refusal("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version %s", *in.DefaultVersion)
		}
		t.DefaultVersionNumber = v.VersionNumber
		return nil
	})
}

// DeleteLaunchTemplateVersions implements apply.EC2: what it refuses is in the
// answer.
func (e ec2API) DeleteLaunchTemplateVersions(_ context.Context, in *ec2.DeleteLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DeleteLaunchTemplateVersionsOutput, error) {
	out := &ec2.DeleteLaunchTemplateVersionsOutput{}
	return out, e.write("ec2:DeleteLaunchTemplateVersions", *in.LaunchTemplateId, in, func() error {
		t, err := e.w.template(*in.LaunchTemplateId)
		if err != nil {
			return err
		}
		v, ok := e.w.version(*in.LaunchTemplateId, in.Versions[0])
		code := types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist
		if ok && *v.VersionNumber == *t.DefaultVersionNumber {
			code = types.LaunchTemplateErrorCodeUnexpectedError
		} else if ok {
			e.w.Versions = slices.DeleteFunc(e.w.Versions, func(o types.LaunchTemplateVersion) bool {
				return *o.LaunchTemplateId == *in.LaunchTemplateId && *o.VersionNumber == *v.VersionNumber
			})
			return nil
		}
		out.UnsuccessfullyDeletedLaunchTemplateVersions = []types.DeleteLaunchTemplateVersionsResponseErrorItem{{ResponseError: &types.ResponseError{Code: code, Message: new("no")}}}
		return nil
	})
}
