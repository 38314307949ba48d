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
	if p.Suffix == "" {
		return nil
	}
	role := slr.ARN(p.Partition, p.Account, p.Suffix)
	return []Permission{
		{Action: "iam:CreateServiceLinkedRole", Resource: role, Why: "makes the role where it is missing",
			Condition: map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": {slr.AutoScaling}}}},
		{Action: "autoscaling:UpdateAutoScalingGroup", Resource: p.groups(), Why: "has a group launch as it",
			Condition: map[string]map[string][]string{"StringNotEquals": {"aws:ResourceTag/" + tag.Keymend: {tag.Ignore}}}},
		{Action: "iam:PassRole", Resource: role, Why: "gives it to the group",
			Condition: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {slr.AutoScaling}}}},
	}
}

// resume is there only where the settings let groups launch again that Auto Scaling
// stopped. Which process is resumed IAM can't see.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
func (p Place) resume() []Permission {
	if !p.Resumes {
		return nil
	}
	return []Permission{
		{Action: "autoscaling:ResumeProcesses", Resource: p.groups(), Why: "has a group launch again that Auto Scaling stopped",
			Condition: map[string]map[string][]string{"StringNotEquals": {"aws:ResourceTag/" + tag.Keymend: {tag.Ignore}}}},
	}
}

func (p Place) groups() string {
	return "arn:" + p.Partition + ":autoscaling:*:" + p.Account + ":autoScalingGroup:*:autoScalingGroupName/*"
}

// changeGroups is what remediate needs for both.
func (p Place) changeGroups() []Permission {
	if p.Suffix == "" && !p.Resumes {
		return nil
	}
	return p.assume(GroupWriter)
}

// handOn is what remediate needs where one change leads to one of another target.
func (p Place) handOn() []Permission {
	if p.Suffix == "" && !p.Copies {
		return nil
	}
	return p.send("hands on what another writer has to do: the next step of a group's move to another role, or of its way to a copy")
}
