package access_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

// Names that random policies and questions are made of.
func principalNames() []string {
	return strings.Split(placeholders().Replace("@SLR@ @SLR_X@ @SLR_B@ @SPOT@ @ROLE@ @ROLE_B@ @ROOT@ @ROOT_B@ @A@ @B@ @SESSION@ @DEAD@ *"), " ")
}

func askers() []access.Principal {
	var out []access.Principal
	for _, arn := range strings.Split(placeholders().Replace("@SLR@ @SLR_X@ @SLR_B@ @SPOT@ @ROLE@ @ROLE_B@ @ROOT@"), " ") {
		out = append(out, access.Principal{ARN: arn, ID: "AROALIVELIVELIVELIVE1"})
	}
	return out
}

// conditionValues has the keys that random conditions use, and the values that
// a request may have for them.
func conditionValues() map[string][]string {
	return map[string][]string{
		"aws:principalorgid":        {"o-1", "o-2"},
		"aws:viaawsservice":         {"true", "false"},
		"kms:grantisforawsresource": {"true", "false"},
		"kms:viaservice":            {"ec2.eu-west-1.amazonaws.com", "autoscaling.eu-west-1.amazonaws.com"},
		"aws:sourcevpce":            {"vpce-1"},
		"aws:calledvia":             {"cloudformation.amazonaws.com"},
		"kms:grantoperations":       {"Decrypt", "Encrypt"},
	}
}

func randomCondition(t *rapid.T) map[string]any {
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(conditionValues()))).Draw(t, "condition key")
	operator := rapid.SampledFrom([]string{
		"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "Bool", "Null", "StringEqualsIfExists",
		"BoolIfExists", "ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringNotEquals", "ArnLike", "NumericLessThan",
	}).Draw(t, "operator")
	values := append(conditionValues()[key], "true", "*", "x", "${aws:PrincipalOrgID}")
	return map[string]any{operator: map[string]any{key: rapid.SliceOfN(rapid.SampledFrom(values), 1, 2).Draw(t, "values")}}
}

func randomStatement(t *rapid.T) map[string]any {
	actions := []string{"kms:*", "kms:Decrypt", "kms:createGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*", "*", "kms:Sign"}
	s := map[string]any{
		"Effect":                              rapid.SampledFrom([]string{"Allow", "Allow", "Allow", "Deny"}).Draw(t, "effect"),
		oneOf(t, "Principal", "NotPrincipal"): map[string]any{"AWS": rapid.SliceOfN(rapid.SampledFrom(principalNames()), 1, 3).Draw(t, "principals")},
		oneOf(t, "Action", "NotAction"):       rapid.SliceOfN(rapid.SampledFrom(actions), 1, 2).Draw(t, "actions"),
		"Resource":                            rapid.SampledFrom([]string{"*", "*", "*", "*", placeholders().Replace("@KEY@")}).Draw(t, "resource"),
	}
	if rapid.Bool().Draw(t, "has condition") {
		s["Condition"] = randomCondition(t)
	}
	return s
}

// oneOf takes the first four times out of five.
func oneOf(t *rapid.T, usual, rare string) string {
	if rapid.IntRange(0, 4).Draw(t, "rare") == 0 {
		return rare
	}
	return usual
}

func randomPolicy(t *rapid.T) *keypolicy.Document {
	var statements []map[string]any
	for range rapid.IntRange(0, 5).Draw(t, "statements") {
		statements = append(statements, randomStatement(t))
	}
	raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": append([]map[string]any{}, statements...)})
	if err != nil {
		t.Fatal(err)
	}
	return mustPolicy(t, string(raw))
}

func randomGrant(t *rapid.T) access.Grant {
	g := access.Grant{
		ID:               "g",
		GranteePrincipal: rapid.SampledFrom(principalNames()).Draw(t, "grantee"),
		IssuingAccount:   rapid.SampledFrom([]string{"111122223333", "444455556666", ""}).Draw(t, "issuer"),
		Operations:       rapid.SliceOfDistinct(rapid.SampledFrom(operations()), rapid.ID).Draw(t, "grant operations"),
	}
	switch rapid.IntRange(0, 3).Draw(t, "constrained") {
	case 0:
		g.Constraints = &access.Constraints{EncryptionContextSubset: map[string]string{"aws:ebs:id": "vol-1"}}
	case 1:
		g.Constraints = &access.Constraints{EncryptionContextEquals: map[string]string{"aws:ebs:id": "vol-1"}}
	}
	return g
}

func randomFacts(t *rapid.T) access.Facts {
	f := access.Facts{
		Key: access.Key{
			ARN:   placeholders().Replace(rapid.SampledFrom([]string{"@KEY@", "@KEY@", "@KEY_B@"}).Draw(t, "key")),
			State: rapid.SampledFrom([]string{"Enabled", "Enabled", "Enabled", "Disabled", ""}).Draw(t, "state"),
		},
		Grants: rapid.SliceOfN(rapid.Custom(randomGrant), 0, 3).Draw(t, "grants"),
	}
	if rapid.IntRange(0, 9).Draw(t, "policy readable") > 0 {
		f.Policy = randomPolicy(t)
	}
	return f
}

func randomValue(t *rapid.T, key string) []string {
	if rapid.Bool().Draw(t, "absent") {
		return nil
	}
	return []string{rapid.SampledFrom(conditionValues()[key]).Draw(t, "value")}
}

func randomRequest(t *rapid.T) access.Request {
	r := access.Request{
		Principal:  rapid.SampledFrom(askers()).Draw(t, "principal"),
		Operations: operations(),
		Context:    access.Context{Values: map[string][]string{}},
	}
	for _, key := range slices.Sorted(maps.Keys(conditionValues())) {
		if rapid.Bool().Draw(t, "known") {
			r.Context.Values[key] = randomValue(t, key)
		}
	}
	if rapid.Bool().Draw(t, "identity known") {
		r.IdentityPolicies = []*keypolicy.Document{}
	}
	if rapid.Bool().Draw(t, "has identity") {
		r.IdentityPolicies = []*keypolicy.Document{randomPolicy(t)}
	}
	if rapid.IntRange(0, 2).Draw(t, "has walls") == 0 {
		r.Walls = randomWalls(t)
	}
	return r
}

// Supplying a context value that wasn't known may settle an Unknown, but never
// turns Allowed into Denied or back, and never unsettles an answer.
func TestKnowingMoreNeverTurnsAnAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, r := randomFacts(t), randomRequest(t)
		before := access.Evaluate(f, r)
		more := r
		more.Context.Values = maps.Clone(r.Context.Values)
		for _, key := range slices.Sorted(maps.Keys(conditionValues())) {
			if _, known := more.Context.Values[key]; !known {
				more.Context.Values[key] = randomValue(t, key)
			}
		}
		for i, after := range access.Evaluate(f, more) {
			if before[i].Decision != access.Unknown && before[i].Decision != after.Decision {
				t.Fatalf("%s was %s, is %s", after.Operation, before[i].Decision, after.Decision)
			}
		}
	})
}

// The keys that an answer names are what it hangs on. Once they are known, round
// after round, no answer hangs on a condition any more, and none has turned.
func TestTheKeysThatAreNamedSettleTheAnswer(t *testing.T) {
	t.Parallel()
	supplied := 0
	rapid.Check(t, func(t *rapid.T) {
		f, r := randomFacts(t), randomRequest(t)
		before := access.Evaluate(f, r)
		for round := 0; ; round++ {
			named := namedKeys(before)
			if len(named) == 0 {
				return
			}
			if round == 10 {
				t.Fatalf("never settled: %v", named)
			}
			r.Context.Values = maps.Clone(r.Context.Values)
			for _, key := range named {
				if _, known := r.Context.Values[key]; known {
					t.Fatalf("%s is named, and known", key)
				}
				r.Context.Values[key] = valueOf(t, key)
				supplied++
			}
			after := access.Evaluate(f, r)
			for i := range after {
				if before[i].Decision != access.Unknown && before[i].Decision != after[i].Decision {
					t.Fatalf("%s was %s, is %s", after[i].Operation, before[i].Decision, after[i].Decision)
				}
			}
			before = after
		}
	})
	if supplied == 0 {
		t.Error("no answer named a key")
	}
}

func namedKeys(results []access.Result) []string {
	var out []string
	for _, r := range results {
		for _, key := range r.UnknownKeys {
			out = append(out, strings.ToLower(key))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// valueOf gives any key a value, or makes it absent.
func valueOf(t *rapid.T, key string) []string {
	if _, ok := conditionValues()[key]; ok {
		return randomValue(t, key)
	}
	if rapid.IntRange(0, 3).Draw(t, "absent") == 0 {
		return nil
	}
	return []string{rapid.SampledFrom([]string{"vol-1", "vol-2", "aws:ebs:id", "true"}).Draw(t, "value")}
}

// A statement or grant more may only allow more, a Deny only less.
func TestADenyNeverAllows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, r := randomFacts(t), randomRequest(t)
		if f.Policy == nil {
			t.Skip("no policy to add to")
		}
		before := access.Evaluate(f, r)
		deny := randomStatement(t)
		deny["Effect"] = "Deny"
		text, err := json.Marshal(deny)
		if err != nil {
			t.Fatal(err)
		}
		raw := strings.Replace(f.Policy.String(), `"Statement":[`, `"Statement":[`+string(text)+",", 1)
		f.Policy = mustPolicy(t, strings.Replace(raw, ",]", "]", 1))
		for i, after := range access.Evaluate(f, r) {
			if before[i].Decision == access.Denied && after.Decision != access.Denied || before[i].Decision == access.Unknown && after.Decision == access.Allowed {
				t.Fatalf("%s was %s, is %s", after.Operation, before[i].Decision, after.Decision)
			}
		}
	})
}

// What Keymend writes opens the key to the role for all eight operations where
// nothing denies them, and changes nothing for anyone else.
func TestAllowOpensTheKeyToTheRoleAndToNobodyElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := access.Facts{Key: access.Key{ARN: placeholders().Replace("@KEY@"), State: "Enabled"}, Policy: randomPolicy(t)}
		role := access.Principal{ARN: placeholders().Replace(rapid.SampledFrom([]string{"@SLR@", "@SLR_X@"}).Draw(t, "role"))}
		edit, err := keypolicy.Allow(f.Policy, role.ARN)
		if err != nil {
			t.Fatal(err)
		}
		after := f
		after.Policy = mustPolicy(t, edit.After)
		checkOpened(t, f, after, role)
		other := randomRequest(t)
		if other.Principal.ARN == role.ARN {
			return
		}
		was, is := access.Evaluate(f, other), access.Evaluate(after, other)
		for i := range was {
			if was[i].Decision != is[i].Decision {
				t.Fatalf("%s for %s was %s, is %s", was[i].Operation, other.Principal.ARN, was[i].Decision, is[i].Decision)
			}
		}
	})
}

func checkOpened(t *rapid.T, before, after access.Facts, role access.Principal) {
	r := access.Request{Principal: role, Operations: operations(), Context: access.LaunchContext(role, before.Key.ARN)}
	var denies []string
	for _, s := range before.Policy.Statements() {
		if s.Effect == "Deny" {
			denies = append(denies, s.Name())
		}
	}
	for _, result := range access.Evaluate(after, r) {
		if result.Decision != access.Allowed && len(denies) == 0 {
			t.Fatalf("%s: %s %s", result.Operation, result.Decision, result.Reason)
		}
	}
}

// Every answer gives a reason with an explanation, and lists that are lists.
func TestEveryAnswerIsExplained(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, r := randomFacts(t), randomRequest(t)
		for _, result := range access.Evaluate(f, r) {
			if access.Explain(result.Reason) == string(result.Reason) {
				t.Fatalf("no explanation for %q", result.Reason)
			}
			for _, m := range result.NearMisses {
				if m.Text == "" || access.Explain(m.Reason) == string(m.Reason) {
					t.Fatalf("near-miss %+v", m)
				}
			}
			named := result.Reason == access.StatementNotKnown || result.Reason == access.MayBeDenied && result.DecidedBy != ""
			if result.Decision == access.Unknown && len(result.UnknownKeys)+len(result.CouldNotSee) == 0 && !named {
				t.Fatalf("unknown, and not why: %+v", result)
			}
			if result.NearMisses == nil || result.UnknownKeys == nil || result.CouldNotSee == nil || result.Trace == nil {
				t.Fatalf("a list is null: %+v", result)
			}
		}
	})
}
