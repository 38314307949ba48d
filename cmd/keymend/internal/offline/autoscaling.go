package offline

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/account"
	"keymend/pkg/observe"
)

var _ observe.Groups = groups{}

// groups answers as Auto Scaling does.
type groups struct{ *World }

// DescribeAutoScalingGroups implements observe.Groups.
func (g groups) DescribeAutoScalingGroups(_ context.Context, in *autoscaling.DescribeAutoScalingGroupsInput, _ ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	if len(in.AutoScalingGroupNames) == 0 {
		return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: g.facts.groups.list()}, nil
	}
	out := &autoscaling.DescribeAutoScalingGroupsOutput{}
	for _, name := range in.AutoScalingGroupNames {
		if one, known := g.facts.groups.all[name]; known {
			out.AutoScalingGroups = append(out.AutoScalingGroups, one)
		}
	}
	return out, nil
}

// DescribeLaunchConfigurations implements observe.Groups.
func (g groups) DescribeLaunchConfigurations(_ context.Context, in *autoscaling.DescribeLaunchConfigurationsInput, _ ...func(*autoscaling.Options)) (*autoscaling.DescribeLaunchConfigurationsOutput, error) {
	out := &autoscaling.DescribeLaunchConfigurationsOutput{}
	for _, name := range in.LaunchConfigurationNames {
		one, known := g.facts.configurations.all[name]
		if !known {
			return nil, account.NewUntold("no file has launch configuration " + name)
		}
		if one.ImageId != nil {
			one.ImageId = new(imageName(*one.ImageId))
		}
		out.LaunchConfigurations = append(out.LaunchConfigurations, one)
	}
	return out, nil
}

// DescribeScalingActivities implements observe.Groups: how launches went isn't told.
func (groups) DescribeScalingActivities(context.Context, *autoscaling.DescribeScalingActivitiesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeScalingActivitiesOutput, error) {
	return &autoscaling.DescribeScalingActivitiesOutput{Activities: []astypes.Activity{}}, nil
}
