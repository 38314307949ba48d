package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/grant"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
)

const (
	account = "111122223333"
	keyARN  = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
	slr     = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	spot    = "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
	root    = `{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
)

func policy(s ...string) *keypolicy.Document {
	d, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(s, ",") + `]}`)
	if err != nil {
		panic(err)
	}
	return d
}

// broken is the main case: the policy delegates to the account, and the role
// has nothing of it.
func broken(changes ...func(*plan.Finding)) plan.Finding {
	f := plan.Finding{
		Account: account, Region: "eu-west-1", Group: "web-prod",
		Because:    []string{"/dev/xvda: lt-1 v1"},
		Principal:  access.Principal{ARN: slr, ID: "AROAEXAMPLE1234567890"},
		Operations: []string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext"},
		Facts: access.Facts{
			Key:    access.Key{ARN: keyARN, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS"},
			Policy: policy(root),
		},
	}
	for _, c := range changes {
		c(&f)
	}
	return f.Evaluate()
}

func state(s string) func(*plan.Finding) { return func(f *plan.Finding) { f.Facts.Key.State = s } }

func policyIs(s ...string) func(*plan.Finding) {
	return func(f *plan.Finding) { f.Facts.Policy = policy(s...) }
}

func keyIs(arn string) func(*plan.Finding) { return func(f *plan.Finding) { f.Facts.Key.ARN = arn } }

func TestNoFix(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		f     plan.Finding
		o     plan.Options
		want  plan.NoFixReason
		says  string // in Text
		offer string // in Remedy, or in what does it
	}{
		"allowed already":  {broken(policyIs(root, `{"Effect":"Allow","Principal":{"AWS":"`+slr+`"},"Action":"kms:*","Resource":"*"}`)), plan.Options{}, plan.NothingToDo, "may use", ""},
		"disabled":         {broken(state("Disabled")), plan.Options{}, plan.KeyNotUsable, "is disabled", "enable-key --key-id " + keyARN},
		"deleting":         {broken(state("PendingDeletion")), plan.Options{}, plan.KeyNotUsable, "is pending deletion", "cancel-key-deletion"},
		"replica deleting": {broken(state("PendingReplicaDeletion")), plan.Options{}, plan.KeyNotUsable, "is pending replica deletion", "another key"},
		"to be imported":   {broken(state("PendingImport")), plan.Options{}, plan.KeyNotUsable, "is pending import", "import-key-material"},
		"store apart":      {broken(state("Unavailable")), plan.Options{}, plan.KeyNotUsable, "unavailable", "connect-custom-key-store"},
		"being made":       {broken(state("Creating")), plan.Options{}, plan.KeyNotUsable, "creating", "Wait"},
		"a new state":      {broken(state("Sleeping")), plan.Options{}, plan.KeyNotUsable, "sleeping", "another key"},
		"state not seen":   {broken(state("")), plan.Options{}, plan.KeyNotUsable, "isn't known", "kms:DescribeKey"},
		"asymmetric":       {broken(func(f *plan.Finding) { f.Facts.Key.Spec, f.Facts.Key.Usage = "RSA_2048", "SIGN_VERIFY" }), plan.Options{}, plan.KeyNotSymmetric, "RSA_2048", "SYMMETRIC_DEFAULT"},
		"AWS's of another account": {broken(keyIs("arn:aws:kms:eu-west-1:444455556666:key/1"), func(f *plan.Finding) { f.Facts.Key.Manager = "AWS" }),
			plan.Options{}, plan.ManagedByAWS, "444455556666", "customer managed key"},
		"another Region": {broken(keyIs("arn:aws:kms:us-east-1:111122223333:key/1")), plan.Options{}, plan.OtherRegion, "us-east-1", "eu-west-1"},
		"a multi-Region key, to be made here": {broken(keyIs("arn:aws:kms:us-east-1:111122223333:key/mrk-0a1b")), plan.Options{}, plan.OtherRegion, "us-east-1",
			"else make it. Account 111122223333 runs: aws kms replicate-key --key-id arn:aws:kms:us-east-1:111122223333:key/mrk-0a1b --replica-region eu-west-1 --region us-east-1"},
		"a multi-Region key's other member": {broken(keyIs("arn:aws:kms:us-east-1:111122223333:key/mrk-0a1b")), plan.Options{}, plan.OtherRegion, "us-east-1", "arn:aws:kms:eu-west-1:111122223333:key/mrk-0a1b, if there is one"},
		"denied": {broken(policyIs(root, `{"Sid":"NoRobots","Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:CreateGrant","Resource":"*"}`)),
			plan.Options{}, plan.ExplicitDeny, `#1 "NoRobots"`, "#1"},
		"policy not seen": {broken(func(f *plan.Finding) {
			f.Facts.Policy, f.Facts.PolicyUnreadable = nil, "AccessDeniedException: kms:GetKeyPolicy"
		}),
			plan.Options{}, plan.PolicyUnreadable, "kms:GetKeyPolicy", "kms:GetKeyPolicy"},
		"no such role with a suffix": {broken(func(f *plan.Finding) { f.Principal = access.Principal{ARN: slr + "_pay;ments"} }), plan.Options{}, plan.RoleMissing, "_pay;ments", "'--custom-suffix=pay;ments'"},
		"no such role":               {broken(func(f *plan.Finding) { f.Principal.ID = "" }), plan.Options{}, plan.RoleMissing, slr, "create-service-linked-role"},
		"a Spot fleet's role": {broken(func(f *plan.Finding) {
			f.Principal.ARN = strings.ReplaceAll(strings.ReplaceAll(spot, "spot.", "spotfleet."), "EC2Spot", "EC2SpotFleet")
		}), plan.Options{}, plan.OtherService, "spotfleet.amazonaws.com", "--operations CreateGrant Decrypt"},
		"another account's Spot role": {broken(func(f *plan.Finding) { f.Principal.ARN = strings.ReplaceAll(spot, account, "444455556666") }), plan.Options{}, plan.OtherService, "444455556666", "aws kms create-grant"},
		"no Spot role":                {broken(func(f *plan.Finding) { f.Principal = access.Principal{ARN: spot} }), plan.Options{}, plan.RoleMissing, spot, "--aws-service-name spot.amazonaws.com"},
		"statements only, dead principal": {broken(policyIs(root, `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEGONE123456"},"Action":"kms:*","Resource":"*"}`)),
			plan.Options{OwnKey: "policy"}, plan.PolicyRefused, "AROAEXAMPLEGONE123456", "ownKey"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan.For(tc.f, tc.o)
			if p.NoFix == nil || len(p.Steps) > 0 {
				t.Fatalf("plan: %+v", p)
			}
			if p.NoFix.Reason != tc.want || !strings.Contains(strings.ToLower(p.NoFix.Text), strings.ToLower(tc.says)) || !strings.Contains(p.NoFix.Remedy+quote.Told(p.Run), tc.offer) {
				t.Errorf("got %s: %s / %s%s", p.NoFix.Reason, p.NoFix.Text, p.NoFix.Remedy, quote.Told(p.Run))
			}
			if tc.want != plan.NothingToDo && p.NoFix.Remedy == "" {
				t.Error("it doesn't say what a person must do")
			}
		})
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	long := `{"Sid":"` + strings.Repeat("x", 32000) + `","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/r"},"Action":"kms:Sign","Resource":"*"}`
	stack := func(f *plan.Finding) { f.Tags = map[string]string{"aws:cloudformation:stack-name": "keys"} }
	for name, tc := range map[string]struct {
		f    plan.Finding
		o    plan.Options
		want string
		why  string // in CreateGrant.Why
	}{
		"statements":      {broken(), plan.Options{OwnKey: "auto"}, "EditKeyPolicy", ""},
		"as asked":        {broken(), plan.Options{OwnKey: "grant"}, "CreateGrant", "settings"},
		"the Spot role":   {broken(func(f *plan.Finding) { f.Principal.ARN = spot }), plan.Options{OwnKey: "auto"}, "EditKeyPolicy", ""},
		"Spot by a grant": {broken(func(f *plan.Finding) { f.Principal.ARN = spot }), plan.Options{OwnKey: "grant"}, "CreateGrant", "settings"},
		"policy as asked": {broken(stack), plan.Options{OwnKey: "policy"}, "EditKeyPolicy", ""},
		"dead principal":  {broken(policyIs(root, `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEGONE123456"},"Action":"kms:*","Resource":"*"}`)), plan.Options{OwnKey: "auto"}, "CreateGrant", "AROAEXAMPLEGONE123456"},
		"no room":         {broken(policyIs(root, long)), plan.Options{OwnKey: "auto"}, "CreateGrant", "32768"},
		"a stack's key":   {broken(stack), plan.Options{OwnKey: "auto"}, "CreateGrant", "aws:cloudformation:stack-name=keys"},
		"Terraform's key": {broken(func(f *plan.Finding) { f.Tags = map[string]string{"managed-by": "terraform"} }), plan.Options{OwnKey: "auto", OwnershipTags: []string{"managed-by"}}, "CreateGrant", "managed-by=terraform"},
		"tags not seen":   {broken(func(f *plan.Finding) { f.TagsUnreadable = "denied" }), plan.Options{OwnKey: "auto"}, "CreateGrant", "denied"},
		"updating":        {broken(state("Updating")), plan.Options{OwnKey: "auto"}, "EditKeyPolicy", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan.For(tc.f, tc.o)
			if p.NoFix != nil || len(p.Steps) != 1 || p.Steps[0].Kind() != tc.want || p.Target != keyARN {
				t.Fatalf("plan: %+v %+v", p, p.NoFix)
			}
			if g, ok := p.Steps[0].(grant.Create); ok {
				if !strings.Contains(g.Why, tc.why) || len(g.Operations) != 8 || !strings.HasPrefix(g.Name, "keymend-") {
					t.Errorf("grant: %+v", g)
				}
			}
			if p.OthersAffected != 0 {
				t.Errorf("%d others affected", p.OthersAffected)
			}
		})
	}
}

func TestGrantNameFollowsTheRolesID(t *testing.T) {
	t.Parallel()
	o := plan.Options{OwnKey: "grant"}
	name := func(f plan.Finding) string { return plan.For(f, o).Steps[0].(grant.Create).Name }
	same, reborn := name(broken()), name(broken(func(f *plan.Finding) { f.Principal.ID = "AROAREBORN1234567890" }))
	if same != name(broken()) {
		t.Error("the same grant has two names")
	}
	if same == reborn {
		t.Error("a grant to a role made anew is taken for the old one's")
	}
	if same != "keymend-a00bb81c4330f8e6" {
		t.Errorf("%s: version 1 would give a second grant", same)
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	o := plan.Options{OwnKey: "auto"}
	first := plan.For(broken(), o).Digest
	for name, f := range map[string]plan.Finding{
		"another group, as it is no part of the effect": broken(func(f *plan.Finding) { f.Group = "other" }),
		"the policy written otherwise": broken(func(f *plan.Finding) {
			f.Facts.Policy, _ = keypolicy.Parse(`{ "Statement": ` + root + `, "Version": "2012-10-17" }`)
		}),
	} {
		if got := plan.For(f, o).Digest; got != first {
			t.Errorf("%s: %s, not %s", name, got, first)
		}
	}
	for name, f := range map[string]plan.Finding{
		"another policy": broken(policyIs(root, `{"Sid":"New","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/r"},"Action":"kms:Sign","Resource":"*"}`)),
		"another state":  broken(state("Updating")),
		"another role":   broken(func(f *plan.Finding) { f.Principal.ARN += "_two" }),
		"role made anew": broken(func(f *plan.Finding) { f.Principal.ID = "AROAREBORN1234567890" }),
		"a grant more": broken(func(f *plan.Finding) {
			f.Facts.Grants = []access.Grant{{ID: "1", GranteePrincipal: slr, Operations: []string{"Encrypt"}}}
		}),
	} {
		if got := plan.For(f, o).Digest; got == first {
			t.Errorf("%s: the digest is the same", name)
		}
	}
	if plan.For(broken(), plan.Options{OwnKey: "grant"}).Digest == first {
		t.Error("a grant has the digest of statements")
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	f := broken()
	again := broken(func(f *plan.Finding) { f.Because, f.Facts.Policy = nil, policy(root, root) })
	if f.ID() != again.ID() || f.ID() != "f-8fc865ad7ae1454c" {
		t.Errorf("%s, %s: one finding, also in version 1", f.ID(), again.ID())
	}
	other := broken(func(f *plan.Finding) { f.Account, f.Group = account+"w", "eb-prod" })
	if f.ID() == other.ID() || plan.RemediationID("a") == plan.RemediationID("b") {
		t.Error("two ids are one")
	}
	if diff := cmp.Diff([]string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext"}, f.Decided(access.Denied)); diff != "" {
		t.Error(diff)
	}
}

func notOurs(s keypolicy.Statement) bool {
	return !keypolicy.Owned(s) || !slices.Equal(s.Principal.AWS, []string{slr})
}

func TestCodeIsWhatTheStatementsAre(t *testing.T) {
	t.Parallel()
	f := broken()
	code := f.Code()
	whole, err := keypolicy.Parse(fmt.Sprintf(`{"Version":"2012-10-17","Statement":%s}`, code))
	if err != nil {
		t.Fatal(err)
	}
	f.Facts.Policy = whole
	if got := f.Evaluate(); got.Decision() != access.Allowed || !got.ByKeymend() || len(whole.Statements()) != 2 || slices.ContainsFunc(whole.Statements(), notOurs) {
		t.Errorf("%s gives %s", code, got.Decision())
	}
	f.Principal.ARN = "arn:aws:iam::111122223333:role/admin"
	if f.Code() != "" {
		t.Error("code for a role that is no service-linked role")
	}
}
