package launch

import (
	"slices"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/launch/encryption"
)

// A source is one way in which a group may launch: a template version or a
// launch configuration, and perhaps an image in the place of the template's.
type source struct {
	spec    spec
	imageID string // as an override names it; later the one that counts

	imageOwner string // account id; "" where the image isn't known

	name       string // "lt-0c11aa22 v17"
	templateID string
	number     int64 // the version's
	override   bool  // an override names the image
	mixed      bool  // a mixed instances policy names it
	devices    []encryption.Device
	spot       bool   // Spot instances by a launch configuration
	refused    string // why EC2 would refuse this source
	unknown    string
}

// settled: there is no image to be followed.
func (s *source) settled() bool { return s.refused != "" || s.unknown != "" }

// A spec names a template and a version as a group does, or a launch
// configuration.
type spec struct{ id, name, version, configuration string }

func (s spec) String() string {
	switch {
	case s.configuration != "":
		return "launch configuration " + s.configuration
	case s.id != "":
		return s.id + " version " + s.version
	}
	return s.name + " version " + s.version
}

// sourcesOf lists each way once, the main one first. EKS and others put the
// template under MixedInstancesPolicy, where overrides may bring their own
// template or image.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateOverrides.html
func sourcesOf(g astypes.AutoScalingGroup) []source {
	switch {
	case value(g.LaunchConfigurationName) != "":
		return []source{{spec: spec{configuration: *g.LaunchConfigurationName}}}
	case g.LaunchTemplate != nil:
		return []source{{spec: specOf(g.LaunchTemplate)}}
	case g.MixedInstancesPolicy == nil || g.MixedInstancesPolicy.LaunchTemplate == nil:
		return nil
	}
	lt := g.MixedInstancesPolicy.LaunchTemplate
	main := source{spec: specOf(lt.LaunchTemplateSpecification), mixed: true}
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
		s.override = s.imageID != ""
		if !slices.ContainsFunc(out, func(other source) bool { return other.spec == s.spec && other.imageID == s.imageID }) {
			out = append(out, s)
		}
	}
	return out
}

// way is the source as others see it.
func (s *source) way(results []result) Way {
	w := Way{
		Name: s.name, TemplateID: s.templateID, Version: s.number, Asked: s.spec.version, Configuration: s.spec.configuration,
		ImageID: s.imageID, Override: s.override, Mixed: s.mixed,
	}
	for _, r := range results {
		w.Uses, w.Hidden = append(w.Uses, r.Uses...), add(w.Hidden, r.Unseen)
	}
	return w
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
