package template_test

import (
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

// What the roles of an organization are needed for, and what their conditions refuse, by
// IAM alone: a role, the parameters under which it is asked, and below it its calls. A
// call is an action, a resource, and what the request's context has besides the
// resource's account and organization. After a bar stands why it is refused.

// memberNeeds are the calls of the hub's functions, and of whoever looks after it, in a
// member.
const memberNeeds = `
reader default
	autoscaling:DescribeAutoScalingGroups *
	autoscaling:DescribeLaunchConfigurations *
	autoscaling:DescribeScalingActivities *
	cloudtrail:LookupEvents *
	cloudtrail:DescribeTrails *
	cloudtrail:GetTrailStatus arn:aws:cloudtrail:eu-west-1:MEMBER:trail/t
	cloudtrail:GetEventSelectors arn:aws:cloudtrail:eu-west-1:MEMBER:trail/t
	cloudwatch:GetMetricData *
	ec2:DescribeLaunchTemplateVersions *
	ec2:DescribeImages *
	ec2:DescribeSnapshots *
	ec2:GetEbsEncryptionByDefault *
	ec2:GetEbsDefaultKmsKeyId *
	events:ListRules *
	events:ListTargetsByRule arn:aws:events:eu-west-1:MEMBER:rule/keymend-group-created
	iam:GetRole SLR
	iam:GetRole arn:aws:iam::MEMBER:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_payments
	iam:GetRole arn:aws:iam::MEMBER:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot
	iam:GetRole arn:aws:iam::MEMBER:role/keymend-granter
	kms:DescribeKey KEY
	kms:GetKeyPolicy KEY
	kms:ListGrants KEY
	kms:ListGrants FAR
	kms:ListResourceTags KEY
	kms:ListAliases *
	kms:ListRetirableGrants *
	ssm:GetParameter arn:aws:ssm:us-east-1:MEMBER:parameter/keymend/switch
	ssm:GetParameter arn:aws:ssm:us-east-1:MEMBER:parameter/keymend/wave
	ssm:GetParameters arn:aws:ssm:eu-west-1::parameter/aws/service/ami
reader all
	ssm:GetParameters arn:aws:ssm:eu-west-1:MEMBER:parameter/images/web
reader copy
	ec2:DescribeLaunchTemplates *
granter default
	kms:CreateGrant KEY tag:keymend=remediate kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT
	kms:CreateGrant KEY tag:keymend=remediate+2026-03-02 kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT
	kms:CreateGrant FAR kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT
policy-writer all
	kms:PutKeyPolicy KEY tag:keymend=remediate
	kms:PutKeyPolicy KEY tag:keymend=remediate tag:keymend-accounts=444455556666 session:keymend-account=444455556666
	kms:PutKeyPolicy KEY tag:keymend=remediate tag:keymend-accounts=organization session:keymend-account=444455556666
group-writer all
	iam:CreateServiceLinkedRole DEDICATED iam:AWSServiceName=autoscaling.amazonaws.com
	iam:PassRole DEDICATED iam:PassedToService=autoscaling.amazonaws.com
	autoscaling:UpdateAutoScalingGroup GROUP
	autoscaling:ResumeProcesses GROUP
copier copy
	ec2:CopyImage arn:aws:ec2:eu-west-1::image/ami-1
	ec2:CopyImage arn:aws:ec2:eu-west-1::snapshot/snap-1 aws:RequestTag/keymend-copy-of=ami-1
	ec2:CopySnapshot arn:aws:ec2:eu-west-1::snapshot/snap-1
	ec2:CreateTags arn:aws:ec2:eu-west-1::image/ami-1 ec2:CreateAction=CopyImage aws:TagKeys=keymend-copy-of,keymend-group
	ec2:CreateTags arn:aws:ec2:eu-west-1::snapshot/snap-1 ec2:CreateAction=CopySnapshot aws:TagKeys=keymend-copy-of
	ec2:DeregisterImage arn:aws:ec2:eu-west-1::image/ami-1 tag:keymend-copy-of=ami-0
	ec2:DeleteSnapshot arn:aws:ec2:eu-west-1::snapshot/snap-1 tag:keymend-copy-of=ami-0
	ec2:CreateLaunchTemplateVersion TEMPLATE
	ec2:ModifyLaunchTemplate TEMPLATE
	kms:CreateGrant KEY kms:ViaService=EC2 kms:GrantIsForAWSResource=true
	kms:GenerateDataKeyWithoutPlaintext KEY kms:ViaService=EC2
	kms:ReEncryptTo KEY kms:ViaService=EC2
	kms:DescribeKey KEY
	kms:CreateGrant FAR kms:ViaService=EC2 kms:GrantIsForAWSResource=true
	kms:Decrypt FAR kms:ViaService=EC2
	kms:DescribeKey FAR kms:ViaService=EC2
	kms:ReEncryptFrom FAR kms:ViaService=EC2
forwarder default
	events:PutEvents BUS
notifier default
	events:PutEvents arn:aws:events:us-east-1:MEMBER:event-bus/default events:source=keymend events:detail-type=Keymend+Change
	events:PutEvents arn:aws:events:eu-west-1:MEMBER:event-bus/default events:source=keymend events:detail-type=Keymend+Gave+Up
`

const memberRefuses = `
reader default
	ssm:GetParameters arn:aws:ssm:eu-west-1:MEMBER:parameter/images/web | no path of parameters is set
	kms:ListGrants STRANGE | another organization's key
	kms:ListGrants NOBODYS | the key of an account in no organization
	kms:Decrypt KEY | it reads no data
	ssm:GetParameter arn:aws:ssm:eu-west-1:MEMBER:parameter/secret | another parameter
reader all
	ssm:GetParameters arn:aws:ssm:eu-west-1:MEMBER:parameter/imagesecret | it isn't below the path
granter default
	kms:CreateGrant KEY kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT | the key isn't enrolled
	kms:CreateGrant KEY tag:keymend=ignore kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT | the key is to be ignored
	kms:CreateGrant KEY tag:keymend=remediate kms:GranteePrincipal=PERSON kms:GrantOperations=EIGHT | to a person
	kms:CreateGrant KEY tag:keymend=remediate kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT,Sign | a ninth operation
	kms:CreateGrant FAR kms:GranteePrincipal=PERSON kms:GrantOperations=EIGHT | to a person, on another member's key
	kms:CreateGrant FAR kms:GranteePrincipal=arn:aws:iam::444455556666:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling kms:GrantOperations=EIGHT | to another account's role
	kms:CreateGrant FAR kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT,Sign | a ninth operation, on another member's key
	kms:CreateGrant STRANGE kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT | another organization's key
	kms:CreateGrant NOBODYS kms:GranteePrincipal=SLR kms:GrantOperations=EIGHT | the key of an account in no organization
	kms:PutKeyPolicy KEY tag:keymend=remediate | it writes no policies
policy-writer default
	kms:PutKeyPolicy KEY tag:keymend=remediate | there is no such role
policy-writer all
	kms:PutKeyPolicy KEY | the key isn't enrolled
	kms:PutKeyPolicy KEY tag:keymend=remediate kms:BypassPolicyLockoutSafetyCheck=true | past KMS's check that locks nobody out
	kms:PutKeyPolicy KEY tag:keymend=remediate session:keymend-account=444455556666 | for an account that the owner doesn't name
	kms:PutKeyPolicy KEY tag:keymend=remediate tag:keymend-accounts=777788889999 session:keymend-account=444455556666 | for an account that the owner doesn't name
	kms:PutKeyPolicy KEY tag:keymend-accounts=444455556666 session:keymend-account=444455556666 | named, and not enrolled
	kms:PutKeyPolicy KEY tag:keymend=remediate tag:keymend-accounts=444455556666 session:keymend-account=444455556666 kms:BypassPolicyLockoutSafetyCheck=true | for another, past KMS's check
	kms:PutKeyPolicy FAR tag:keymend=remediate | another member's key
group-writer default
	autoscaling:UpdateAutoScalingGroup GROUP | there is no such role
group-writer all
	iam:CreateServiceLinkedRole DEDICATED iam:AWSServiceName=spot.amazonaws.com | a role of another service
	iam:CreateServiceLinkedRole SLR iam:AWSServiceName=autoscaling.amazonaws.com | another role
	iam:PassRole DEDICATED iam:PassedToService=ec2.amazonaws.com | passed to another service
	iam:PassRole arn:aws:iam::MEMBER:role/admin iam:PassedToService=autoscaling.amazonaws.com | another role is passed
	autoscaling:UpdateAutoScalingGroup GROUP tag:keymend=ignore | the group is to be ignored
	autoscaling:ResumeProcesses GROUP tag:keymend=ignore | the group is to be ignored
copier default
	ec2:CopyImage arn:aws:ec2:eu-west-1::image/ami-1 | there is no such role
copier copy
	ec2:CopyImage arn:aws:ec2:eu-west-1::snapshot/snap-1 | a copy without the mark of one
	ec2:CreateTags arn:aws:ec2:eu-west-1::image/ami-1 aws:TagKeys=keymend-copy-of | an image that is there is marked
	ec2:CreateTags arn:aws:ec2:eu-west-1::image/ami-1 ec2:CreateAction=CopyImage aws:TagKeys=team | another tag
	ec2:CreateTags arn:aws:ec2:eu-west-1::snapshot/snap-1 aws:TagKeys=keymend-copy-of | a snapshot that is there is marked
	ec2:CreateTags arn:aws:ec2:eu-west-1::snapshot/snap-1 ec2:CreateAction=CopySnapshot aws:TagKeys=team | another tag of a snapshot
	ec2:DeregisterImage arn:aws:ec2:eu-west-1::image/ami-1 | an image that is no copy
	ec2:DeleteSnapshot arn:aws:ec2:eu-west-1::snapshot/snap-1 | a snapshot that is no copy
	kms:CreateGrant KEY kms:ViaService=EC2 | a grant for somebody
	kms:CreateGrant KEY kms:GrantIsForAWSResource=true | not by way of EC2
	kms:GenerateDataKeyWithoutPlaintext KEY | not by way of EC2
	kms:ReEncryptTo KEY | not by way of EC2
	kms:Decrypt KEY kms:ViaService=EC2 | an own key's data
	kms:ReEncryptFrom KEY kms:ViaService=EC2 | an own key's data
	kms:CreateGrant FAR kms:ViaService=EC2 | a grant for somebody, on another member's key
	kms:CreateGrant FAR kms:GrantIsForAWSResource=true | not by way of EC2, on another member's key
	kms:Decrypt FAR | not by way of EC2
	kms:DescribeKey FAR | not by way of EC2
	kms:ReEncryptFrom FAR | not by way of EC2
	kms:CreateGrant STRANGE kms:ViaService=EC2 kms:GrantIsForAWSResource=true | another organization's key
	kms:Decrypt STRANGE kms:ViaService=EC2 | another organization's key
	kms:DescribeKey STRANGE kms:ViaService=EC2 | another organization's key
	kms:ReEncryptFrom STRANGE kms:ViaService=EC2 | another organization's key
forwarder default
	events:PutEvents arn:aws:events:eu-west-1:HUB:event-bus/default | another bus of the hub
	events:PutEvents arn:aws:events:eu-west-1:444455556666:event-bus/keymend | another account's bus
notifier default
	events:PutEvents arn:aws:events:eu-west-1:MEMBER:event-bus/default events:source=payments events:detail-type=Keymend+Change | in another's name
	events:PutEvents arn:aws:events:eu-west-1:MEMBER:event-bus/default events:source=keymend events:detail-type=Scheduled+Event | another kind of event
	events:PutEvents arn:aws:events:eu-west-1:MEMBER:event-bus/other events:source=keymend events:detail-type=Keymend+Change | another bus
	events:PutEvents arn:aws:events:eu-west-1:444455556666:event-bus/default events:source=keymend events:detail-type=Keymend+Change | another account's bus
`

// hubNeeds are the calls of the hub's functions at home. IN is what a call of the
// function's own code has, by which stolen credentials are told.
const hubNeeds = `
diagnose default
	sqs:ReceiveMessage QUEUE-signals
	sqs:DeleteMessage QUEUE-signals
	sqs:GetQueueAttributes QUEUE-signals
	sqs:ReceiveMessage QUEUE-looks
	sqs:DeleteMessage QUEUE-looks
	sqs:GetQueueAttributes QUEUE-looks
	sqs:ReceiveMessage QUEUE-drift.fifo
	sqs:DeleteMessage QUEUE-drift.fifo
	sqs:GetQueueAttributes QUEUE-drift.fifo
	logs:CreateLogStream LOG-diagnose:log-stream:s
	logs:PutLogEvents LOG-diagnose:log-stream:s
	ssm:GetParameter arn:aws:ssm:eu-west-1:HUB:parameter/keymend/hub/switch IN
	sts:AssumeRole ROLE-notifier IN
	sts:AssumeRole LISTER IN
	sts:AssumeRole ROLE-reader IN
	sqs:SendMessage QUEUE-changes.fifo IN
	sqs:SendMessage QUEUE-looks IN
	sqs:SendMessage QUEUE-drift.fifo IN
	logs:FilterLogEvents LOG-remediate: IN
	logs:FilterLogEvents LOG-diagnose: IN
	events:PutEvents arn:aws:events:eu-west-1:HUB:event-bus/default events:source=keymend IN
remediate default
	sqs:ReceiveMessage QUEUE-changes.fifo
	sqs:DeleteMessage QUEUE-changes.fifo
	sqs:GetQueueAttributes QUEUE-changes.fifo
	logs:CreateLogStream LOG-remediate:log-stream:s
	logs:PutLogEvents LOG-remediate:log-stream:s
	ssm:GetParameter arn:aws:ssm:eu-west-1:HUB:parameter/keymend/hub/switch IN
	sts:AssumeRole ROLE-notifier IN
	sts:AssumeRole ROLE-reader IN
	sts:AssumeRole ROLE-granter IN
	sts:AssumeRole ROLE-policy-writer IN
	sts:TagSession ROLE-policy-writer IN
	sts:SetSourceIdentity ROLE-policy-writer IN
	sqs:SendMessage QUEUE-looks IN
	logs:FilterLogEvents LOG-remediate: IN
	logs:FilterLogEvents LOG-diagnose: IN
	events:PutEvents arn:aws:events:eu-west-1:HUB:event-bus/default events:source=keymend IN
remediate all
	sts:AssumeRole ROLE-group-writer IN
	sqs:SendMessage QUEUE-changes.fifo IN
remediate copy
	sts:AssumeRole ROLE-copier IN
	sqs:SendMessage QUEUE-changes.fifo IN
auditor default
	sts:AssumeRole ROLE-reader
	logs:FilterLogEvents LOG-diagnose:
`

// hubRefuses are, beside these, all of hubNeeds that are IN the function's code, from
// outside of it.
const hubRefuses = `
diagnose default
	sts:AssumeRole ROLE-granter IN | diagnose doesn't write
	sts:AssumeRole LEFT-reader IN | the account isn't in the organization
	sts:AssumeRole LEFT-notifier IN | the account isn't in the organization
	sts:AssumeRole LISTER aws:ResourceOrgID=o-0000000000 IN | the account isn't in the organization
	sts:AssumeRole ROLE-lister IN | another account's
	events:PutEvents arn:aws:events:eu-west-1:HUB:event-bus/default events:source=payments IN | in another's name
	events:PutEvents arn:aws:events:eu-west-1:HUB:event-bus/keymend events:source=keymend IN | on the members' bus
remediate default
	sts:AssumeRole LEFT-reader IN | the account isn't in the organization
	sts:AssumeRole LEFT-granter IN | the account isn't in the organization
	sts:AssumeRole LEFT-notifier IN | the account isn't in the organization
	sts:AssumeRole LISTER IN | remediate lists no accounts
	sts:AssumeRole LEFT-policy-writer IN | the account isn't in the organization
	sts:TagSession LEFT-policy-writer IN | the account isn't in the organization
	sts:SetSourceIdentity LEFT-policy-writer IN | the account isn't in the organization
	sts:AssumeRole ROLE-copier IN | nobody asked for copies
	sts:AssumeRole ROLE-admin IN | no role of Keymend's
	events:PutEvents arn:aws:events:eu-west-1:HUB:event-bus/default events:source=payments IN | in another's name
remediate all
	sts:AssumeRole LEFT-group-writer IN | the account isn't in the organization
remediate copy
	sts:AssumeRole LEFT-copier IN | the account isn't in the organization
auditor default
	sts:AssumeRole ROLE-granter | it doesn't write
	sts:AssumeRole LEFT-reader | the account isn't in the organization
	logs:FilterLogEvents LOG-remediate: | what was written isn't asked for
`

// A call is one line of these tables.
type call struct {
	role, set        string
	action, resource string
	with             map[string][]string
	name             string
	want             access.Decision
}

// listsAccounts is what the hub calls where the accounts are listed, and no more.
const (
	listsAccounts = `
lister default
	organizations:ListAccounts *
`
	listsNothingElse = `
lister default
	organizations:ListPolicies * | it lists accounts only
`
)

// calls reads a table. function is the ARN under which IN is a function's own call.
func calls(table string, want access.Decision) (out []call) {
	role, set := "", ""
	for line := range strings.Lines(table) {
		line, why, _ := strings.Cut(strings.TrimRight(line, "\n"), " | ")
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case line[0] != '\t':
			role, set = words[0], words[1]
		default:
			c := call{role: role, set: set, action: words[0], resource: placed(words[1]), with: map[string][]string{}, want: want,
				name: strings.TrimSpace(role + " (" + set + "): " + strings.Join(words, " ") + " " + why)}
			for _, word := range words[2:] {
				if word == "IN" {
					c.with["lambda:sourcefunctionarn"] = []string{"arn:aws:lambda:eu-west-1:" + hub + ":function:keymend-" + role}
					continue
				}
				key, values, _ := strings.Cut(placed(word), "=")
				key = strings.ToLower(strings.NewReplacer("tag:", "aws:ResourceTag/", "session:", "aws:PrincipalTag/").Replace(key))
				c.with[key] = strings.Split(strings.ReplaceAll(values, "+", " "), ",")
			}
			out = append(out, c.home())
		}
	}
	return out
}

// placed puts names in the place of words.
func placed(word string) string {
	return strings.NewReplacer(
		"KEY", "arn:aws:kms:eu-west-1:"+account+":key/1", "FAR", "arn:aws:kms:eu-west-1:444455556666:key/1",
		"STRANGE", "arn:aws:kms:eu-west-1:777788889999:key/1", "NOBODYS", "arn:aws:kms:eu-west-1:888899990000:key/1",
		"SLR", "arn:aws:iam::"+account+":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
		"DEDICATED", "arn:aws:iam::"+account+":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_payments",
		"PERSON", "arn:aws:iam::"+account+":user/admin", "BUS", "arn:aws:events:us-east-1:"+hub+":event-bus/keymend",
		"GROUP", "arn:aws:autoscaling:eu-west-1:"+account+":autoScalingGroup:1:autoScalingGroupName/web", "TEMPLATE", "arn:aws:ec2:eu-west-1:"+account+":launch-template/lt-1",
		"=EC2", "=ec2.eu-west-1.amazonaws.com", "EIGHT", "CreateGrant,Decrypt,DescribeKey,Encrypt,GenerateDataKey,GenerateDataKeyWithoutPlaintext,ReEncryptFrom,ReEncryptTo",
		"QUEUE-", "arn:aws:sqs:eu-west-1:"+hub+":keymend-", "LOG-", "arn:aws:logs:eu-west-1:"+hub+":log-group:/aws/lambda/keymend-",
		"ROLE-", "arn:aws:iam::"+account+":role/keymend-", "LEFT-", "arn:aws:iam::777788889999:role/keymend-", "LISTER", "arn:aws:iam::"+listing+":role/keymend-lister",
		"MEMBER", account, "HUB", hub,
	).Replace(word)
}

// home adds what a request on the resource has by the account that it is in.
func (c call) home() call {
	part := strings.SplitN(c.resource, ":", 6)
	if len(part) < 6 || part[4] == "" {
		return c
	}
	c.with["aws:resourceaccount"] = []string{part[4]}
	switch part[4] {
	case "777788889999":
		c.with["aws:resourceorgid"] = []string{"o-0000000000"}
	case "888899990000":
	default:
		if c.with["aws:resourceorgid"] != nil {
			return c
		}
		c.with["aws:resourceorgid"] = []string{organization}
	}
	return c
}

// outside is a call of a function's as somebody makes it who stole its credentials.
func (c call) outside() call {
	with := map[string][]string{}
	for k, v := range c.with {
		if k != "lambda:sourcefunctionarn" {
			with[k] = v
		}
	}
	c.with, c.want, c.name = with, access.Denied, c.name+" from outside of the function"
	return c
}

// ask decides the call by a role's policies; a role that isn't there may nothing.
func (c call) ask(policies []*keypolicy.Document) access.Decision {
	return access.Identity(policies, c.action, c.resource, access.Context{Values: c.with, Complete: true}).Decision
}
