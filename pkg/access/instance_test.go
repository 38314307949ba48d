package access_test

import (
	"encoding/json"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/slr"
)

// decrypting is a random policy with denials of what the instance's role may come by.
func decrypting(t *rapid.T) access.Facts {
	instance := slr.Instance("aws", "111122223333")
	values := map[string][]string{
		"aws:PrincipalArn": {instance, instance + "/*", "arn:aws:iam::111122223333:role/*", placeholders().Replace("@SLR@")},
		"kms:ViaService":   {"ec2.eu-west-1.amazonaws.com"}, "aws:SourceVpc": {"vpc-1"}, "aws:PrincipalOrgID": {"o-1"},
		"aws:PrincipalAccount": {"111122223333", "444455556666"}, "kms:GrantIsForAWSResource": {"true"},
	}
	var statements []any
	for range rapid.IntRange(0, 3).Draw(t, "denials") {
		condition := map[string]any{}
		for range rapid.IntRange(0, 2).Draw(t, "conditions") {
			key := rapid.SampledFrom([]string{"aws:PrincipalArn", "aws:PrincipalArn", "kms:ViaService", "aws:SourceVpc", "aws:PrincipalOrgID", "aws:PrincipalAccount", "kms:GrantIsForAWSResource"}).Draw(t, "key")
			operator := rapid.SampledFrom([]string{"StringNotEquals", "StringLike", "ArnNotLike", "StringEqualsIfExists", "Null"}).Draw(t, "operator")
			condition[operator] = map[string]any{key: rapid.SliceOfNDistinct(rapid.SampledFrom(append(values[key], "true")), 1, 2, rapid.ID).Draw(t, "values")}
		}
		who := rapid.SliceOfN(rapid.SampledFrom(append(principalNames(), instance, "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-1")), 1, 3).Draw(t, "who")
		statements = append(statements, map[string]any{
			"Effect": "Deny", oneOf(t, "Principal", "NotPrincipal"): map[string]any{"AWS": who}, "Resource": "*", "Condition": condition,
			"Action": rapid.SampledFrom([]string{"kms:*", "kms:Decrypt", "kms:CreateGrant"}).Draw(t, "action"),
		})
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": append([]any{}, statements...)})
	if err != nil {
		t.Fatal(err)
	}
	return access.Facts{Key: access.Key{ARN: placeholders().Replace("@KEY@"), State: "Enabled"}, Policy: mustPolicy(t, string(text))}
}

// What is said of the instance's role holds for every request that it may make: in
// either spelling, with kms:ViaService or without, in an organization or in none, in
// whatever session. It is allowed exactly what no Deny keeps from it.
func TestTheInstancesAnswerNeverTurns(t *testing.T) {
	t.Parallel()
	role := slr.Instance("aws", "111122223333")
	seen := map[access.Decision]int{}
	rapid.Check(t, func(t *rapid.T) {
		f := decrypting(t)
		said := access.InstanceDecrypts(f, role, nil)
		session := "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/" + rapid.SampledFrom([]string{"i-1", "i-2"}).Draw(t, "instance")
		context := map[string][]string{
			"aws:principalarn":    {rapid.SampledFrom([]string{role, slr.InstanceSession(role)}).Draw(t, "spelling")},
			"aws:requestedregion": {"eu-west-1"}, "kms:encryptioncontextkeys": {"aws:ebs:id"},
		}
		maps.Copy(context, map[string][]string{
			"kms:viaservice":     rapid.SampledFrom([][]string{nil, {"ec2.eu-west-1.amazonaws.com"}}).Draw(t, "kms:ViaService"),
			"aws:principalorgid": rapid.SampledFrom([][]string{nil, {"o-1"}, {"o-2"}}).Draw(t, "organization"),
		})
		f.Grants = []access.Grant{{GranteePrincipal: session, IssuingAccount: "111122223333", Operations: []string{"Decrypt"}}}
		is := access.Evaluate(f, access.Request{
			Principal: access.Principal{ARN: role, SessionARN: session}, Operations: []string{"Decrypt"}, Context: access.Context{Values: context, Complete: true},
		})[0]
		seen[said.Decision]++
		if said.Decision != access.Unknown && said.Decision != is.Decision && is.Decision != access.Unknown {
			t.Fatalf("%s was said, and it is %s by %s\n%s", said.Decision, is.Decision, is.DecidedBy, f.Policy)
		}
		if said.Decision == access.Allowed && is.Decision != access.Allowed {
			t.Fatalf("Allowed was said, and it is %s by %s\n%s", is.Decision, is.DecidedBy, f.Policy)
		}
		if denies := said.Reason == access.DeniedByStatement || said.Reason == access.MayBeDenied; denies == (said.Decision == access.Allowed) || denies && said.DecidedBy == "" {
			t.Fatalf("%+v", said)
		}
	})
	for _, d := range []access.Decision{access.Allowed, access.Denied, access.Unknown} {
		if seen[d] == 0 {
			t.Errorf("no answer was %s", d)
		}
	}
}

// Where the policy can't be read, that is what is said, and no statement is named.
func TestTheInstancesAnswerWithoutThePolicy(t *testing.T) {
	t.Parallel()
	f := access.Facts{Key: access.Key{ARN: placeholders().Replace("@KEY@"), State: "Enabled"}, PolicyUnreadable: "refused"}
	if r := access.InstanceDecrypts(f, slr.Instance("aws", "111122223333"), nil); r.Decision != access.Unknown || r.Reason != access.PolicyUnreadable || r.DecidedBy != "" {
		t.Errorf("%+v", r)
	}
}

// The instance's requests don't come from the account's network, and aren't of another
// role: a Deny of what isn't either keeps it from decrypting for certain.
func TestTheInstanceIsKeptOutByItsAbsence(t *testing.T) {
	t.Parallel()
	for _, condition := range []string{
		`{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`, `{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`,
		`{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, `{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/admin"}}`,
	} {
		policy := `{"Version":"2012-10-17","Statement":[{"Sid":"Outside","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":` + condition + `}]}`
		f := access.Facts{Key: access.Key{ARN: placeholders().Replace("@KEY@"), State: "Enabled"}, Policy: mustPolicy(t, policy)}
		if r := access.InstanceDecrypts(f, slr.Instance("aws", "111122223333"), nil); r.Decision != access.Denied || r.Reason != access.DeniedByStatement {
			t.Errorf("%s: %s, %s", condition, r.Decision, r.Reason)
		}
	}
}

// Which spelling of the role a request has isn't settled: a Deny of one of them alone
// may keep the instance from decrypting.
func TestEitherSpellingOfTheInstanceMayBeMeant(t *testing.T) {
	t.Parallel()
	role := slr.Instance("aws", "111122223333")
	for _, condition := range []string{
		`{"ArnLike":{"aws:PrincipalArn":"` + role + `/*"}}`, `{"ArnEquals":{"aws:PrincipalArn":"` + role + `"}}`,
		`{"ArnNotLike":{"aws:PrincipalArn":"` + role + `/*"}}`, `{"StringNotEquals":{"aws:PrincipalArn":"` + role + `"}}`,
	} {
		policy := `{"Version":"2012-10-17","Statement":[{"Sid":"One","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":` + condition + `}]}`
		f := access.Facts{Key: access.Key{ARN: placeholders().Replace("@KEY@"), State: "Enabled"}, Policy: mustPolicy(t, policy)}
		if r := access.InstanceDecrypts(f, role, nil); r.Decision != access.Unknown || r.Reason != access.MayBeDenied || r.DecidedBy == "" {
			t.Errorf("%s: %s, %s by %q", condition, r.Decision, r.Reason, r.DecidedBy)
		}
	}
}
