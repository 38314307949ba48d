package autoscaling

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"keymend/pkg/sandbox/wire"
)

// Wire returns the service as the dispatcher takes it.
func (s *Service) Wire() wire.Service {
	operations := []wire.Operation{
		wire.Handle("CreateAutoScalingGroup", s.CreateAutoScalingGroup),
		wire.Handle("UpdateAutoScalingGroup", s.UpdateAutoScalingGroup),
		wire.Handle("DeleteAutoScalingGroup", s.DeleteAutoScalingGroup),
		wire.Handle("DescribeAutoScalingGroups", s.DescribeAutoScalingGroups),
		wire.Handle("DescribeScalingActivities", s.DescribeScalingActivities),
		wire.Handle("SetDesiredCapacity", s.SetDesiredCapacity),
		wire.Handle("SuspendProcesses", s.SuspendProcesses),
		wire.Handle("ResumeProcesses", s.ResumeProcesses),
		wire.Handle("CreateLaunchConfiguration", s.CreateLaunchConfiguration),
		wire.Handle("DescribeLaunchConfigurations", s.DescribeLaunchConfigurations),
		wire.Handle("DeleteLaunchConfiguration", s.DeleteLaunchConfiguration),
		wire.Handle("PutWarmPool", s.PutWarmPool),
		wire.Handle("DescribeWarmPool", s.DescribeWarmPool),
		wire.Handle("DeleteWarmPool", s.DeleteWarmPool),
		wire.Handle("CreateOrUpdateTags", s.CreateOrUpdateTags),
		wire.Handle("DescribeTags", s.DescribeTags),
	}
	for i := range operations {
		operations[i].Needs = s.needs(operations[i].Name)
	}
	return wire.Service{
		Name: "autoscaling", Protocol: wire.Query, Version: "2011-01-01",
		Denied: "AccessDenied", DeniedCode: 403, Operations: operations,
	}
}

// needs makes the permission check of an operation: its action on the groups it
// names, or on "*" for Describe calls, and PassRole for a role with a suffix
// (Auto Scaling user guide, identity-based policy examples).
func (s *Service) needs(operation string) func(context.Context, any) []wire.Check {
	return func(ctx context.Context, in any) []wire.Check {
		c := wire.CallerOf(ctx)
		var checks []wire.Check
		for _, r := range s.resources(c, operation, in) {
			checks = append(checks, wire.Check{Action: "autoscaling:" + operation, Resource: r})
		}
		if role := wire.Member(in, "ServiceLinkedRoleARN"); strings.Contains(role, "AWSServiceRoleForAutoScaling_") {
			checks = append(checks, wire.Check{Action: "iam:PassRole", Resource: role, Context: map[string][]string{
				"iam:PassedToService": {servicePrincipal}, "iam:AssociatedResourceArn": {s.arnOf(c, wire.Member(in, "AutoScalingGroupName"))},
			}})
		}
		return checks
	}
}

// resources returns the groups, or the launch configuration, that a request
// changes.
func (s *Service) resources(c *wire.Caller, operation string, in any) (arns []string) {
	if strings.HasPrefix(operation, "Describe") {
		return []string{"*"}
	}
	if tags, ok := in.(*autoscaling.CreateOrUpdateTagsInput); ok {
		for _, t := range tags.Tags {
			arns = append(arns, s.arnOf(c, aws.ToString(t.ResourceId)))
		}
		return arns
	}
	if strings.HasSuffix(operation, "LaunchConfiguration") {
		return []string{s.configurationARN(c, wire.Member(in, "LaunchConfigurationName"))}
	}
	return []string{s.arnOf(c, wire.Member(in, "AutoScalingGroupName"))}
}

// configurationARN is arnOf for a launch configuration.
func (s *Service) configurationARN(c *wire.Caller, configuration string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := name{c.Account, c.Region, configuration}
	if l := s.configurations[n]; l != nil {
		return *l.LaunchConfigurationARN
	}
	return configurationARN(n, "*")
}

// configurationARN names a launch configuration.
func configurationARN(n name, id string) string {
	return "arn:aws:autoscaling:" + n.region + ":" + n.account + ":launchConfiguration:" + id + ":launchConfigurationName/" + n.group
}

// arnOf returns a group's ARN, or for one that isn't there the ARN with any id.
func (s *Service) arnOf(c *wire.Caller, group string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := name{c.Account, c.Region, group}
	if g := s.groups[n]; g != nil {
		return *g.view.AutoScalingGroupARN
	}
	return arn(n, "*")
}

// arn names a group.
func arn(n name, id string) string {
	return "arn:aws:autoscaling:" + n.region + ":" + n.account + ":autoScalingGroup:" + id + ":autoScalingGroupName/" + n.group
}
