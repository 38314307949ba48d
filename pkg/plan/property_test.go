package plan_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/statements"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

func principals() []string {
	return []string{
		"*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root", slr, slr + "_two",
		"arn:aws:iam::111122223333:role/admin", "arn:aws:iam::111122223333:user/ann",
		"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
		"arn:aws:sts::111122223333:assumed-role/admin/ann", "AROAEXAMPLEGONE123456",
	}
}

func drawStatement(t *rapid.T, i int) map[string]any {
	s := map[string]any{
		"Effect":   rapid.SampledFrom([]string{"Allow", "Allow", "Allow", "Deny"}).Draw(t, "effect"),
		"Action":   rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"kms:*", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey", "kms:PutKeyPolicy"}), 1, 3, rapid.ID).Draw(t, "action"),
		"Resource": "*",
	}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(principals()), 1, 3, rapid.ID).Draw(t, "principal")
	member := rapid.SampledFrom([]string{"Principal", "Principal", "Principal", "Principal", "NotPrincipal"}).Draw(t, "member")
	s[member] = map[string]any{"AWS": names}
	if rapid.Bool().Draw(t, "sid") {
		s["Sid"] = rapid.SampledFrom([]string{"A", "B", "KeymendUse", "KeymendCreateGrant", "Allow use of the key"}).Draw(t, "name") + string(rune('a'+i))
	}
	switch rapid.IntRange(0, 6).Draw(t, "condition") {
	case 0:
		s["Condition"] = map[string]any{"StringEquals": map[string]any{"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}
	case 1:
		s["Condition"] = map[string]any{"StringEquals": map[string]any{"kms:CallerAccount": rapid.SampledFrom([]string{account, "444455556666"}).Draw(t, "caller")}}
	case 2:
		s["Condition"] = map[string]any{"Bool": map[string]any{"kms:GrantIsForAWSResource": true}}
	case 3:
		s["Condition"] = map[string]any{"ArnLike": map[string]any{"aws:PrincipalArn": slr + "*"}}
	}
	return s
}

func drawFinding(t *rapid.T) (plan.Finding, plan.Options) {
	list := []any{}
	for i := range rapid.IntRange(0, 4).Draw(t, "statements") {
		list = append(list, drawStatement(t, i))
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
	if err != nil {
		t.Fatal(err)
	}
	d, err := keypolicy.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	f := broken(func(f *plan.Finding) {
		f.Facts.Policy = d
		f.Principal.ARN = rapid.SampledFrom([]string{slr, slr, slr, spot}).Draw(t, "role")
		f.Facts.Key.State = rapid.SampledFrom([]string{"Enabled", "Enabled", "Enabled", "Updating", "Disabled", ""}).Draw(t, "state")
		f.Operations = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}), 1, 5, rapid.ID).Draw(t, "operations")
		if rapid.Bool().Draw(t, "stack") {
			f.Tags = map[string]string{"aws:cloudformation:stack-name": "s"}
		}
		if rapid.IntRange(0, 3).Draw(t, "granted") == 0 {
			f.Facts.Grants = []access.Grant{{ID: "g", GranteePrincipal: slr, Operations: []string{"Decrypt"}}}
		}
	})
	return f, plan.Options{OwnKey: rapid.SampledFrom([]settings.OwnKey{"auto", "policy", "grant", "?"}).Draw(t, "ownKey")}
}

// Invariant 4: after a plan is applied, access evaluates as Allowed for exactly
// the planned principal. Whatever has no plan has a reason and no steps.
func TestPlansOpenTheKey(t *testing.T) {
	t.Parallel()
	planned := 0
	rapid.Check(t, func(t *rapid.T) {
		f, o := drawFinding(t)
		p := plan.For(f, o)
		if p.NoFix != nil {
			if len(p.Steps) > 0 || p.NoFix.Reason == "" || p.NoFix.Text == "" || p.Digest == "" {
				t.Fatalf("%+v", p)
			}
			if (p.NoFix.Reason == plan.NothingToDo) != (f.Decision() == access.Allowed) {
				t.Fatalf("%s for %s", p.NoFix.Reason, f.Decision())
			}
			return
		}
		planned++
		after, err := change.Simulate(f.Facts, p.Steps)
		if err != nil {
			t.Fatal(err)
		}
		f.Facts = after
		if f = f.Evaluate(); f.Decision() != access.Allowed {
			t.Fatalf("still %s by %s", f.Decision(), after.Policy)
		}
		if again := plan.For(f, o); again.NoFix == nil || again.NoFix.Reason != plan.NothingToDo {
			t.Fatalf("a second plan: %+v", again)
		}
	})
	if planned == 0 {
		t.Error("no draw had a plan")
	}
}

// Invariant 5: nobody else's access changes, whoever the policy names and
// whatever is or isn't known about the request.
func TestPlansOpenTheKeyToNobodyElse(t *testing.T) {
	t.Parallel()
	eight := []string{"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant", "PutKeyPolicy"}
	others := []access.Principal{
		{ARN: "arn:aws:iam::111122223333:root"}, {ARN: "arn:aws:iam::444455556666:root"}, {ARN: slr, ID: "AROASLR"}, {ARN: spot, ID: "AROASPOT"}, {ARN: slr + "_two", ID: "AROATWO"},
		{ARN: "arn:aws:iam::111122223333:role/admin"}, {ARN: "arn:aws:iam::111122223333:user/ann"}, {ARN: "arn:aws:iam::444455556666:role/x"},
		{ARN: "arn:aws:iam::111122223333:role/admin", SessionARN: "arn:aws:sts::111122223333:assumed-role/admin/ann"},
	}
	rapid.Check(t, func(t *rapid.T) {
		f, o := drawFinding(t)
		p := plan.For(f, o)
		after, err := change.Simulate(f.Facts, p.Steps)
		if err != nil {
			t.Fatal(err)
		}
		if p.OthersAffected != 0 {
			t.Fatalf("%d others affected", p.OthersAffected)
		}
		for _, other := range others {
			if other.ARN == f.Principal.ARN {
				continue
			}
			r := access.Request{Principal: other, Operations: eight, Context: access.Context{Complete: rapid.Bool().Draw(t, "complete")}}
			if rapid.Bool().Draw(t, "no identity policies") {
				r.IdentityPolicies = []*keypolicy.Document{}
			}
			before, then := access.Evaluate(f.Facts, r), access.Evaluate(after, r)
			for i := range before {
				if before[i].Decision != then[i].Decision {
					t.Fatalf("%s %s: %s, then %s", other.ARN, eight[i], before[i].Decision, then[i].Decision)
				}
			}
		}
	})
}

// Invariant 6, for statements: taking them back gives the very bytes.
func TestStatementsCanBeTakenBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, o := drawFinding(t)
		checkTakenBack(t, plan.For(f, o).Steps)
	})
}

// OthersAffected isn't zero by nature: an edit that opens the key to everyone is
// counted.
func TestOthersAreCounted(t *testing.T) {
	t.Parallel()
	f := broken()
	wide := policy(root, `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`)
	if n := f.Affected(change.Steps{statements.Add{Key: keyARN, Principal: slr, After: wide.String()}}); n < 2 {
		t.Errorf("%d affected by a policy for everyone", n)
	}
}

// checkTakenBack fails unless each edit of a key policy, revoked, gives the very
// bytes from before.
func checkTakenBack(t *rapid.T, steps change.Steps) {
	t.Helper()
	for _, step := range steps {
		s, ok := step.(statements.Add)
		if !ok {
			continue
		}
		after, err := keypolicy.Parse(s.After)
		if err != nil {
			t.Fatal(err)
		}
		back, err := keypolicy.Revoke(after, s.Principal, s.Sids...)
		if err != nil || back.After != s.Before {
			t.Fatalf("%v\n%s\n%s", err, s.Before, back.After)
		}
	}
}
