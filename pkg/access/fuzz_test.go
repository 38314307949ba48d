package access_test

import (
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

// FuzzEvaluate: no policy, however odd, makes the evaluator panic, and none
// makes it answer without a reason.
func FuzzEvaluate(f *testing.F) {
	for _, s := range []string{
		`{"Statement":[]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"${aws:PrincipalArn}*"}}}]}`,
		`{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:sts::111122223333:assumed-role/x/y","111122223333"]},"NotAction":["?ms:*"],"NotResource":"*"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/x","Service":["ec2.amazonaws.com"]},"Action":[],"Resource":["arn:aws:kms:::key/*"],"Condition":{"ForAllValues:DateLessThan":{"aws:CurrentTime":["2026",1e9]},"NumericEqualsIfExists":{"kms:x":["1e999999999"]},"Null":{"k":true}}}]}`,
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":["AROAEXAMPLEEXAMPLE123",""]},"Action":"**?","Resource":"*","Condition":{"StringEquals":{"k":"${${}${a,'b'}"}}}}`,
	} {
		f.Add(s, "arn:aws:iam::111122223333:role/x", "arn:aws:kms:eu-west-1:111122223333:key/1", "kms:ViaService", "a")
	}
	f.Fuzz(func(t *testing.T, policy, principal, key, name, value string) {
		d, err := keypolicy.Parse(policy)
		if err != nil {
			return
		}
		p := access.Principal{ARN: principal}
		facts := access.Facts{
			Key: access.Key{ARN: key, State: "Enabled"}, Policy: d,
			Grants: []access.Grant{{ID: "g", GranteePrincipal: principal, Operations: []string{value}, Constraints: &access.Constraints{EncryptionContextEquals: map[string]string{name: value}}}},
		}
		ctx := access.LaunchContext(p, key)
		ctx.Values[name] = []string{value}
		for _, complete := range []bool{false, true} {
			ctx.Complete = complete
			for _, r := range access.Evaluate(facts, access.Request{Principal: p, Operations: []string{"Decrypt", "CreateGrant", value}, Context: ctx, IdentityPolicies: []*keypolicy.Document{d}}) {
				if r.Reason == "" {
					t.Fatalf("no reason: %+v", r)
				}
			}
		}
		access.Identity([]*keypolicy.Document{d}, "kms:Decrypt", key, ctx)
		access.Resource(d, access.Principal{Service: value}, "sts:AssumeRole", key, ctx)
	})
}
