package plan_test

import (
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/change"
	"keymend/pkg/plan"
)

const (
	instance = "arn:aws:iam::" + account + ":role/aws:ec2-infrastructure"
	session  = "arn:aws:sts::" + account + ":assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"
	admin    = "arn:aws:iam::" + account + ":role/admin"
)

// denies is a statement that denies everyone an action under a condition.
func denies(sid, action, condition string) string {
	return `{"Sid":"` + sid + `","Effect":"Deny","Principal":"*","Action":"` + action + `","Resource":"*","Condition":{` + condition + `}}`
}

func failed(f *plan.Finding) { f.Cause = activity.KMSAccess }

// A Deny that hits one of a launch's two roles ends in the statement's name and in how
// to except the roles. The instance's role decrypts: no other operation counts for it.
func TestDenied(t *testing.T) {
	t.Parallel()
	except := func(sid, action string, names ...string) string {
		return denies(sid, action, `"ArnNotLike":{"aws:PrincipalArn":["`+strings.Join(names, `","`)+`"]}`)
	}
	notPrincipal := func(names ...string) string {
		return `{"Sid":"Only","Effect":"Deny","NotPrincipal":{"AWS":["` + strings.Join(names, `","`) + `"]},"Action":"kms:*","Resource":"*"}`
	}
	const both = slr + `","` + instance + `","` + instance + "/*"
	for name, tc := range map[string]struct {
		policy []string
		since  func(*plan.Finding)
		want   plan.NoFixReason // "" = a plan
		says   []string
	}{
		"ArnNotLike spares the role":       {[]string{useOf, grantsOf, except("Only", "kms:Decrypt", slr, admin)}, nil, plan.ExplicitDeny, []string{`#3 "Only"`, "denies kms:Decrypt to " + instance, `["` + instance + `","` + instance + `/*"]`}},
		"and one spelling of the instance": {[]string{useOf, grantsOf, except("Only", "kms:Decrypt", slr, instance)}, failed, plan.NotKnown, []string{`#3 "Only"`, "may deny kms:Decrypt to " + instance}},
		"and the other spelling":           {[]string{useOf, grantsOf, except("Only", "kms:Decrypt", slr, instance+"/*")}, failed, plan.NotKnown, []string{"may deny"}},
		"and both":                         {[]string{useOf, grantsOf, except("Only", "kms:Decrypt", slr, instance, instance+"/*")}, failed, plan.NothingToDo, nil},
		"it isn't about Decrypt":           {[]string{useOf, grantsOf, except("Only", "kms:CreateGrant", slr)}, failed, plan.NothingToDo, nil},
		"outside a VPC, but for the role":  {[]string{useOf, grantsOf, denies("Vpc", "kms:*", `"StringNotEquals":{"aws:SourceVpc":"vpc-1"},"ArnNotLike":{"aws:PrincipalArn":"`+slr+`"}`)}, nil, plan.ExplicitDeny, []string{`#3 "Vpc"`, instance}},
		"NotPrincipal":                     {[]string{useOf, grantsOf, notPrincipal("arn:aws:iam::"+account+":root", slr, session)}, nil, plan.ExplicitDeny, []string{instance, `In place of NotPrincipal it takes "Principal": "*"`}},
		"NotPrincipal with the instance's": {[]string{useOf, grantsOf, notPrincipal("arn:aws:iam::"+account+":root", slr, session, instance)}, failed, plan.NotKnown, []string{"may deny", `In place of NotPrincipal`}},
		"not by way of EC2, launches fail": {[]string{useOf, grantsOf, denies("Via", "kms:*", `"StringNotEquals":{"kms:ViaService":"ec2.eu-west-1.amazonaws.com"}`)}, failed, plan.NotKnown, []string{`#3 "Via"`, "may deny kms:Decrypt to " + instance, "hangs on kms:ViaService)"}},
		"not by way of EC2, none failed":   {[]string{useOf, grantsOf, denies("Via", "kms:*", `"StringNotEquals":{"kms:ViaService":"ec2.eu-west-1.amazonaws.com"}`)}, nil, plan.NothingToDo, nil},
		"… and the role has no access":     {[]string{denies("Via", "kms:*", `"StringNotEquals":{"kms:ViaService":"ec2.eu-west-1.amazonaws.com"}`)}, failed, "", nil},
		"not from the network":             {[]string{useOf, grantsOf, denies("DenyOutside", "kms:*", `"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`)}, nil, plan.ExplicitDeny, []string{`#3 "DenyOutside"`, "may deny kms:CreateGrant to " + slr, "denies kms:Decrypt to " + instance, both}},
		"… nor by way of a service":        {[]string{useOf, grantsOf, denies("DenyOutside", "kms:*", `"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"Bool":{"aws:ViaAWSService":"false"}`)}, nil, plan.NotKnown, []string{`#3 "DenyOutside"`, "aws:ViaAWSService", both}},
		"two that may":                     {[]string{useOf, grantsOf, denies("Org", "kms:Decrypt", `"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}`), denies("MFA", "kms:Decrypt", `"Bool":{"aws:MultiFactorAuthPresent":"false"}`)}, nil, plan.NotKnown, []string{`of statement #3 "Org" and #4 "MFA"`}},
		"everyone":                         {[]string{useOf, grantsOf, `{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}`}, nil, plan.ExplicitDeny, []string{"statement #3 denies", both}},
		"no Deny":                          {[]string{useOf, grantsOf}, failed, plan.NothingToDo, nil},
	} {
		changes := []func(*plan.Finding){policyIs(append([]string{root}, tc.policy...)...)}
		if tc.since != nil {
			changes = append(changes, tc.since)
		}
		f := broken(changes...)
		p := plan.For(f, plan.Options{})
		if tc.want == "" {
			if p.NoFix != nil || len(p.Steps) == 0 {
				t.Errorf("%s: %+v", name, p.NoFix)
			}
			continue
		}
		if p.NoFix == nil || p.NoFix.Reason != tc.want || len(p.Steps) > 0 {
			t.Errorf("%s: %+v", name, p)
			continue
		}
		if open := f.Decision() == access.Allowed; open != (tc.want == plan.NothingToDo) {
			t.Errorf("%s: open %v", name, open)
		}
		for _, says := range tc.says {
			if text := p.NoFix.Text + " " + p.NoFix.Remedy; !strings.Contains(text, says) {
				t.Errorf("%s: %q isn't in %s", name, says, text)
			}
		}
	}
}

// What the owner is told to except is what it takes: with it, launches are allowed.
func TestTheRemedyOfADenialHelps(t *testing.T) {
	t.Parallel()
	for _, condition := range []string{
		`"StringNotEquals":{"kms:ViaService":"ec2.eu-west-1.amazonaws.com"}`, `"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`,
		`"StringNotEquals":{"aws:SourceVpc":"vpc-1"}`, `"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}`,
	} {
		f := broken(failed, policyIs(root, useOf, grantsOf, denies("No", "kms:*", condition)))
		_, names, _ := strings.Cut(plan.For(f, plan.Options{}).NoFix.Remedy, `"ArnNotLike": `)
		names, _, _ = strings.Cut(names, ". Where")
		mended := broken(failed, policyIs(root, useOf, grantsOf, denies("No", "kms:*", condition+`,"ArnNotLike":`+names)))
		if mended.Decision() != access.Allowed {
			t.Errorf("%s: with %s it is %s: %v", condition, names, mended.Decision(), mended.Instance)
		}
	}
}

// A condition of somebody's Allow that may be met never keeps from AWS's statements:
// they heal for certain. Where nothing is denied for certain, they may not be needed.
func TestUnknownAllowsArePlannedFor(t *testing.T) {
	t.Parallel()
	org := `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`
	address := `,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`
	of := func(principal, actions, condition string) string {
		return `{"Effect":"Allow","Principal":` + principal + `,"Action":` + actions + `,"Resource":"*"` + condition + `}`
	}
	const use = `["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"]`
	const role = `{"AWS":"` + slr + `"}`
	for name, tc := range map[string]struct {
		f     plan.Finding
		doubt string
	}{
		"the organization may use it":            {broken(policyIs(root, of(`"*"`, use, org))), ""},
		"the organization may do all":            {broken(policyIs(root, of(`"*"`, `"kms:*"`, org))), "it hangs on aws:PrincipalOrgID"},
		"AWS's statements, by address":           {broken(policyIs(root, of(role, use, address), of(role, `"kms:CreateGrant"`, address))), "aws:SourceIp"},
		"by way of a service":                    {broken(policyIs(root, of(`"*"`, `"kms:*"`, `,"Condition":{"Bool":{"aws:ViaAWSService":"true"}}`))), "aws:ViaAWSService"},
		"a member that only a newer grammar has": {broken(policyIs(root, of(role, `"kms:*"`, `,"Until":"2030"`))), "statement-not-understood"},
		"grants that may be there":               {broken(func(f *plan.Finding) { f.Facts.GrantsUnreadable = "AccessDeniedException: kms:ListGrants" }), "kms:ListGrants"},
		"nothing":                                {broken(), ""},
	} {
		for _, own := range []string{"auto", "grant"} {
			o := plan.Options{}
			if own == "grant" {
				o.OwnKey = "grant"
			}
			p := plan.For(tc.f, o)
			if p.NoFix != nil || len(p.Steps) != 1 || p.Doubt == "" != (tc.doubt == "") || !strings.Contains(p.Doubt, tc.doubt) {
				t.Errorf("%s, %s: %d steps, %+v, doubt %q", name, own, len(p.Steps), p.NoFix, p.Doubt)
				continue
			}
			after, err := change.Simulate(tc.f.Facts, p.Steps)
			if err != nil {
				t.Fatal(err)
			}
			if healed := broken(func(f *plan.Finding) { f.Facts = after }); healed.Decision() != access.Allowed {
				t.Errorf("%s, %s: %s afterwards", name, own, healed.Decision())
			}
		}
	}
}
