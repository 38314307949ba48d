package access_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

func TestIdentity(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1"
	allow := `{"Version":"2012-10-17","Statement":[{"Sid":"Own","Effect":"Allow","Action":["autoscaling:Describe*","kms:*"],"Resource":"arn:aws:kms:*:111122223333:key/*"}]}`
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:Put*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	for name, tc := range map[string]struct {
		policies         []string
		action, resource string
		ctx              access.Context
		want             access.Judgement
	}{
		"no policies":        {nil, "kms:Decrypt", key, access.Context{}, access.Judgement{Decision: access.Denied}},
		"allowed":            {[]string{allow}, "kms:Decrypt", key, access.Context{}, access.Judgement{Decision: access.Allowed, By: `#0 "Own"`}},
		"other resource":     {[]string{allow}, "kms:Decrypt", "arn:aws:kms:eu-west-1:444455556666:key/1", access.Context{}, access.Judgement{Decision: access.Denied}},
		"other action":       {[]string{allow}, "ec2:RunInstances", key, access.Context{}, access.Judgement{Decision: access.Denied}},
		"deny not known":     {[]string{allow, deny}, "kms:PutKeyPolicy", key, access.Context{}, access.Judgement{Decision: access.Unknown, By: `#0 "Own"`, UnknownKeys: []string{"aws:SecureTransport"}}},
		"deny":               {[]string{allow, deny}, "kms:PutKeyPolicy", key, access.Context{Values: map[string][]string{"aws:securetransport": {"false"}}}, access.Judgement{Decision: access.Denied, Explicit: true, By: "#0"}},
		"complete context":   {[]string{allow, deny}, "kms:PutKeyPolicy", key, access.Context{Complete: true}, access.Judgement{Decision: access.Allowed, By: `#0 "Own"`}},
		"deny alone":         {[]string{deny}, "kms:PutKeyPolicy", key, access.Context{}, access.Judgement{Decision: access.Denied}},
		"name in other case": {[]string{deny, allow}, "kms:PutKeyPolicy", key, access.Context{Values: map[string][]string{"aws:securetransport": {"true"}}}, access.Judgement{Decision: access.Allowed, By: `#0 "Own"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var docs []*keypolicy.Document
			for _, p := range tc.policies {
				docs = append(docs, mustPolicy(t, p))
			}
			got := access.Identity(docs, tc.action, tc.resource, tc.ctx)
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreUnexported(access.Judgement{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResourceReadsTrustPolicies(t *testing.T) {
	t.Parallel()
	role := access.Principal{ARN: "arn:aws:iam::111122223333:role/keymend/diagnose", SessionARN: "arn:aws:sts::111122223333:assumed-role/diagnose/s"}
	trust := func(principal, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"` + condition + `}]}`
	}
	for name, tc := range map[string]struct {
		policy string
		who    access.Principal
		want   access.Judgement
	}{
		"service":            {trust(`{"Service":"lambda.amazonaws.com"}`, ""), access.Principal{Service: "lambda.amazonaws.com"}, access.Judgement{Decision: access.Allowed, By: "#0"}},
		"another service":    {trust(`{"Service":"lambda.amazonaws.com"}`, ""), access.Principal{Service: "ec2.amazonaws.com"}, access.Judgement{Decision: access.Denied}},
		"service is no role": {trust(`{"Service":"lambda.amazonaws.com"}`, ""), role, access.Judgement{Decision: access.Denied}},
		"role":               {trust(`{"AWS":"arn:aws:iam::111122223333:role/keymend/diagnose"}`, ""), role, access.Judgement{Decision: access.Allowed, By: "#0"}},
		"session":            {trust(`{"AWS":"arn:aws:sts::111122223333:assumed-role/diagnose/s"}`, ""), role, access.Judgement{Decision: access.Allowed, By: "#0"}},
		"account":            {trust(`{"AWS":"111122223333"}`, ""), role, access.Judgement{Decision: access.Denied, Delegated: true}},
		"another account":    {trust(`{"AWS":"444455556666"}`, ""), role, access.Judgement{Decision: access.Denied}},
		"account and PrincipalArn": {trust(`{"AWS":"111122223333"}`, `,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/keymend/*"}}`), role,
			access.Judgement{Decision: access.Denied, Delegated: true}},
		"account and another PrincipalArn": {trust(`{"AWS":"111122223333"}`, `,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/x/*"}}`), role,
			access.Judgement{Decision: access.Denied}},
		"everyone of an organization": {trust(`"*"`, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`), role,
			access.Judgement{Decision: access.Unknown, By: "#0", UnknownKeys: []string{"aws:PrincipalOrgID"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := access.Resource(mustPolicy(t, tc.policy), tc.who, "sts:AssumeRole", "arn:aws:iam::111122223333:role/x", access.Context{})
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreUnexported(access.Judgement{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSessionPoliciesNarrow(t *testing.T) {
	t.Parallel()
	key := placeholders().Replace("@KEY@")
	named := mustPolicy(t, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"`+placeholders().Replace("@ROLE@")+`"},"Action":"kms:*","Resource":"*"}}`)
	inSession := mustPolicy(t, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/writer/s"},"Action":"kms:*","Resource":"*"}}`)
	one := mustPolicy(t, `{"Statement":[{"Effect":"Allow","Action":"kms:GetKeyPolicy","Resource":"*"},{"Effect":"Deny","Action":"kms:CreateGrant","Resource":"*"}]}`)
	who := access.Principal{ARN: placeholders().Replace("@ROLE@"), SessionARN: "arn:aws:sts::111122223333:assumed-role/writer/s"}
	for name, tc := range map[string]struct {
		policy    *keypolicy.Document
		operation string
		want      access.Decision
		reason    access.Reason
	}{
		"allowed by both":               {named, "GetKeyPolicy", access.Allowed, access.AllowedByStatement},
		"not in the session policy":     {named, "PutKeyPolicy", access.Denied, access.SessionTooNarrow},
		"denied by the session policy":  {named, "CreateGrant", access.Denied, access.DeniedBySession},
		"the session itself is allowed": {inSession, "PutKeyPolicy", access.Allowed, access.AllowedByStatement},
		"but not against a deny":        {inSession, "CreateGrant", access.Denied, access.DeniedBySession},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := access.Evaluate(access.Facts{Key: access.Key{ARN: key, State: "Enabled"}, Policy: tc.policy}, access.Request{
				Principal: who, Operations: []string{tc.operation}, Walls: access.Walls{SessionPolicies: []*keypolicy.Document{one}}, IdentityPolicies: []*keypolicy.Document{},
			})[0]
			if r.Decision != tc.want || r.Reason != tc.reason {
				t.Errorf("%s %s", r.Decision, r.Reason)
			}
		})
	}
}
