package permission_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/permission"
)

// longest is how many characters a service control policy may have, white space and all.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
const longest = 5120

// guardrail reads a policy of docs/policies beside the one that AWS attaches everywhere.
func guardrail(t *testing.T, file string) []*keypolicy.Document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "policies", file))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > longest {
		t.Errorf("%s has %d characters, more than %d", file, len(text), longest)
	}
	var out []*keypolicy.Document
	for _, one := range []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, string(text)} {
		d, err := keypolicy.Parse(one)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, d)
	}
	return out
}

// A request is an action on a resource by a role of the account, and further facts, as
// in "aws:tagkeys=keymend".
type request struct {
	action, resource, role string
	facts                  []string
}

func (r request) decision(policies []*keypolicy.Document) access.Decision {
	values := map[string][]string{"aws:principalarn": {"arn:aws:iam::111122223333:role/" + r.role}, "aws:principalisawsservice": {"false"}}
	for _, fact := range r.facts {
		key, value, _ := strings.Cut(fact, "=")
		values[key] = strings.Split(value, ",")
	}
	return access.Identity(policies, r.action, r.resource, access.Context{Complete: true, Values: values}).Decision
}

// Each ready policy denies what it is for, and spares who has to do it.
func TestGuardrails(t *testing.T) {
	t.Parallel()
	const (
		exec, cfn = "stacksets-exec-0123456789abcdef", "cdk-hnb659fds-cfn-exec-role-111122223333-eu-west-1"
		assets    = "arn:aws:s3:::cdk-hnb659fds-assets-111122223333-eu-west-1"
		point     = "arn:aws:s3:eu-west-1:111122223333:accesspoint/a"
		account   = ":eu-west-1:111122223333:"
		queue     = "arn:aws:sqs" + account + "keymend-changes.fifo"
		function  = "arn:aws:lambda" + account + "function:keymend-remediate"
		bus       = "arn:aws:events" + account + "event-bus/keymend"
		records   = "arn:aws:logs" + account + "log-group:/aws/lambda/keymend-remediate:log-stream:a"
		stack     = "arn:aws:cloudformation" + account + "stack/"
		wave      = "arn:aws:ssm" + account + "parameter/keymend/wave"
	)
	role := func(name string) string { return "arn:aws:iam::111122223333:role/" + name }
	for file, cases := range map[string]struct{ denies, spares []request }{
		"consent-guard.json": {
			[]request{
				{"kms:TagResource", keyARN, "admin", []string{"aws:tagkeys=team,keymend"}}, {"kms:TagResource", keyARN, "admin", []string{"aws:tagkeys=Keymend"}},
				{"kms:UntagResource", keyARN, "admin", []string{"aws:tagkeys=keymend-accounts"}}, {"kms:TagResource", keyARN, "admin", []string{"aws:tagkeys=keymend-copy"}},
				{"iam:CreateRole", role("key-consent"), "admin", nil}, {"iam:UpdateAssumeRolePolicy", role("key-consent"), "key-consent", nil},
				{"iam:PassRole", role("key-consent"), "admin", nil},
			},
			[]request{
				{"kms:TagResource", keyARN, "key-consent", []string{"aws:tagkeys=keymend"}}, {"kms:TagResource", keyARN, "admin", []string{"aws:tagkeys=team"}},
				{"kms:CreateKey", "*", "admin", nil}, {"iam:CreateRole", role("key-consent"), exec, nil}, {"iam:CreateRole", role("other"), "admin", nil},
				{"sts:AssumeRole", role("key-consent"), "admin", nil},
			},
		},
		"grants-by-services.json": {
			[]request{{"kms:CreateGrant", keyARN, "admin", []string{"kms:grantisforawsresource=false"}}, {"kms:CreateGrant", keyARN, "keymend-remediate", nil}},
			[]request{
				{"kms:CreateGrant", keyARN, "keymend-granter", []string{"kms:grantisforawsresource=false"}}, {"kms:CreateGrant", keyARN, "admin", []string{"kms:grantisforawsresource=true"}},
				{"kms:ListGrants", keyARN, "admin", nil},
			},
		},
		"members.json": {
			[]request{
				{"iam:PutRolePolicy", role("keymend-granter"), "admin", nil}, {"iam:UpdateAssumeRolePolicy", role("keymend-reader"), "admin", nil}, {"iam:PassRole", role("keymend-forwarder"), "admin", nil},
				{"iam:DeleteRole", role("keymend-reader"), "keymend-granter", nil}, {"events:PutTargets", "arn:aws:events" + account + "rule/keymend-own-writes", "admin", nil},
				{"events:DisableRule", "arn:aws:events" + account + "rule/keymend-launch-unsuccessful", "admin", nil}, {"ssm:PutParameter", wave, "admin", nil},
				{"cloudformation:DeleteStack", stack + "StackSet-keymend-roles-1/a", "admin", nil}, {"iam:CreateRole", role("stacksets-exec-evil/x"), "admin", nil},
			},
			[]request{
				{"iam:PutRolePolicy", role("keymend-granter"), exec, nil}, {"events:PutRule", "arn:aws:events" + account + "rule/keymend-own-writes", exec, nil}, {"ssm:PutParameter", wave, exec, nil},
				{"iam:PutRolePolicy", role("web"), "admin", nil}, {"iam:GetRole", role("keymend-granter"), "admin", nil}, {"events:PutRule", "arn:aws:events" + account + "rule/web", "admin", nil},
				{"ssm:PutParameter", "arn:aws:ssm" + account + "parameter/keymend/switch", "admin", nil}, {"cloudformation:UpdateStack", stack + "web/a", "admin", nil},
			},
		},
		"hub.json": {
			[]request{
				{"lambda:UpdateFunctionCode", function, "admin", nil}, {"lambda:UpdateFunctionConfiguration", function, "admin", nil}, {"lambda:AddPermission", function, "admin", nil},
				{"lambda:InvokeFunction", function, "admin", nil}, {"lambda:CreateEventSourceMapping", "*", "admin", []string{"lambda:functionarn=" + function}},
				{"iam:PassRole", role("keymend-remediate"), "admin", nil}, {"iam:UpdateAssumeRolePolicy", role("keymend-remediate"), "admin", nil}, {"iam:PutRolePolicy", role("keymend-deploy"), "admin", nil},
				{"iam:PassRole", role(cfn), "admin", nil}, {"sts:AssumeRole", role("cdk-hnb659fds-deploy-role-111122223333-eu-west-1"), "admin", nil}, {"s3:PutObject", assets + "/a.zip", "admin", nil},
				{"s3:PutBucketPolicy", assets, "admin", nil}, {"s3:PutBucketAcl", assets, "admin", nil}, {"s3:DeleteBucketPolicy", assets, "admin", nil}, {"s3:DeleteBucket", assets, "admin", nil}, {"s3:CreateBucket", assets, "admin", nil},
				{"s3:PutBucketVersioning", assets, "admin", nil}, {"s3:PutReplicationConfiguration", assets, "admin", nil}, {"s3:PutLifecycleConfiguration", assets, "admin", nil}, {"s3:ReplicateObject", assets + "/a.zip", "admin", nil},
				{"s3:CreateAccessPoint", point, "admin", nil}, {"s3:CreateMultiRegionAccessPoint", "arn:aws:s3::111122223333:accesspoint/a.mrap", "admin", nil}, {"s3:PutObject", point + "/object/a.zip", "admin", nil},
				{"iam:CreateRole", role("cdk-evil-cfn-exec-role-x"), "admin", nil}, {"iam:UpdateAssumeRolePolicy", role(cfn), "admin", nil}, {"iam:UpdateAssumeRolePolicy", role("keymend-deploy"), "admin", nil},
				{"cloudformation:UpdateStack", stack + "keymend-hub-eu-west-1/a", "admin", nil}, {"cloudformation:ExecuteChangeSet", stack + "keymend-hub-roles/a", "admin", nil},
				{"sqs:SendMessage", queue, "admin", nil}, {"sqs:SetQueueAttributes", queue, "admin", nil}, {"sqs:PurgeQueue", queue, "admin", nil},
				{"events:PutPermission", "*", "admin", nil}, {"events:RemovePermission", "*", "admin", nil}, {"events:PutEvents", bus, "admin", nil}, {"events:PutTargets", "arn:aws:events" + account + "rule/keymend/keymend-own-writes", "admin", nil},
				{"logs:PutLogEvents", records, "admin", nil}, {"logs:DeleteLogGroup", "arn:aws:logs" + account + "log-group:/aws/lambda/keymend-remediate", "admin", nil},
			},
			[]request{
				{"lambda:UpdateFunctionCode", function, cfn, nil}, {"lambda:UpdateFunctionCode", "arn:aws:lambda" + account + "function:web", "admin", nil}, {"lambda:GetFunction", function, "admin", nil},
				{"lambda:CreateEventSourceMapping", "*", "admin", []string{"lambda:functionarn=arn:aws:lambda" + account + "function:web"}}, {"lambda:CreateEventSourceMapping", "*", cfn, []string{"lambda:functionarn=" + function}},
				{"sts:AssumeRole", role("cdk-hnb659fds-deploy-role-111122223333-eu-west-1"), "keymend-deploy", nil}, {"iam:PassRole", role(cfn), "cdk-hnb659fds-deploy-role-111122223333-eu-west-1", nil},
				{"cloudformation:CreateChangeSet", stack + "keymend-hub-roles/a", "cdk-hnb659fds-deploy-role-111122223333-eu-west-1", nil}, {"s3:PutObject", assets + "/a.zip", "cdk-hnb659fds-file-publishing-role-111122223333-eu-west-1", nil},
				{"iam:PassRole", role("keymend-remediate"), cfn, nil}, {"iam:PutRolePolicy", role("keymend-granter"), exec, nil}, {"events:PutPermission", "*", cfn, nil}, {"sqs:SetQueueAttributes", queue, cfn, nil},
				{"sqs:SendMessage", queue, "keymend-diagnose", nil}, {"sqs:ReceiveMessage", queue, "keymend-remediate", nil}, {"logs:PutLogEvents", records, "keymend-remediate", nil}, {"events:PutEvents", bus, "keymend-forwarder", nil},
				{"ssm:PutParameter", "arn:aws:ssm" + account + "parameter/keymend/hub/switch", "admin", nil}, {"logs:FilterLogEvents", records, "admin", nil}, {"sts:AssumeRole", role("web"), "admin", nil},
				{"s3:PutBucketPolicy", assets, "keymend-deploy", nil}, {"s3:PutBucketPolicy", "arn:aws:s3:::web", "admin", nil}, {"s3:GetObject", assets + "/a.zip", "admin", nil}, {"s3:GetObject", assets + "/a.zip", cfn, nil},
			},
		},
		"emergency.json": {
			[]request{
				{"sts:AssumeRole", "arn:aws:iam::444455556666:role/keymend-granter", "keymend-remediate", nil}, {"sts:AssumeRole", "arn:aws:iam::444455556666:role/keymend-reader", "keymend-diagnose", nil},
				{"kms:CreateGrant", keyARN, "keymend-granter", nil}, {"kms:PutKeyPolicy", keyARN, "keymend-policy-writer", nil},
			},
			[]request{{"sts:AssumeRole", role("web"), "admin", nil}, {"logs:PutLogEvents", records, "keymend-remediate", nil}, {"kms:DescribeKey", keyARN, "keymend-reader", nil}},
		},
	} {
		policies := guardrail(t, file)
		for want, requests := range map[access.Decision][]request{access.Denied: cases.denies, access.Allowed: cases.spares} {
			for _, r := range requests {
				if got := r.decision(policies); got != want {
					t.Errorf("%s: %s on %s by %s, %v: %s, want %s", file, r.action, r.resource, r.role, r.facts, got, want)
				}
			}
		}
	}
}

// Nobody becomes a role that a ready policy spares: whoever such a policy binds, StackSets'
// own roles too, neither makes nor changes one of theirs. Their service-linked role does,
// which no service control policy binds.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func TestNobodyBecomesStackSets(t *testing.T) {
	t.Parallel()
	const exec = "stacksets-exec-0123456789abcdef"
	for _, file := range []string{"consent-guard.json", "members.json", "hub.json"} {
		policies := guardrail(t, file)
		for action := range strings.FieldsSeq("AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DetachRolePolicy PutRolePermissionsBoundary PutRolePolicy UpdateAssumeRolePolicy UpdateRole") {
			for _, by := range []string{"admin", "key-consent", "keymend-deploy", "cdk-hnb659fds-cfn-exec-role-111122223333-eu-west-1", exec} {
				one := request{"iam:" + action, "arn:aws:iam::111122223333:role/stacksets-exec-evil", by, nil}
				if got := one.decision(policies); got != access.Denied {
					t.Errorf("%s: %s by %s: %s", file, one.action, by, got)
				}
			}
		}
	}
}

// No ready policy stops what Keymend's own roles do, but for the one that is there to.
func TestGuardrailsSpareKeymend(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"consent-guard.json", "grants-by-services.json", "members.json", "hub.json"} {
		policies := guardrail(t, file)
		for place, roles := range map[*permission.Place][]permission.Role{new(member()): permission.Members(), new(ofHub()): permission.Hub()} {
			for _, r := range roles {
				for _, p := range permission.For(r, *place) {
					byEBS := "false" // the copier's grants are EBS's own
					if p.Condition["Bool"]["kms:GrantIsForAWSResource"] != nil {
						byEBS = "true"
					}
					one := request{p.Action, p.Resource, "keymend-" + string(r), []string{"kms:grantisforawsresource=" + byEBS}}
					if got := one.decision(policies); got != access.Allowed {
						t.Errorf("%s: %s on %s by %s: %s", file, p.Action, p.Resource, r, got)
					}
				}
			}
		}
	}
}
