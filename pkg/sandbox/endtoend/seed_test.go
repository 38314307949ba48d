package endtoend_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/record"
)

func (w *world) alias(name, key string) {
	w.t.Helper()
	_, err := w.kms.CreateAlias(w.t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: &key})
	must(w.t, err)
}

func (w *world) defaultKey(key string) {
	w.t.Helper()
	_, err := w.ec2.ModifyEbsDefaultKmsKeyId(w.t.Context(), &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: &key})
	must(w.t, err)
}

func (w *world) encryptByDefault() {
	w.t.Helper()
	_, err := w.ec2.EnableEbsEncryptionByDefault(w.t.Context(), &ec2.EnableEbsEncryptionByDefaultInput{})
	must(w.t, err)
}

func (w *world) parameter(name, value string) {
	w.t.Helper()
	_, err := w.ssm.PutParameter(w.t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: new(true),
	})
	must(w.t, err)
}

func (w *world) noParameter(name string) {
	w.t.Helper()
	_, err := w.ssm.DeleteParameter(w.t.Context(), &ssm.DeleteParameterInput{Name: &name})
	must(w.t, err)
}

func (w *world) putPolicy(key, policy string) {
	w.t.Helper()
	_, err := w.kms.PutKeyPolicy(w.t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: &policy})
	must(w.t, err)
}

// deadPrincipal leaves the id of a deleted role in the key's policy.
func (w *world) deadPrincipal(key string) {
	w.t.Helper()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	_, err := w.iam.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: new("deployer"), AssumeRolePolicyDocument: &trust})
	must(w.t, err)
	w.putPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"Deployer","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:role/deployer"},"Action":"kms:Decrypt","Resource":"*"},`, 1))
	_, err = w.iam.DeleteRole(w.t.Context(), &iam.DeleteRoleInput{RoleName: new("deployer")})
	must(w.t, err)
	if p := w.policy(key); !strings.Contains(p, "AROA") {
		w.t.Fatalf("the deleted role doesn't stand as its id: %s", p)
	}
}

// longPolicy fills the key's policy up to what KMS allows.
func (w *world) longPolicy(key string) {
	w.t.Helper()
	for n := 40; ; n-- {
		var statements []string
		for i := range n {
			statements = append(statements, fmt.Sprintf(`{"Sid":"Filler%03d%s","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:ListAliases","Resource":"*"}`, i, strings.Repeat("x", 620), account))
		}
		policy := strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+strings.Join(statements, ",")+",", 1)
		if _, err := w.kms.PutKeyPolicy(w.t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: &policy}); err == nil {
			return
		}
	}
}

// waiting counts the messages of a queue, in flight or not.
func (w *world) waiting(queue string) string {
	w.t.Helper()
	url, err := w.sqs.GetQueueUrl(w.t.Context(), &sqs.GetQueueUrlInput{QueueName: &queue})
	must(w.t, err)
	out, err := w.sqs.GetQueueAttributes(w.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	must(w.t, err)
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// revoke takes one permission out of a role's policies, as an administrator would.
func (w *world) revoke(role permission.Role, action, resource string) {
	w.t.Helper()
	name := "keymend-" + string(role)
	list, err := w.iam.ListRolePolicies(w.t.Context(), &iam.ListRolePoliciesInput{RoleName: &name})
	must(w.t, err)
	for _, policy := range list.PolicyNames {
		out, err := w.iam.GetRolePolicy(w.t.Context(), &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
		must(w.t, err)
		_, err = w.iam.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: new(without(w, *out.PolicyDocument, action, resource))})
		must(w.t, err)
	}
}

// without returns a policy (URL-encoded, as IAM returns it) that lacks the one
// statement with the action on the resource.
func without(w *world, policy, action, resource string) string {
	w.t.Helper()
	policy, err := url.QueryUnescape(policy)
	must(w.t, err)
	var doc struct {
		Version   string
		Statement []map[string]any
	}
	must(w.t, json.Unmarshal([]byte(policy), &doc))
	before := len(doc.Statement)
	doc.Statement = slices.DeleteFunc(doc.Statement, func(s map[string]any) bool {
		return s["Action"] == action && s["Resource"] == resource
	})
	if len(doc.Statement) != before-1 {
		w.t.Fatalf("the role's policy has not one statement with %s on %s: %s", action, resource, policy)
	}
	if len(doc.Statement) == 0 {
		doc.Statement = append(doc.Statement, map[string]any{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"})
	}
	text, err := json.Marshal(doc)
	must(w.t, err)
	return string(text)
}

// story is what the functions wrote, for a test's failure.
func (w *world) story() string {
	w.t.Helper()
	var b strings.Builder
	for _, name := range []string{"diagnose", "remediate"} {
		for _, line := range w.lines("/aws/lambda/keymend-" + name) {
			b.WriteString(name + ": " + line + "\n")
		}
	}
	return b.String()
}

// wantFinding fails unless a finding about the key says what it should.
func (w *world) wantFinding(group, key, says string) {
	w.t.Helper()
	for _, r := range w.records() {
		text, err := json.Marshal(r)
		must(w.t, err)
		if r.Phase == record.Finding && r.Group == group && r.Key == key && strings.Contains(string(text), says) {
			return
		}
	}
	w.t.Errorf("no finding about %s says %q\n%v", key, says, w.story())
}

// wantOutcome fails unless a record about the group has the outcome.
func (w *world) wantOutcome(group string, want outcome.Outcome) {
	w.t.Helper()
	if !slices.ContainsFunc(w.records(), func(r record.Record) bool { return r.Group == group && r.Outcome == want }) {
		w.t.Errorf("no record of %q has the outcome %s\n%v", group, want, w.story())
	}
}

// wantUntouched fails if Keymend changed anything.
func (w *world) wantUntouched() {
	w.t.Helper()
	if n := w.writes(); n != 0 {
		w.t.Errorf("%d writes, want 0\n%v", n, w.story())
	}
}
