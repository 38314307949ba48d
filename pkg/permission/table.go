package permission

import (
	"maps"
	"slices"

	"keymend/pkg/notify"
	"keymend/pkg/slr"
	"keymend/pkg/tag"
)

// readLaunch: Describe actions take no resource.
func (p Place) readLaunch() []Permission {
	parameters := p.at("ssm", "*", "parameter"+p.ImageParameters+"*")
	out := []Permission{
		{Action: "autoscaling:DescribeAutoScalingGroups", Resource: "*", Why: "which template a group launches from, as which role, and what it has in service"},
		{Action: "autoscaling:DescribeLaunchConfigurations", Resource: "*", Why: "the image and volumes of groups that launch from a launch configuration"},
		{Action: "autoscaling:DescribeScalingActivities", Resource: "*", Why: "when launches failed, where a key has to be found by what CloudTrail shows of them"},
		{Action: "cloudtrail:LookupEvents", Resource: "*", Why: "which key the role was refused then, since an image may be shared without the snapshots that name its key; whose edit of a key policy was lost by a write; who took away what Keymend wrote"},
		{Action: "ec2:DescribeLaunchTemplateVersions", Resource: "*", Why: "the template's image and volumes"},
		{Action: "ssm:GetParameters", Resource: parameters, Why: "the image of a template that names it as resolve:ssm:…; EC2 resolves it in the caller's name"},
		{Action: "ssm:GetParameters", Resource: "arn:" + p.Partition + ":ssm:*::parameter/aws/service/*", Why: "the same, for AWS's public parameters"},
		{Action: "ec2:DescribeImages", Resource: "*", Why: "the image's volumes and snapshots"},
		{Action: "ec2:DescribeSnapshots", Resource: "*", Why: "the key that a snapshot is encrypted under"},
		{Action: "ec2:GetEbsEncryptionByDefault", Resource: "*", Why: "whether volumes are encrypted without being asked"},
		{Action: "ec2:GetEbsDefaultKmsKeyId", Resource: "*", Why: "the key they are encrypted under then"},
	}
	if p.ImageParameters == "" {
		return slices.DeleteFunc(out, func(one Permission) bool { return one.Resource == parameters })
	}
	return out
}

func (p Place) readKey() []Permission {
	return append(p.readKeys(),
		Permission{Action: "iam:GetRole", Resource: p.serviceLinkedRoles(), Why: "that the role exists, and its unique id"},
		Permission{Action: "iam:GetRole", Resource: slr.Spot(p.Partition, p.Account), Why: "the same, for the Spot instances of a launch configuration"},
	)
}

func (p Place) readKeys() []Permission {
	keys := p.keys()
	return []Permission{
		{Action: "kms:DescribeKey", Resource: keys, Why: "the key's ARN, state and kind"},
		{Action: "kms:GetKeyPolicy", Resource: keys, Why: "who may use the key; read again before and after a write"},
		{Action: "kms:ListGrants", Resource: keys, Why: "who may use the key by a grant"},
		{Action: "kms:ListResourceTags", Resource: keys, Why: "the owner's consent"},
		{Action: "kms:ListAliases", Resource: "*", Why: "the name that people know the key by"},
	}
}

// grant: kms:GrantOperations is always in the request, since Operations is
// required; ForAllValues without it would let a request through that lacks it.
// kms:RevokeGrant isn't here: no function takes a grant back, and IAM has no
// condition key that would limit it to Keymend's own. The role may retire its
// grants without it, since they name it for that.
func (p Place) grant() []Permission {
	return []Permission{
		{Action: "kms:CreateGrant", Resource: p.keys(), Why: "opens a key whose policy Keymend doesn't touch", Condition: p.enrolled(p.grantees())},
	}
}

// writePolicy: the parameter must be absent, not false, as AWS's own samples
// ask. IAM can't look into the policy that is written. Sessions from other accounts,
// which have a tag that says so, aren't meant: see writePolicyForOthers.
func (p Place) writePolicy() []Permission {
	return []Permission{
		{Action: "kms:PutKeyPolicy", Resource: p.keys(), Why: "adds Keymend's two statements, or takes them away", Condition: p.enrolled(conditions{
			"Null": {"kms:BypassPolicyLockoutSafetyCheck": {"true"}, "aws:PrincipalTag/" + tag.Account: {"true"}},
		})},
	}
}

// served is what the Lambda service does with a function's role. The function writes
// its own log only: diagnose judges writes by the log of remediate, and must not be
// able to add to it.
func (p Place) served(own Role, queues ...string) []Permission {
	var out []Permission
	for _, name := range queues {
		for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
			out = append(out, Permission{Action: action, Resource: p.queue(name), Why: "its messages", ByLambda: true})
		}
	}
	return append(out, []Permission{
		{Action: "logs:CreateLogStream", Resource: p.logStreams(own), Why: "its audit records", ByLambda: true},
		{Action: "logs:PutLogEvents", Resource: p.logStreams(own), Why: "its audit records", ByLambda: true},
	}...)
}

// code is what a function's code does itself. It counts only as the function's own: who
// passes the role to another function, or to anything else, gets none of it.
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
func (p Place) code(function Role, all []Permission) []Permission {
	regions, arns := p.Functions, []string(nil)
	if len(regions) == 0 {
		regions = []string{p.Region}
	}
	for _, region := range regions {
		arns = append(arns, p.at("lambda", region, "function:"+p.Prefix+string(function)))
	}
	for i := range all {
		condition := conditions{"ArnEquals": {"lambda:SourceFunctionArn": arns}}
		maps.Copy(condition, all[i].Condition)
		all[i].Condition = condition
	}
	return all
}

// tell lets a function put Keymend's events on the default bus, and no others.
func (p Place) tell() []Permission {
	return []Permission{{
		Action: "events:PutEvents", Resource: p.at("events", p.Region, "event-bus/default"), Why: "tells others what was recorded",
		Condition: conditions{"StringEquals": {"events:source": {notify.Source}}},
	}}
}

func (p Place) readSwitch() []Permission {
	return []Permission{{Action: "ssm:GetParameter", Resource: p.at("ssm", p.Region, "parameter"+p.SwitchParameter), Why: "the switch that stops all writes"}}
}

// readLogs: a permission on a log group names what is in it, too.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
func (p Place) readLogs() []Permission {
	return []Permission{
		{Action: "logs:FilterLogEvents", Resource: p.logStreams(Remediate), Why: "whether a write by Keymend's roles is one that remediate meant to make; what was written before, and how much within the hour"},
		{Action: "logs:FilterLogEvents", Resource: p.logStreams(Diagnose), Why: "whether what a sweep finds was told before, and people were told to act"},
	}
}

// readSeen is how an instance of remediate learns what another wrote, and what diagnose
// saw.
func (p Place) readSeen() []Permission {
	return []Permission{
		{Action: "logs:FilterLogEvents", Resource: p.logStreams(Remediate), Why: "what was written to a key in the last minutes, which KMS may not show yet; what was written before, and how much within the hour"},
		{Action: "logs:FilterLogEvents", Resource: p.logStreams(Diagnose), Why: "whether a launch failed since a policy is as it is; whether people were told to act"},
	}
}

// lookLater lets a function have groups looked at after a while.
func (p Place) lookLater() []Permission {
	return []Permission{{Action: "sqs:SendMessage", Resource: p.queue(p.Looks), Why: "has groups looked at after a while"}}
}

// lookOnce lets a function ask for looks, once in five minutes for what is the same.
func (p Place) lookOnce() []Permission {
	return []Permission{{Action: "sqs:SendMessage", Resource: p.queue(p.Drift), Why: "has the groups looked at, once, that use what somebody changed"}}
}

func (p Place) assume(roles ...Role) []Permission {
	if p.Organization != "" {
		p.Account = "*"
	}
	var out []Permission
	for _, r := range roles {
		out = append(out, Permission{Action: "sts:AssumeRole", Resource: p.ARN(r), Why: "acts through role " + string(r)})
	}
	if p.Organization != "" {
		return p.member(out)
	}
	return out
}

func (p Place) send(why string) []Permission {
	return []Permission{{Action: "sqs:SendMessage", Resource: p.queue(p.Changes), Why: why}}
}

// enrolled adds the condition that the key's owner enrolled it.
func (p Place) enrolled(condition conditions) conditions {
	if p.Scope == "all" {
		return condition
	}
	if condition["StringLike"] == nil {
		condition["StringLike"] = map[string][]string{}
	}
	condition["StringLike"]["aws:ResourceTag/"+tag.Keymend] = tag.Enrolments()
	return condition
}

func (p Place) keys() string { return p.at("kms", "*", "key/*") }

func (p Place) queue(name string) string {
	return p.at("sqs", p.Region, name)
}

// logStreams are those of a function, as logs:* on a log group names them.
func (p Place) logStreams(function Role) string {
	return p.at("logs", p.Region, "log-group:"+p.LogGroup(function)+":*")
}

// serviceLinkedRoles are Auto Scaling's, whatever their suffix.
func (p Place) serviceLinkedRoles() string { return slr.ARN(p.Partition, p.Account, "") + "*" }

// grantees is the condition on a grant: to these roles only, for AWS's eight
// operations only.
func (p Place) grantees() conditions {
	return conditions{
		"StringLike":                {"kms:GranteePrincipal": {p.serviceLinkedRoles(), slr.Spot(p.Partition, p.Account)}},
		"ForAllValues:StringEquals": {"kms:GrantOperations": slr.Operations()},
	}
}
