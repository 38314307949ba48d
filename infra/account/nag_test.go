package account_test

import (
	"fmt"
	"strings"
	"testing"

	"keymend/infra/golden"
)

// accepted are what cdk-nag's AwsSolutions finds, each with why it stays. Which
// action goes with which resource, and why, is in docs/permissions.md; an
// end-to-end test takes each away and sees what fails.
func accepted() map[string]string {
	const (
		keys     = "arn:<AWS::Partition>:kms:*:<AWS::AccountId>:key/*"
		logs     = "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/lambda/keymend-"
		anyKey   = "Which key a group needs is known only when it fails. Each session is narrowed to one by a session policy, and "
		describe = "Describe and List actions take no resource."
	)
	out := map[string]string{}
	for at, why := range map[string]string{
		"ReaderRole *":          describe,
		"ReaderRole " + keys:    anyKey + "the role only reads.",
		"KeyReaderRole *":       describe,
		"KeyReaderRole " + keys: anyKey + "the role only reads.",
		"GranterRole " + keys:   anyKey + "conditions bind grantee, operations and the owner's tag.",
		"PolicyWriterRole " + keys: anyKey + "a condition asks for the owner's tag. IAM can't look into the policy that is written: " +
			"the guard does, and docs/security.md says what that means.",
		"CopierRole " + keys: anyKey + "a condition lets it be used by way of EC2 only.",
		"ReaderRole arn:<AWS::Partition>:ssm:*:<AWS::AccountId>:parameter/*":                                                                  "A launch template names any parameter for its image, and EC2 resolves it in the caller's name.",
		"ReaderRole arn:<AWS::Partition>:ssm:*::parameter/aws/service/*":                                                                      "AWS's public parameters; the same.",
		"ReaderRole arn:<AWS::Partition>:iam::<AWS::AccountId>:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*": "Service-linked roles of Auto Scaling, whose suffixes their owners chose.",
		"CopierRole arn:<AWS::Partition>:ec2:*::image/*":                                                                                      "The ids of copies are EC2's to give; tags bind what may be marked and taken away, and sessions are narrowed to one source.",
		"CopierRole arn:<AWS::Partition>:ec2:*::snapshot/*":                                                                                   "The same.",
		"CopierRole arn:<AWS::Partition>:ec2:*:<AWS::AccountId>:launch-template/*":                                                            "Which template a failing group launches from isn't known beforehand; sessions are narrowed to one.",
		"DiagnoseRole " + logs + "remediate:*":                                                                                                "The one log group that has the intents, named as IAM wants it: with its streams.",
		"DiagnoseRole " + logs + "diagnose:*":                                                                                                 "Log streams are Lambda's to name, within the function's own log group.",
		"RemediateRole " + logs + "remediate:*":                                                                                               "The same.",
		"ApproverRole " + logs + "diagnose:*":                                                                                                 "The same.",
		"RemediateRole " + logs + "diagnose:*":                                                                                                "The same.",
	} {
		role, resource, _ := strings.Cut(at, " ")
		out[fmt.Sprintf("/keymend/Roles/%s AwsSolutions-IAM5[Resource::%s]", role, resource)] = why
	}
	return out
}

// Statements that hang on a condition cdk-nag doesn't look into. TestNoRoleHasWildcardActions
// of infra/template looks at all of them.
func TestNagFindsOnlyWhatIsAccepted(t *testing.T) {
	app, stacks := newStacks(t, t.TempDir(), "")
	found := golden.Nag(app, stacks...)
	for finding, text := range found {
		if accepted()[finding] == "" {
			t.Errorf("%s: %s", finding, text)
		}
	}
	app, stacks = newStacks(t, t.TempDir(), "eu-west-1,us-east-1")
	for finding, text := range golden.Nag(app, stacks[1]) {
		t.Errorf("%s: %s", finding, text)
	}
	for finding := range accepted() {
		if found[finding] == "" {
			t.Errorf("%s is accepted, and isn't found any more: take it off the list", finding)
		}
	}
}
