package permission

// writeRole is there only where the settings move groups to a role of their own.
// UpdateAutoScalingGroup has no condition for which role is given; that is what
// iam:PassRole is for, and it is asked of everyone who names a role with a suffix.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/security_iam_id-based-policy-examples.html
func (p Place) writeRole() []Permission {
	if p.Suffix == "" {
		return nil
	}
	const autoScaling = "autoscaling.amazonaws.com"
	role := "arn:" + p.Partition + ":iam::" + p.Account + ":role/aws-service-role/" + autoScaling + "/AWSServiceRoleForAutoScaling_" + p.Suffix
	return []Permission{
		{Action: "iam:CreateServiceLinkedRole", Resource: role, Why: "makes the role where it is missing",
			Condition: map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": {autoScaling}}}},
		{Action: "autoscaling:UpdateAutoScalingGroup", Resource: "arn:" + p.Partition + ":autoscaling:*:" + p.Account + ":autoScalingGroup:*:autoScalingGroupName/*", Why: "has a group launch as it",
			Condition: map[string]map[string][]string{"StringNotEquals": {"aws:ResourceTag/keymend": {"ignore"}}}},
		{Action: "iam:PassRole", Resource: role, Why: "gives it to the group",
			Condition: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {autoScaling}}}},
	}
}

// moveGroups is what remediate needs for it.
func (p Place) moveGroups() []Permission {
	if p.Suffix == "" {
		return nil
	}
	return append(p.assume(GroupWriter), p.send("hands on the next step of a group's move to another role")...)
}

// spotRole launches the Spot instances of a launch configuration.
func (p Place) spotRole() string {
	return "arn:" + p.Partition + ":iam::" + p.Account + ":role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
}
