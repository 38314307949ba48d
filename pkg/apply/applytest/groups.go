package applytest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// Launch implements apply.Reader. It knows templates, and the keys of images.
func (w *World) Launch(_ context.Context, group string) (launch.Launch, error) {
	out := launch.Launch{Account: Account, Region: Region, Group: group}
	err := w.call(Call{Action: "autoscaling:DescribeAutoScalingGroups", Target: group}, func() error {
		at := slices.IndexFunc(w.Groups, func(g types.AutoScalingGroup) bool { return *g.AutoScalingGroupName == group })
		if at < 0 {
			return fmt.Errorf("describe group %s: %w", group, launch.ErrGroupNotFound)
		}
		g := w.Groups[at]
		out.GroupARN, out.Principal.ARN = *g.AutoScalingGroupARN, *g.ServiceLinkedRoleARN
		for _, p := range g.SuspendedProcesses {
			if *p.ProcessName == "Launch" {
				out.Suspended = &launch.Suspension{Reason: *p.SuspensionReason}
			}
		}
		if v, ok := w.version(*g.LaunchTemplate.LaunchTemplateId, *g.LaunchTemplate.Version); ok {
			out.Ways = []launch.Way{w.way(v)}
		}
		return nil
	})
	return out, err
}

func (w *World) way(v ec2types.LaunchTemplateVersion) launch.Way {
	out := launch.Way{
		Name: fmt.Sprintf("%s v%d", *v.LaunchTemplateId, *v.VersionNumber), TemplateID: *v.LaunchTemplateId, Version: *v.VersionNumber,
		ImageID: aws.ToString(v.LaunchTemplateData.ImageId),
	}
	for _, m := range v.LaunchTemplateData.BlockDeviceMappings {
		if m.Ebs != nil && m.Ebs.KmsKeyId != nil {
			out.Uses = append(out.Uses, encryption.Use{KeyID: *m.Ebs.KmsKeyId, Written: true})
		}
	}
	for _, i := range w.Images {
		for _, s := range w.Snapshots {
			if *i.ImageId == out.ImageID && slices.Contains(snapshotsOf(i), *s.SnapshotId) {
				out.Uses = append(out.Uses, encryption.Use{KeyID: aws.ToString(s.KmsKeyId), SnapshotID: *s.SnapshotId})
			}
		}
	}
	return out
}

func (w *World) groupLines() []string {
	var out []string
	for _, g := range w.Groups {
		out = append(out, fmt.Sprintf("group %s launches as %s from %s", *g.AutoScalingGroupName, *g.ServiceLinkedRoleARN, *g.LaunchTemplate.Version))
		for _, p := range g.SuspendedProcesses {
			out = append(out, fmt.Sprintf("group %s: %s is suspended", *g.AutoScalingGroupName, *p.ProcessName))
		}
	}
	return out
}

func (w *World) describeGroups() (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	out := &autoscaling.DescribeAutoScalingGroupsOutput{}
	return out, w.call(Call{Action: "autoscaling:DescribeAutoScalingGroups"}, func() error {
		out.AutoScalingGroups = slices.Clone(w.Groups)
		return nil
	})
}

// groups is Auto Scaling, as far as it changes something.
type groups struct{ session }

// UpdateAutoScalingGroup implements apply.Groups. It takes a role, and nothing else.
func (g groups) UpdateAutoScalingGroup(_ context.Context, in *autoscaling.UpdateAutoScalingGroupInput, _ ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	for i := range g.w.Groups {
		group := &g.w.Groups[i]
		if *group.AutoScalingGroupName != *in.AutoScalingGroupName {
			continue
		}
		return &autoscaling.UpdateAutoScalingGroupOutput{}, g.write("autoscaling:UpdateAutoScalingGroup", *group.AutoScalingGroupARN, in, func() error {
			if g.w.unknown(*in.ServiceLinkedRoleARN) {
				return refusal("ValidationError", "ARN specified for Service-Linked Role does not exist.")
			}
			group.ServiceLinkedRoleARN = in.ServiceLinkedRoleARN
			return nil
		})
	}
	return nil, refusal("ValidationError", "AutoScalingGroup name not found - null")
}

// DescribeAutoScalingGroups implements apply.Groups.
func (g groups) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return g.w.describeGroups()
}

// ResumeProcesses implements apply.Groups.
func (g groups) ResumeProcesses(_ context.Context, in *autoscaling.ResumeProcessesInput, _ ...func(*autoscaling.Options)) (*autoscaling.ResumeProcessesOutput, error) {
	group := &g.w.Groups[0]
	return &autoscaling.ResumeProcessesOutput{}, g.write("autoscaling:ResumeProcesses", *group.AutoScalingGroupARN, in, func() error {
		group.SuspendedProcesses = slices.DeleteFunc(slices.Clone(group.SuspendedProcesses), func(p types.SuspendedProcess) bool {
			return slices.Contains(in.ScalingProcesses, *p.ProcessName)
		})
		return nil
	})
}

// SuspendProcesses implements apply.Groups.
func (g groups) SuspendProcesses(_ context.Context, in *autoscaling.SuspendProcessesInput, _ ...func(*autoscaling.Options)) (*autoscaling.SuspendProcessesOutput, error) {
	return &autoscaling.SuspendProcessesOutput{}, g.write("autoscaling:SuspendProcesses", *g.w.Groups[0].AutoScalingGroupARN, in, func() error {
		g.w.Suspend("User suspended at "+g.w.Now.UTC().Format(time.RFC3339), in.ScalingProcesses...)
		return nil
	})
}

// Suspend suspends processes of the group that aren't suspended yet.
func (w *World) Suspend(reason string, processes ...string) {
	group := &w.Groups[0]
	for _, name := range processes {
		if !slices.ContainsFunc(group.SuspendedProcesses, func(p types.SuspendedProcess) bool { return *p.ProcessName == name }) {
			group.SuspendedProcesses = append(slices.Clone(group.SuspendedProcesses), types.SuspendedProcess{ProcessName: &name, SuspensionReason: &reason})
		}
	}
}
