package permission

import (
	"keymend/pkg/slr"
	"keymend/pkg/tag"
)

// writeRole is there only where the settings move groups to a role of their own.
// UpdateAutoScalingGroup has no condition for which role is given; that is what
// iam:PassRole is for, and it is asked of everyone who names a role with a suffix.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/security_iam_id-based-policy-examples.html
func (p Place) writeRole() []Permission {
	role := slr.ARN(p.Partition, p.Account, p.Suffix)
	return []Permission{
		{Action: "iam:CreateServiceLinkedRole", Resource: role, Why: "makes the role where it is missing",
			Condition: conditions{"StringEquals": {"iam:AWSServiceName": {slr.AutoScaling}}}},
		{Action: "autoscaling:UpdateAutoScalingGroup", Resource: p.groups(), Why: "has a group launch as it",
			Condition: conditions{"StringNotEquals": {"aws:ResourceTag/" + tag.Keymend: {tag.Ignore}}}},
		{Action: "iam:PassRole", Resource: role, Why: "gives it to the group",
			Condition: conditions{"StringEquals": {"iam:PassedToService": {slr.AutoScaling}}}},
	}
}

// resume is there only where the settings let groups launch again that Auto Scaling
// stopped. Which process is resumed IAM can't see.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
func (p Place) resume() []Permission {
	return []Permission{
		{Action: "autoscaling:ResumeProcesses", Resource: p.groups(), Why: "has a group launch again that Auto Scaling stopped",
			Condition: conditions{"StringNotEquals": {"aws:ResourceTag/" + tag.Keymend: {tag.Ignore}}}},
	}
}

func (p Place) groups() string {
	return p.at("autoscaling", "*", "autoScalingGroup:*:autoScalingGroupName/*")
}
