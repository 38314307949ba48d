package agreement_test

import (
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
)

// configured makes the group with a launch configuration, which can't change
// afterwards: what EC2 refuses of it, it refuses here, and there is no group.
func (s *scene) configured(in *autoscaling.CreateAutoScalingGroupInput) []string {
	version := s.version()
	_, err := s.w.asg.CreateLaunchConfiguration(s.w.ctx, &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: new("web"), ImageId: version.ImageId, InstanceType: new("m5.large"), BlockDeviceMappings: keyless(version.BlockDeviceMappings),
	})
	must(s.t, err)
	in.LaunchConfigurationName = new("web")
	_, err = s.w.asg.CreateAutoScalingGroup(s.w.ctx, in)
	if refused, ok := errors.AsType[smithy.APIError](err); ok && strings.Contains(refused.ErrorMessage(), "The snapshot '") {
		return nil
	}
	must(s.t, err)
	return []string{"m5.large"}
}

// keyless is a template's mapping as a launch configuration has it: without keys.
func keyless(mappings []ec2types.LaunchTemplateBlockDeviceMappingRequest) []astypes.BlockDeviceMapping {
	var all []astypes.BlockDeviceMapping
	for _, m := range mappings {
		one := astypes.BlockDeviceMapping{DeviceName: m.DeviceName, VirtualName: m.VirtualName}
		if m.NoDevice != nil {
			one.NoDevice = new(true)
		}
		if e := m.Ebs; e != nil {
			one.Ebs = &astypes.Ebs{SnapshotId: e.SnapshotId, VolumeSize: e.VolumeSize, Encrypted: e.Encrypted}
		}
		all = append(all, one)
	}
	return all
}
