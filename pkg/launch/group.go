package launch

import (
	"strings"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/arn"
)

// ofGroup takes from a group all that isn't about its volumes.
func ofGroup(g astypes.AutoScalingGroup, account, region string) Launch {
	return Launch{
		Account: account, Region: region,
		Group: value(g.AutoScalingGroupName), GroupARN: value(g.AutoScalingGroupARN),
		Principal: principalOf(g, account),
		Desired:   int(value(g.DesiredCapacity)),
		InService: len(inService(g)),
		WarmPool:  warmPoolOf(g),
		Suspended: suspensionOf(g),
		ManagedBy: ownerOf(g),
		// "The current state of the group when the DeleteAutoScalingGroup operation is in progress."
		Deleting: value(g.Status) != "",
		Tags:     tagsOf(g),
	}
}

// warmPoolOf: the pool's size is "the difference between the group's maximum
// capacity and its desired capacity", of MaxGroupPreparedCapacity in the maximum's
// place where that is given (-1 = it isn't), and MinSize at least. A pool with a
// Status is being deleted.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutWarmPool.html
func warmPoolOf(g astypes.AutoScalingGroup) *WarmPool {
	c := g.WarmPoolConfiguration
	if c == nil || c.Status != "" {
		return nil
	}
	prepared := value(g.MaxSize)
	if most := value(c.MaxGroupPreparedCapacity); c.MaxGroupPreparedCapacity != nil && most >= 0 {
		prepared = most
	}
	return &WarmPool{
		Wanted: int(max(prepared-value(g.DesiredCapacity), value(c.MinSize), 0)),
		Has:    int(value(g.WarmPoolSize)),
	}
}

// principalOf: DescribeAutoScalingGroups always returns the role, in every
// recording. Spot instances by a launch template are launched by it, too; only
// Spot by launch configuration takes AWSServiceRoleForEC2Spot.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func principalOf(g astypes.AutoScalingGroup, account string) Principal {
	if arn := value(g.ServiceLinkedRoleARN); arn != "" {
		return Principal{ARN: arn, Because: "the group's ServiceLinkedRoleARN"}
	}
	return Principal{
		ARN:     "arn:" + partitionOf(value(g.AutoScalingGroupARN)) + ":iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
		Because: "the group names no ServiceLinkedRoleARN, so the default service-linked role",
	}
}

// spotPrincipal: "when using a launch configuration to launch Spot Instances,
// use the role named AWSServiceRoleForEC2Spot".
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func spotPrincipal(of Principal, account, from string) Principal {
	return Principal{
		ARN:     "arn:" + partitionOf(of.ARN) + ":iam::" + account + ":role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
		Because: from + " has a SpotPrice, and Spot instances by a launch configuration are launched as this role, too",
	}
}

func partitionOf(of string) string {
	if a, ok := arn.Parse(of); ok {
		return a.Partition
	}
	return "aws"
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

// suspensionOf: all recorded suspensions by a person say "User suspended at
// 2026-02-26T18:56:36Z"; anything else is taken for AWS's administrative one.
func suspensionOf(g astypes.AutoScalingGroup) *Suspension {
	for _, p := range g.SuspendedProcesses {
		if value(p.ProcessName) == "Launch" {
			reason := value(p.SuspensionReason)
			return &Suspension{Reason: reason, ByPerson: strings.HasPrefix(reason, "User suspended")}
		}
	}
	return nil
}
