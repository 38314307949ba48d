package launch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/launch/encryption"
)

// A source is one way in which the group may launch: a template version, and
// perhaps an image in the place of the template's.
type source struct {
	spec    spec
	imageID string // as an override names it; later the one that counts

	name    string // "lt-0c11aa22 v17"
	devices []encryption.Device
	refused string // why EC2 would refuse this source
	unknown string
}

// A spec names a template and a version as a group does.
type spec struct{ id, name, version string }

func (s spec) String() string {
	if s.id != "" {
		return s.id + " version " + s.version
	}
	return s.name + " version " + s.version
}

// sourcesOf lists each way once, the main one first. EKS and others put the
// template under MixedInstancesPolicy, where overrides may bring their own
// template or image.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateOverrides.html
func sourcesOf(g astypes.AutoScalingGroup) []source {
	if g.LaunchTemplate != nil {
		return []source{{spec: specOf(g.LaunchTemplate)}}
	}
	if g.MixedInstancesPolicy == nil || g.MixedInstancesPolicy.LaunchTemplate == nil {
		return nil
	}
	lt := g.MixedInstancesPolicy.LaunchTemplate
	main := source{spec: specOf(lt.LaunchTemplateSpecification)}
	if len(lt.Overrides) == 0 {
		return []source{main}
	}
	var out []source
	for _, o := range lt.Overrides {
		s := main
		if o.LaunchTemplateSpecification != nil {
			s.spec = specOf(o.LaunchTemplateSpecification)
		}
		s.imageID = value(o.ImageId)
		if !slices.ContainsFunc(out, func(other source) bool { return other.spec == s.spec && other.imageID == s.imageID }) {
			out = append(out, s)
		}
	}
	return out
}

func specOf(s *astypes.LaunchTemplateSpecification) spec {
	if s == nil {
		return spec{}
	}
	version := value(s.Version)
	if version == "" {
		version = "$Default" // "The default value is $Default."
	}
	return spec{id: value(s.LaunchTemplateId), name: value(s.LaunchTemplateName), version: version}
}

// A reading is a template version, or why there is none.
type reading struct {
	version ec2types.LaunchTemplateVersion
	refused string
}

// templates reads the template version of each source, once and side by side.
func (r *Resolver) templates(ctx context.Context, sources []source) error {
	var specs []spec
	for _, s := range sources {
		if !slices.Contains(specs, s.spec) {
			specs = append(specs, s.spec)
		}
	}
	readings := make([]reading, len(specs))
	var tasks []func() error
	for i, s := range specs {
		tasks = append(tasks, func() (err error) { readings[i], err = s.read(ctx, r.images); return err })
	}
	if err := together(tasks...); err != nil {
		return err
	}
	for i := range sources {
		sources[i].take(readings[slices.Index(specs, sources[i].spec)])
	}
	return nil
}

func (s spec) read(ctx context.Context, images Images) (reading, error) {
	in := &ec2.DescribeLaunchTemplateVersionsInput{
		Versions: []string{s.version},
		// An image behind a Systems Manager parameter is shown as its id.
		ResolveAlias: new(true),
	}
	if s.id != "" { // one of the two, not both
		in.LaunchTemplateId = &s.id
	} else {
		in.LaunchTemplateName = &s.name
	}
	out, err := images.DescribeLaunchTemplateVersions(ctx, in)
	switch {
	case gone(err):
		return reading{refused: fmt.Sprintf("launch template %s doesn't exist: %s", s, messageOf(err))}, nil
	case err != nil:
		return reading{}, fmt.Errorf("describe launch template %s: %w", s, err)
	case len(out.LaunchTemplateVersions) == 0:
		return reading{refused: fmt.Sprintf("launch template %s doesn't exist", s)}, nil
	}
	return reading{version: out.LaunchTemplateVersions[0]}, nil
}

// take fills in the source from its template version.
func (s *source) take(r reading) {
	if r.refused != "" {
		s.name, s.refused = s.spec.String(), r.refused
		return
	}
	v := r.version
	id := value(v.LaunchTemplateId)
	if id == "" {
		id = s.spec.name
	}
	s.name = fmt.Sprintf("%s v%d", id, value(v.VersionNumber))
	data := v.LaunchTemplateData
	if data == nil {
		data = &ec2types.ResponseLaunchTemplateData{}
	}
	if s.imageID == "" {
		s.imageID = value(data.ImageId)
	}
	s.devices = templateDevices(data.BlockDeviceMappings, s.name)
	switch {
	case s.imageID == "":
		s.refused = s.name + " names no image"
	case strings.HasPrefix(s.imageID, "resolve:"):
		s.unknown = fmt.Sprintf("the image of %s: %s couldn't be resolved", s.name, s.imageID)
	}
}

// gone reports whether the template or its version was deleted: codes
// InvalidLaunchTemplateId.NotFound, .VersionNotFound, .Malformed and
// InvalidLaunchTemplateName.NotFoundException.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func gone(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "InvalidLaunchTemplate")
}

func messageOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}
