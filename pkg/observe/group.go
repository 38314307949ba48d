package observe

import (
	"cmp"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/arn"
	"keymend/pkg/launch"
	"keymend/pkg/slr"
)

// ofGroup takes from a group all that isn't about its volumes.
func ofGroup(g astypes.AutoScalingGroup, account, region string) launch.Launch {
	name, tags := value(g.AutoScalingGroupName), map[string]string{}
	for _, t := range g.Tags {
		tags[value(t.Key)] = value(t.Value)
	}
	return launch.Launch{
		Account: account, Region: region,
		Group: name, GroupARN: value(g.AutoScalingGroupARN),
		Principal: principalOf(g, account),
		Desired:   int(value(g.DesiredCapacity)),
		InService: len(inService(g)),
		WarmPool:  warmPoolOf(g),
		Suspended: suspensionOf(g),
		ManagedBy: launch.Owner(name, tags),
		// "The current state of the group when the DeleteAutoScalingGroup operation is in progress."
		Deleting: value(g.Status) != "",
		Tags:     tags,
	}
}

// warmPoolOf: the pool's size is "the difference between the group's maximum
// capacity and its desired capacity", of MaxGroupPreparedCapacity in the maximum's
// place where that is given (-1 = it isn't), and MinSize at least. A pool with a
// Status is being deleted.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutWarmPool.html
func warmPoolOf(g astypes.AutoScalingGroup) *launch.WarmPool {
	c := g.WarmPoolConfiguration
	if c == nil || c.Status != "" {
		return nil
	}
	prepared := value(g.MaxSize)
	if most := value(c.MaxGroupPreparedCapacity); c.MaxGroupPreparedCapacity != nil && most >= 0 {
		prepared = most
	}
	return &launch.WarmPool{
		Wanted: int(max(prepared-value(g.DesiredCapacity), value(c.MinSize), 0)),
		Has:    int(value(g.WarmPoolSize)),
	}
}

// principalOf: DescribeAutoScalingGroups always returns the role, in every
// recording. Spot instances by a launch template are launched by it, too; only
// Spot by launch configuration takes AWSServiceRoleForEC2Spot.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func principalOf(g astypes.AutoScalingGroup, account string) launch.Principal {
	if role := value(g.ServiceLinkedRoleARN); role != "" {
		return launch.Principal{ARN: role, Because: "the group's ServiceLinkedRoleARN"}
	}
	return launch.Principal{
		ARN:     slr.ARN(cmp.Or(arn.Partition(value(g.AutoScalingGroupARN)), "aws"), account, ""),
		Because: "the group names no ServiceLinkedRoleARN, so the default service-linked role",
	}
}

func inService(g astypes.AutoScalingGroup) []string {
	var ids []string
	for _, i := range g.Instances {
		if i.LifecycleState == astypes.LifecycleStateInService {
			ids = append(ids, value(i.InstanceId))
		}
	}
	return ids
}

func suspensionOf(g astypes.AutoScalingGroup) *launch.Suspension {
	for _, p := range g.SuspendedProcesses {
		if value(p.ProcessName) == "Launch" {
			return &launch.Suspension{Reason: value(p.SuspensionReason)}
		}
	}
	return nil
}
