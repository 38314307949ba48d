package autoscaling

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/sandbox/ec2"
)

// anyType is the instance type that an override's requirements lead to: in the
// sandbox every type meets every requirement.
const anyType = "m5.large"

// A choice is a template, and what an override puts over it, or a launch
// configuration.
type choice struct {
	spec                *types.LaunchTemplateSpecification // nil for a launch configuration
	configuration       *types.LaunchConfiguration
	image, instanceType string
}

// request asks for one instance.
func (c choice) request(where spot, dryRun bool) ec2.LaunchRequest {
	if c.configuration != nil {
		return ec2.LaunchRequest{
			Mappings: mappings(c.configuration), ImageID: c.image, InstanceType: c.instanceType,
			Zone: where.zone, Subnet: where.subnet, DryRun: dryRun,
		}
	}
	return ec2.LaunchRequest{
		TemplateID: aws.ToString(c.spec.LaunchTemplateId), TemplateName: templateName(c.spec), Version: aws.ToString(c.spec.Version),
		ImageID: c.image, InstanceType: c.instanceType, Zone: where.zone, Subnet: where.subnet, DryRun: dryRun,
	}
}

// templateName is the name where no id is known.
func templateName(spec *types.LaunchTemplateSpecification) string {
	if spec.LaunchTemplateId != nil {
		return ""
	}
	return aws.ToString(spec.LaunchTemplateName)
}

// choices returns what a group may launch: its launch configuration, its
// template, or with mixed instances one choice for each override, the preferred
// first.
func (s *Service) choices(account, region string, v types.AutoScalingGroup) ([]choice, error) {
	if !single(v) {
		return nil, invalid("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	}
	if v.LaunchConfigurationName != nil {
		return s.configured(account, region, *v.LaunchConfigurationName)
	}
	spec := v.LaunchTemplate
	var overrides []types.LaunchTemplateOverrides
	if m := v.MixedInstancesPolicy; m != nil {
		spec, overrides = m.LaunchTemplate.LaunchTemplateSpecification, m.LaunchTemplate.Overrides
	}
	if len(overrides) == 0 {
		return []choice{{spec: spec}}, nil
	}
	var choices []choice
	for _, o := range overrides {
		own := spec
		if o.LaunchTemplateSpecification != nil {
			own = o.LaunchTemplateSpecification
		}
		c := choice{spec: own, image: aws.ToString(o.ImageId), instanceType: aws.ToString(o.InstanceType)}
		if o.InstanceRequirements != nil {
			c.instanceType = anyType
		}
		choices = append(choices, c)
	}
	return choices, nil
}

// single: what to launch is named once, and completely.
func single(v types.AutoScalingGroup) bool {
	m := v.MixedInstancesPolicy
	n := 0
	for _, given := range []bool{v.LaunchConfigurationName != nil, v.LaunchTemplate != nil, m != nil} {
		if given {
			n++
		}
	}
	return n == 1 && (m == nil || m.LaunchTemplate != nil && m.LaunchTemplate.LaunchTemplateSpecification != nil)
}

// copied copies a specification, since completing the request's own would change
// what CloudTrail shows of it.
func copied(spec *types.LaunchTemplateSpecification) *types.LaunchTemplateSpecification {
	if spec == nil {
		return nil
	}
	return new(*spec)
}

// mixed copies a policy and completes its distribution with AWS's defaults.
func mixed(m *types.MixedInstancesPolicy) *types.MixedInstancesPolicy {
	if m == nil || m.LaunchTemplate == nil {
		return m
	}
	d := types.InstancesDistribution{}
	if m.InstancesDistribution != nil {
		d = *m.InstancesDistribution
	}
	d.OnDemandAllocationStrategy = or(d.OnDemandAllocationStrategy, "prioritized")
	d.OnDemandBaseCapacity = or(d.OnDemandBaseCapacity, 0)
	d.OnDemandPercentageAboveBaseCapacity = or(d.OnDemandPercentageAboveBaseCapacity, 100)
	d.SpotAllocationStrategy = or(d.SpotAllocationStrategy, "lowest-price")
	overrides := slices.Clone(m.LaunchTemplate.Overrides)
	for i := range overrides {
		overrides[i].LaunchTemplateSpecification = copied(overrides[i].LaunchTemplateSpecification)
	}
	return &types.MixedInstancesPolicy{InstancesDistribution: &d, LaunchTemplate: &types.LaunchTemplate{
		LaunchTemplateSpecification: copied(m.LaunchTemplate.LaunchTemplateSpecification), Overrides: overrides,
	}}
}
