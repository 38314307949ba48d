package ec2

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// A version of a launch template. Nothing of it changes once it is made.
type version struct {
	number      int64
	by          string
	at          time.Time
	description *string
	data        types.RequestLaunchTemplateData
}

// append adds a version to the template.
func (t *template) append(by string, description *string, data types.RequestLaunchTemplateData, at time.Time) *version {
	t.made++ // a deleted version's number isn't given again
	v := &version{number: t.made, by: by, at: at, description: description, data: data}
	t.versions = append(t.versions, v)
	t.head.LatestVersionNumber = &v.number
	return v
}

// version finds a version by number, $Latest or $Default; "" is $Default.
func (t *template) version(name string) (*version, error) {
	number := *t.head.DefaultVersionNumber
	switch name {
	case "", "$Default":
	case "$Latest":
		number = *t.head.LatestVersionNumber
	default:
		n, err := strconv.ParseInt(name, 10, 64)
		if err != nil {
			return nil, wire.Errorf("InvalidLaunchTemplateId.VersionNotFound", "Invalid launch template version: either '$Default', '$Latest', or a numeric version are allowed.")
		}
		number = n
	}
	for _, v := range t.versions {
		if v.number == number {
			return v, nil
		}
	}
	return nil, wire.Errorf("InvalidLaunchTemplateId.VersionNotFound", "Could not find the specified version %s for the launch template with ID %s.", name, *t.head.LaunchTemplateId)
}

// DeleteLaunchTemplateVersions deletes versions, each by itself: the default
// version stays, "you must first assign a different version as the default".
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
func (s *Service) DeleteLaunchTemplateVersions(ctx context.Context, in *ec2.DeleteLaunchTemplateVersionsInput) (*ec2.DeleteLaunchTemplateVersionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.store(placeOf(wire.CallerOf(ctx))).template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	out := &ec2.DeleteLaunchTemplateVersionsOutput{}
	for _, name := range in.Versions {
		v, refusal := t.deletable(name)
		if refusal != nil {
			out.UnsuccessfullyDeletedLaunchTemplateVersions = append(out.UnsuccessfullyDeletedLaunchTemplateVersions, types.DeleteLaunchTemplateVersionsResponseErrorItem{
				LaunchTemplateId: t.head.LaunchTemplateId, LaunchTemplateName: t.head.LaunchTemplateName, VersionNumber: v, ResponseError: refusal,
			})
			continue
		}
		t.versions = slices.DeleteFunc(t.versions, func(old *version) bool { return old.number == *v })
		t.head.LatestVersionNumber = &t.versions[len(t.versions)-1].number
		out.SuccessfullyDeletedLaunchTemplateVersions = append(out.SuccessfullyDeletedLaunchTemplateVersions, types.DeleteLaunchTemplateVersionsResponseSuccessItem{
			LaunchTemplateId: t.head.LaunchTemplateId, LaunchTemplateName: t.head.LaunchTemplateName, VersionNumber: v,
		})
	}
	return out, nil
}

// deletable returns the number of the version that a name chooses, and why it
// can't be deleted.
func (t *template) deletable(name string) (*int64, *types.ResponseError) {
	v, err := t.version(name)
	switch {
	case err != nil:
		n, _ := strconv.ParseInt(name, 10, 64)
		return &n, &types.ResponseError{Code: types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist, Message: new(wire.AsError(err).Message)}
	case v.number == *t.head.DefaultVersionNumber:
		return &v.number, &types.ResponseError{Code: types.LaunchTemplateErrorCodeUnexpectedError, Message: new("Cannot delete the default version of a launch template.")}
	}
	return &v.number, nil
}

// CreateLaunchTemplateVersion adds a version. With a SourceVersion it inherits
// that version's parameters, each whole: a list that is given replaces the list.
// Snapshots in inherited mappings are left out (API reference, SourceVersion).
func (s *Service) CreateLaunchTemplateVersion(ctx context.Context, in *ec2.CreateLaunchTemplateVersionInput) (*ec2.CreateLaunchTemplateVersionOutput, error) {
	c := wire.CallerOf(ctx)
	if in.LaunchTemplateData == nil {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter LaunchTemplateData")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.store(placeOf(c)).template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	data := *in.LaunchTemplateData
	if in.SourceVersion != nil {
		source, err := t.version(*in.SourceVersion)
		if err != nil {
			return nil, err
		}
		data = inherited(source.data)
		overlay(&data, *in.LaunchTemplateData)
	}
	v := t.append(c.ARN, in.VersionDescription, data, s.clock.Now())
	return &ec2.CreateLaunchTemplateVersionOutput{LaunchTemplateVersion: new(t.answer(v))}, nil
}

// inherited copies a version's data without its mapped snapshots.
func inherited(data types.RequestLaunchTemplateData) types.RequestLaunchTemplateData {
	data.BlockDeviceMappings = slices.Clone(data.BlockDeviceMappings)
	for i, m := range data.BlockDeviceMappings {
		if m.Ebs != nil {
			ebs := *m.Ebs
			ebs.SnapshotId = nil
			data.BlockDeviceMappings[i].Ebs = &ebs
		}
	}
	return data
}

// answer is a version as Describe calls show it.
func (t *template) answer(v *version) types.LaunchTemplateVersion {
	return types.LaunchTemplateVersion{
		LaunchTemplateId: t.head.LaunchTemplateId, LaunchTemplateName: t.head.LaunchTemplateName, VersionNumber: &v.number,
		VersionDescription: v.description, CreatedBy: &v.by, CreateTime: &v.at, DefaultVersion: new(*t.head.DefaultVersionNumber == v.number),
		LaunchTemplateData: new(convert[types.ResponseLaunchTemplateData](v.data)),
	}
}

// DescribeLaunchTemplateVersions lists versions, newest first. Without a
// template it takes $Latest and $Default only, and answers for all templates.
func (s *Service) DescribeLaunchTemplateVersions(ctx context.Context, in *ec2.DescribeLaunchTemplateVersionsInput) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	if in.MaxVersion != nil {
		return nil, wire.Errorf("NotInTheSandbox", "MaxVersion is not in the sandbox")
	}
	p := placeOf(wire.CallerOf(ctx))
	page, next, err := s.versions(p, in)
	if err != nil {
		return nil, err
	}
	if aws.ToBool(in.ResolveAlias) {
		for i := range page {
			image, err := s.aliased(p, aws.ToString(page[i].LaunchTemplateData.ImageId))
			if err != nil {
				return nil, err
			}
			if image != "" {
				page[i].LaunchTemplateData.ImageId = &image
			}
		}
	}
	return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: page, NextToken: next}, nil
}

func (s *Service) versions(p place, in *ec2.DescribeLaunchTemplateVersionsInput) ([]types.LaunchTemplateVersion, *string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	wanted := st.templates.every()
	if in.LaunchTemplateId != nil || in.LaunchTemplateName != nil {
		t, err := st.template(in.LaunchTemplateId, in.LaunchTemplateName)
		if err != nil {
			return nil, nil, err
		}
		wanted = []*template{t}
	} else if len(in.Versions) == 0 || slices.ContainsFunc(in.Versions, func(v string) bool { return !strings.HasPrefix(v, "$") }) {
		return nil, nil, wire.Errorf("MissingParameter", "When there is no launch template specified, versions must be set to $Default and/or $Latest.")
	}
	all := []types.LaunchTemplateVersion{}
	for _, t := range wanted {
		some, err := t.chosen(in.Versions)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, slices.DeleteFunc(some, func(v types.LaunchTemplateVersion) bool { return *v.VersionNumber < least(in.MinVersion) })...)
	}
	if _, err := matches(in.Filters, nil); err != nil {
		return nil, nil, err
	}
	return page(all, query{limit: in.MaxResults, token: in.NextToken})
}

// least is the number from which on versions are wanted; what is no number wants
// all.
func least(version *string) int64 {
	n, err := strconv.ParseInt(aws.ToString(version), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// chosen returns the versions with the given names, or all; newest first, each
// once.
func (t *template) chosen(names []string) ([]types.LaunchTemplateVersion, error) {
	wanted := map[int64]bool{}
	for _, name := range names {
		v, err := t.version(name)
		if err != nil {
			return nil, err
		}
		wanted[v.number] = true
	}
	var all []types.LaunchTemplateVersion
	for _, v := range slices.Backward(t.versions) {
		if wanted[v.number] || len(names) == 0 {
			all = append(all, t.answer(v))
		}
	}
	return all, nil
}

// aliased resolves an image id of the form resolve:ssm:NAME[:VERSION]; others
// come back as they are.
func (s *Service) aliased(p place, image string) (string, error) {
	name, ok := strings.CutPrefix(image, "resolve:ssm:")
	if !ok {
		return image, nil
	}
	value, ok := s.params.Value(p.account, p.region, name)
	if !ok {
		return "", wire.Errorf("InvalidParameterValue", "The SSM parameter %s does not exist.", name)
	}
	return value, nil
}
