package autoscaling

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// spotPrincipal owns the role that Spot instances of a launch configuration
// launch as ("use the role named AWSServiceRoleForEC2Spot", Auto Scaling user
// guide, key policy requirements).
const spotPrincipal = "spot.amazonaws.com"

// CreateLaunchConfiguration notes a launch configuration. As in AWS, it has no
// key of its own to name.
func (s *Service) CreateLaunchConfiguration(ctx context.Context, in *autoscaling.CreateLaunchConfigurationInput) (*autoscaling.CreateLaunchConfigurationOutput, error) {
	c := wire.CallerOf(ctx)
	if in.LaunchConfigurationName == nil || in.ImageId == nil || in.InstanceType == nil {
		return nil, invalid("Valid requests must contain the LaunchConfigurationName, ImageId and InstanceType parameters.")
	}
	n := name{c.Account, c.Region, *in.LaunchConfigurationName}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.configurations[n] != nil {
		return nil, wire.Errorf("AlreadyExists", "Launch Configuration by this name already exists - A launch configuration already exists with the name %s", n.group)
	}
	s.configurations[n] = &types.LaunchConfiguration{
		LaunchConfigurationName: &n.group, CreatedTime: new(s.clock.Now()), ImageId: in.ImageId, InstanceType: in.InstanceType,
		LaunchConfigurationARN: new(configurationARN(n, s.newID())),
		BlockDeviceMappings:    in.BlockDeviceMappings, SpotPrice: in.SpotPrice, KeyName: new(aws.ToString(in.KeyName)), UserData: new(aws.ToString(in.UserData)),
		SecurityGroups: in.SecurityGroups, EbsOptimized: or(in.EbsOptimized, false),
	}
	return &autoscaling.CreateLaunchConfigurationOutput{}, nil
}

// DescribeLaunchConfigurations lists launch configurations by name. Names that
// none has are left out.
func (s *Service) DescribeLaunchConfigurations(ctx context.Context, in *autoscaling.DescribeLaunchConfigurationsInput) (*autoscaling.DescribeLaunchConfigurationsOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []types.LaunchConfiguration{}
	for n, l := range maps.All(s.configurations) {
		if n.account != c.Account || n.region != c.Region || len(in.LaunchConfigurationNames) > 0 && !slices.Contains(in.LaunchConfigurationNames, n.group) {
			continue
		}
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b types.LaunchConfiguration) int {
		return a.CreatedTime.Compare(*b.CreatedTime)
	})
	page, next, err := paging.Cut(all, in.MaxRecords, in.NextToken, pages(50, in.NextToken))
	return &autoscaling.DescribeLaunchConfigurationsOutput{LaunchConfigurations: page, NextToken: next}, err
}

// DeleteLaunchConfiguration deletes a launch configuration that no group has.
func (s *Service) DeleteLaunchConfiguration(ctx context.Context, in *autoscaling.DeleteLaunchConfigurationInput) (*autoscaling.DeleteLaunchConfigurationOutput, error) {
	c := wire.CallerOf(ctx)
	n := name{c.Account, c.Region, aws.ToString(in.LaunchConfigurationName)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.configurations[n] == nil {
		return nil, noConfiguration(n.group)
	}
	for _, g := range s.of(c) {
		if aws.ToString(g.view.LaunchConfigurationName) == n.group {
			return nil, wire.Errorf("ResourceInUse", "Cannot delete launch configuration %s because it is attached to AutoScalingGroup %s", n.group, g.group)
		}
	}
	delete(s.configurations, n)
	return &autoscaling.DeleteLaunchConfigurationOutput{}, nil
}

func noConfiguration(name string) error {
	return invalid("Launch configuration name not found - Launch configuration %s not found", name)
}

// configured returns the one choice of a group with a launch configuration.
func (s *Service) configured(account, region, configuration string) ([]choice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.configurations[name{account, region, configuration}]
	if l == nil {
		return nil, noConfiguration(configuration)
	}
	return []choice{{configuration: l, image: *l.ImageId, instanceType: *l.InstanceType}}, nil
}

// mappings are a launch configuration's volumes as EC2 has them.
func mappings(l *types.LaunchConfiguration) []ec2types.BlockDeviceMapping {
	var all []ec2types.BlockDeviceMapping
	for _, m := range l.BlockDeviceMappings {
		out := ec2types.BlockDeviceMapping{DeviceName: m.DeviceName, VirtualName: m.VirtualName}
		if aws.ToBool(m.NoDevice) {
			out.NoDevice = new("")
		}
		if e := m.Ebs; e != nil {
			out.Ebs = &ec2types.EbsBlockDevice{
				SnapshotId: e.SnapshotId, VolumeSize: e.VolumeSize, Encrypted: e.Encrypted, DeleteOnTermination: e.DeleteOnTermination,
				Iops: e.Iops, Throughput: e.Throughput, VolumeType: ec2types.VolumeType(aws.ToString(e.VolumeType)),
			}
		}
		all = append(all, out)
	}
	return all
}
