package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/plan"
)

// TestKeeper: what a policy keeps from Keymend, whoever keeps the policy has to do, and
// is told; what else AWS refused is no policy's matter.
func TestKeeper(t *testing.T) {
	t.Parallel()
	const (
		reader = "arn:aws:iam::" + account + ":role/keymend-reader"
		writer = "arn:aws:iam::" + account + ":role/keymend-policy-writer"
		seen   = `{"Sid":"See","Effect":"Allow","Principal":{"AWS":"` + reader + `"},"Action":["kms:DescribeKey","kms:GetKeyPolicy"],"Resource":"*"}`
		keeper = `{"Sid":"Keep","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:role/terraform"},"Action":"kms:Put*","Resource":"*"}`
		dead   = `{"Sid":"Keep","Effect":"Allow","Principal":{"AWS":["AROAEXAMPLEGONE123456","AIDAEXAMPLEGONE123456"]},"Action":"kms:*","Resource":"*"}`
		walls  = `{"Sid":"Walls","Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::` + account + `:role/terraform"}}}`
		gone   = "only AWS Support can help"
	)
	roles := plan.Options{
		RetiringRole: "arn:aws:iam::" + account + ":role/keymend-granter", Granter: access.Principal{ARN: "arn:aws:iam::" + account + ":role/keymend-granter"},
		Reader: access.Principal{ARN: reader}, Writer: access.Principal{ARN: writer},
	}
	person := access.Principal{ARN: "arn:aws:iam::" + account + ":user/oncall"}
	terminal := plan.Options{Reader: person, Writer: person, Granter: person}
	session := terminal
	session.Writer = access.Principal{ARN: "arn:aws:iam::" + account + ":role/oncall", SessionARN: "arn:aws:sts::" + account + ":assumed-role/oncall/me"}
	unseen := func(kept bool) func(*plan.Finding) {
		return func(f *plan.Finding) {
			f.KeptOut, f.Facts = kept, access.Facts{Key: access.Key{ARN: keyARN}, PolicyUnreadable: "kms:GetKeyPolicy was refused", CouldNotSee: []string{"kms:DescribeKey was refused"}}
		}
	}
	for name, tc := range map[string]struct {
		f    plan.Finding
		o    plan.Options
		want plan.NoFixReason
		says string
		let  int // statements that let Keymend in
	}{
		"kept out":                        {broken(unseen(true)), roles, plan.PolicyUnreadable, gone, 2},
		"kept out, at a terminal":         {broken(unseen(true)), terminal, plan.PolicyUnreadable, "kms:GetKeyPolicy was refused", 1},
		"refused by other policies":       {broken(unseen(false)), roles, plan.NotRead, "kms:DescribeKey was refused", 0},
		"seen, and not to be written":     {broken(policyIs(seen, keeper)), roles, plan.PolicyUnreadable, writer + " do kms:PutKeyPolicy", 2},
		"a wall around the policy":        {broken(policyIs(root, walls)), roles, plan.PolicyUnreadable, `"Walls"`, 2},
		"seen, its keepers all gone":      {broken(policyIs(seen, dead)), roles, plan.PolicyUnreadable, gone, 2},
		"a session may have another path": {broken(policyIs(seen, keeper)), session, "", "", 0},
		"delegated":                       {broken(policyIs(root)), roles, "", "", 0},
	} {
		p := plan.For(tc.f, tc.o)
		if tc.want == "" {
			if p.NoFix != nil || p.ForOwner != nil {
				t.Errorf("%s: %+v", name, p.NoFix)
			}
			continue
		}
		if p.NoFix == nil || p.NoFix.Reason != tc.want || !strings.Contains(p.NoFix.Text, tc.says) || p.NoFix.Remedy == "" {
			t.Errorf("%s: %+v", name, p.NoFix)
			continue
		}
		if strings.Contains(p.NoFix.Text, gone) != (tc.says == gone) && tc.f.Facts.Policy != nil {
			t.Errorf("%s: %s", name, p.NoFix.Text)
		}
		if (p.ForOwner != nil) != (tc.let > 0) {
			t.Errorf("%s: for the owner %+v", name, p.ForOwner)
			continue
		}
		if tc.let == 0 {
			continue
		}
		if len(p.ForOwner.Let) != tc.let || len(p.ForOwner.Statements) != 2 || !json.Valid([]byte("["+strings.Join(append(p.ForOwner.Let, p.ForOwner.Statements...), ",")+"]")) {
			t.Errorf("%s: %+v", name, p.ForOwner)
		}
		// What is said is enough: with these Keymend may see the key, and open it.
		f := tc.f
		f.KeptOut, f.Facts, f.Tags = false, broken(policyIs(append([]string{seen}, p.ForOwner.Let...)...)).Facts, map[string]string{"keymend": "remediate"}
		if after := plan.For(f.Evaluate(), tc.o); len(after.Steps) != 1 {
			t.Errorf("%s: let in, it plans %+v", name, after.NoFix)
		}
	}
}
