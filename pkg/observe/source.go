package observe

import (
	"slices"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/launch"
)

// sourcesOf lists each way once, the main one first. EKS and others put the
// template under MixedInstancesPolicy, where overrides may bring their own
// template or image.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateOverrides.html
func sourcesOf(g astypes.AutoScalingGroup) []launch.Source {
	switch {
	case value(g.LaunchConfigurationName) != "":
		return []launch.Source{{Spec: launch.Spec{Configuration: *g.LaunchConfigurationName}}}
	case g.LaunchTemplate != nil:
		return []launch.Source{{Spec: specOf(g.LaunchTemplate)}}
	case g.MixedInstancesPolicy == nil || g.MixedInstancesPolicy.LaunchTemplate == nil:
		return nil
	}
	lt := g.MixedInstancesPolicy.LaunchTemplate
	main := launch.Source{Spec: specOf(lt.LaunchTemplateSpecification), Mixed: true}
	if len(lt.Overrides) == 0 {
		return []launch.Source{main}
	}
	var out []launch.Source
	for _, o := range lt.Overrides {
		s := main
		if o.LaunchTemplateSpecification != nil {
			s.Spec = specOf(o.LaunchTemplateSpecification)
		}
		s.ImageID = value(o.ImageId)
		s.Override = s.ImageID != ""
		if !slices.ContainsFunc(out, func(other launch.Source) bool { return other.Spec == s.Spec && other.ImageID == s.ImageID }) {
			out = append(out, s)
		}
	}
	return out
}

func specOf(s *astypes.LaunchTemplateSpecification) launch.Spec {
	if s == nil {
		return launch.Spec{}
	}
	version := value(s.Version)
	if version == "" {
		version = "$Default" // "The default value is $Default."
	}
	return launch.Spec{ID: value(s.LaunchTemplateId), Name: value(s.LaunchTemplateName), Version: version}
}

// TemplatesOf are the templates that a group names, also those that it wouldn't launch
// from.
func TemplatesOf(g astypes.AutoScalingGroup) []*astypes.LaunchTemplateSpecification {
	named := []*astypes.LaunchTemplateSpecification{g.LaunchTemplate}
	if m := g.MixedInstancesPolicy; m != nil && m.LaunchTemplate != nil {
		named = append(named, m.LaunchTemplate.LaunchTemplateSpecification)
		for _, o := range m.LaunchTemplate.Overrides {
			named = append(named, o.LaunchTemplateSpecification)
		}
	}
	return slices.DeleteFunc(named, func(s *astypes.LaunchTemplateSpecification) bool { return s == nil })
}

func specsOf(g astypes.AutoScalingGroup) []launch.Spec {
	var out []launch.Spec
	for _, s := range TemplatesOf(g) {
		out = append(out, specOf(s))
	}
	return out
}
