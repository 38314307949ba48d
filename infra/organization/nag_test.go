package organization_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/infra/golden"
)

// accepted are the resources with a wildcard that the roles of members and hub have
// beyond those of an account (infra/account), and some that they share, each with why it
// stays. Which action goes with which resource is in docs/permissions.md.
func accepted() map[string]string {
	const (
		describe = "Describe and List actions take no resource."
		keys     = "Which key a group needs is known only when it fails. Each session is narrowed to one; conditions bind the owner's tag, or the organization."
		regions  = "The roles serve each Region of the account, and are made once."
		members  = "Accounts join and leave; a condition binds them to the organization, and their trusts the hub."
		copies   = "The ids of copies are EC2's to give; tags bind what may be marked and taken away, and sessions are narrowed to one source."
	)
	return map[string]string{
		"*": describe,
		"arn:<AWS::Partition>:kms:*:<AWS::AccountId>:key/*": keys, "arn:<AWS::Partition>:kms:*:*:key/*": keys,
		"arn:<AWS::Partition>:ssm:*::parameter/aws/service/*":                                                                      "AWS's public parameters.",
		"arn:<AWS::Partition>:ssm:*:<AWS::AccountId>:parameter/keymend/switch":                                                     regions,
		"arn:<AWS::Partition>:ssm:*:<AWS::AccountId>:parameter/keymend/wave":                                                       regions,
		"arn:<AWS::Partition>:iam::<AWS::AccountId>:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*": "Service-linked roles of Auto Scaling, whose suffixes their owners chose.",
		"arn:<AWS::Partition>:ec2:*::image/*":                                                                                      copies, "arn:<AWS::Partition>:ec2:*::snapshot/*": copies,
		"arn:<AWS::Partition>:ec2:*:<AWS::AccountId>:launch-template/*": "Which template a failing group launches from isn't known beforehand; sessions are narrowed to one.",
		"arn:<AWS::Partition>:events:*:<HubAccount>:event-bus/keymend":  regions,
		"arn:<AWS::Partition>:iam::<AWS::AccountId>:role/keymend-*":     "Keymend's own roles, whose tags are read.",
		"arn:<AWS::Partition>:events:*:<AWS::AccountId>:rule/keymend-*": "Keymend's own rules, in each Region of the account.",
		"arn:<AWS::Partition>:cloudtrail:*:*:trail/*":                   "Which trail logs an account isn't known beforehand, and an organization's is another account's; the role only reads.",

		"arn:<AWS::Partition>:sqs:*:<AWS::AccountId>:keymend-signals": regions, "arn:<AWS::Partition>:sqs:*:<AWS::AccountId>:keymend-looks": regions,
		"arn:<AWS::Partition>:sqs:*:<AWS::AccountId>:keymend-drift.fifo":                         regions,
		"arn:<AWS::Partition>:events:*:<AWS::AccountId>:event-bus/default":                       regions,
		"arn:<AWS::Partition>:sqs:*:<AWS::AccountId>:keymend-changes.fifo":                       regions,
		"arn:<AWS::Partition>:ssm:*:<AWS::AccountId>:parameter<SwitchParameter>":                 regions,
		"arn:<AWS::Partition>:logs:*:<AWS::AccountId>:log-group:/aws/lambda/keymend-diagnose:*":  regions + " Log streams are Lambda's to name.",
		"arn:<AWS::Partition>:logs:*:<AWS::AccountId>:log-group:/aws/lambda/keymend-remediate:*": regions + " Log streams are Lambda's to name.",
		"arn:<AWS::Partition>:iam::*:role/keymend-reader":                                        members,
		"arn:<AWS::Partition>:iam::*:role/keymend-granter":                                       members,
		"arn:<AWS::Partition>:iam::*:role/keymend-policy-writer":                                 members,
		"arn:<AWS::Partition>:iam::*:role/keymend-notifier":                                      members,
	}
}

// Statements that hang on a condition cdk-nag doesn't look into; the tests of
// infra/template look at all of them.
func TestNagFindsOnlyWhatIsAccepted(t *testing.T) {
	app := newApp(t, t.TempDir())
	var stacks []awscdk.Stack
	for _, child := range *app.Node().Children() {
		if stack, ok := child.(awscdk.Stack); ok {
			stacks = append(stacks, stack)
		}
	}
	found := map[string]bool{}
	for finding, text := range golden.Nag(app, stacks...) {
		_, resource, wildcard := strings.Cut(finding, " AwsSolutions-IAM5[Resource::")
		resource = strings.TrimSuffix(resource, "]")
		if !wildcard || accepted()[resource] == "" {
			t.Errorf("%s: %s", finding, text)
		}
		found[resource] = true
	}
	for resource := range accepted() {
		if !found[resource] {
			t.Errorf("%s is accepted, and isn't found any more: take it off the list", resource)
		}
	}
	if len(stacks) != 7 {
		t.Errorf("%d stacks", len(stacks))
	}
}
