package plan_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

const (
	owner      = "444455556666"
	foreignKey = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002"
	granter    = "arn:aws:iam::111122223333:role/keymend-granter"
	ownerRoot  = `{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"kms:*","Resource":"*"}`
	useByRoot  = `{"Sid":"Allow external account use","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`
	byRoot     = `{"Sid":"Allow attachment in external account","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root"]},"Action":["kms:CreateGrant"],"Resource":"*"}`
	forAWS     = `{"Sid":"For AWS","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`
	orgUse     = `{"Sid":"Org","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`
	orgGrant   = `{"Sid":"Org","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`
	anyGrant   = `{"Sid":"Any","Effect":"Allow","Principal":"*","Action":"kms:CreateGrant","Resource":"*"}`
)

// across is the main case of a key of another account, whose policy can be read.
func across(changes ...func(*plan.Finding)) plan.Finding {
	return broken(append([]func(*plan.Finding){keyIs(foreignKey), policyIs(ownerRoot), func(f *plan.Finding) { f.Tags = map[string]string{} }}, changes...)...)
}

// unseenKey is one of an account that isn't onboarded.
func unseenKey(f *plan.Finding) {
	f.Facts = access.Facts{Key: access.Key{ARN: foreignKey}, PolicyUnreadable: "not onboarded", GrantsUnreadable: "not onboarded"}
	f.Tags, f.TagsUnreadable = nil, "not onboarded"
}

func trial(answer plan.TrialAnswer) func(*plan.Finding) {
	return func(f *plan.Finding) { f.Trial = plan.Trial{Answer: answer, Text: "KMS's own words"} }
}

func options(changes ...func(*plan.Options)) plan.Options {
	o := plan.Options{OwnKey: "auto", ForeignKey: "grant", ForeignStatements: "procedure", RetiringRole: granter, Granter: access.Principal{ARN: granter}}
	for _, c := range changes {
		c(&o)
	}
	return o
}

func report(o *plan.Options) { o.ForeignKey = "report" }
func least(o *plan.Options)  { o.ForeignStatements = "least" }

func grantOf(f plan.Finding, o plan.Options) access.Grant {
	g := f.Grant(o)
	return access.Grant{ID: "g1", Name: g.Name, GranteePrincipal: g.Principal, RetiringPrincipal: g.Retiring, Operations: g.Operations, IssuingAccount: "arn:aws:iam::" + account + ":root"}
}

func TestForeignKey(t *testing.T) {
	t.Parallel()
	deny := func(condition string) string {
		return `{"Sid":"NoRobots","Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:CreateGrant","Resource":"*"` + condition + `}`
	}
	for name, tc := range map[string]struct {
		f     plan.Finding
		o     plan.Options
		steps string
		half  plan.Half
		nofix plan.NoFixReason
		says  string // in the plan as a whole
	}{
		"both halves missing":           {across(), options(), "EditKeyPolicy CreateGrant", plan.HalfMissing, "", ""},
		"as least":                      {across(), options(least), "EditKeyPolicy CreateGrant", plan.HalfMissing, "", "aws:PrincipalArn"},
		"only the grant missing":        {across(policyIs(ownerRoot, useByRoot, byRoot)), options(), "CreateGrant", plan.HalfOpen, "", ""},
		"under the report setting, too": {across(policyIs(ownerRoot, byRoot)), options(report), "CreateGrant", plan.HalfOpen, "", ""},
		"the use without CreateGrant":   {across(policyIs(ownerRoot, useByRoot)), options(), "EditKeyPolicy CreateGrant", plan.HalfMissing, "", "opens the key to account 111122223333, but not for kms:CreateGrant"},
		"for AWS resources only":        {across(policyIs(ownerRoot, useByRoot, forAWS)), options(), "EditKeyPolicy CreateGrant", plan.HalfMissing, "", "lets only an AWS service call CreateGrant"},
		"the organization's sample":     {across(policyIs(ownerRoot, orgUse)), options(), "EditKeyPolicy CreateGrant", plan.HalfMissing, "", "everyone whom its condition admits, but not for kms:CreateGrant"},
		"an organization nobody knows":  {across(policyIs(ownerRoot, orgGrant)), options(), "CreateGrant", plan.HalfUnknown, "", ""},
		"… tried":                       {across(policyIs(ownerRoot, orgGrant), trial(plan.TrialWorks)), options(), "CreateGrant", plan.HalfOpen, "", ""},
		"… refused":                     {across(policyIs(ownerRoot, orgGrant), trial(plan.TrialRefused)), options(), "EditKeyPolicy CreateGrant", plan.HalfMissing, "", ""},
		"open to everyone":              {across(policyIs(ownerRoot, anyGrant)), options(), "CreateGrant", plan.HalfOpen, "", ""},
		"the settings: report":          {across(), options(report), "", plan.HalfMissing, plan.ForeignKey, "KeymendCreateGrantBy" + account},
		"the policy is a stack's":       {across(func(f *plan.Finding) { f.Tags = map[string]string{"aws:cloudformation:stack-name": "keys"} }), options(), "", plan.HalfMissing, plan.ForeignKey, "aws:cloudformation:stack-name=keys"},
		"a dead principal in it": {across(policyIs(ownerRoot, `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEGONE123456"},"Action":"kms:Sign","Resource":"*"}`)),
			options(), "", plan.HalfMissing, plan.PolicyRefused, "AROAEXAMPLEGONE123456"},
		"denied to everyone": {across(policyIs(ownerRoot, deny(""))), options(), "", "", plan.ExplicitDeny, `#1 \"NoRobots\"`},
		"denied unless it is for an AWS resource": {across(policyIs(ownerRoot, deny(`,"Condition":{"Bool":{"kms:GrantIsForAWSResource":"false"}}`))),
			options(), "", plan.HalfMissing, plan.ExplicitDeny, "kms:GrantIsForAWSResource"},
		"denied unless of an organization": {across(policyIs(ownerRoot, strings.Replace(deny(`,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`), "kms:CreateGrant", "kms:Create*", 1))),
			options(), "", plan.HalfMissing, plan.WouldNotHelp, "aws:PrincipalOrgID"},
		"not seen, not tried":       {across(unseenKey), options(), "CreateGrant", plan.HalfUnknown, "", ""},
		"not seen, it works":        {across(unseenKey, trial(plan.TrialWorks)), options(), "CreateGrant", plan.HalfGiven, "", ""},
		"not seen, refused":         {across(unseenKey, trial(plan.TrialRefused)), options(), "", plan.HalfMissing, plan.ForeignKey, "KMS's own words"},
		"not seen, refused, report": {across(unseenKey, trial(plan.TrialRefused)), options(report, least), "", plan.HalfMissing, plan.ForeignKey, "KeymendCreateGrantBy" + account},
		"not seen, and named by alias": {across(unseenKey, func(f *plan.Finding) { f.Facts.Key.ARN = "arn:aws:kms:eu-west-1:444455556666:alias/golden" }),
			options(), "", plan.HalfUnknown, plan.ForeignKey, "alias/golden"},
		"not seen, and the grant stands": {across(unseenKey, func(f *plan.Finding) { f.Facts.Grants = []access.Grant{grantOf(*f, options())} }),
			options(), "", plan.HalfUnknown, plan.NotKnown, "stands"},
		"not seen, and an earlier role's grant": {across(unseenKey, func(f *plan.Finding) {
			g := grantOf(*f, options())
			g.GranteePrincipal = "AROAEXAMPLEGONE123456"
			f.Facts.Grants = []access.Grant{g}
		}), options(), "CreateGrant", plan.HalfUnknown, "", ""},
		"a grant that lacks operations": {across(policyIs(ownerRoot, byRoot), func(f *plan.Finding) {
			f.Facts.Grants = []access.Grant{{ID: "theirs", GranteePrincipal: slr, Operations: []string{"Decrypt"}, IssuingAccount: "arn:aws:iam::" + account + ":root"}}
		}), options(), "CreateGrant", plan.HalfOpen, "", ""},
		"a grant issued by the key's account": {across(policyIs(ownerRoot, byRoot), func(f *plan.Finding) {
			g := grantOf(*f, options())
			g.IssuingAccount = "arn:aws:iam::" + owner + ":root"
			f.Facts.Grants = []access.Grant{g}
		}), options(), "CreateGrant", plan.HalfOpen, "", ""},
		"disabled":          {across(state("Disabled")), options(), "", "", plan.KeyNotUsable, "is disabled"},
		"no such role":      {across(func(f *plan.Finding) { f.Principal.ID = "" }), options(), "", "", plan.RoleMissing, slr},
		"AWS's own":         {across(func(f *plan.Finding) { f.Facts.Key.Manager = "AWS" }), options(), "", "", plan.ManagedByAWS, owner},
		"the Spot role":     {across(func(f *plan.Finding) { f.Principal.ARN = spot }), options(), "", plan.HalfMissing, plan.OtherService, spot},
		"nobody to ask for": {across(), options(func(o *plan.Options) { o.Granter = access.Principal{} }), "CreateGrant", plan.HalfUnknown, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan.For(tc.f, tc.o)
			text := textOf(t, p)
			reason := plan.NoFixReason("")
			if p.NoFix != nil {
				reason = p.NoFix.Reason
			}
			if kindsOf(p.Steps) != tc.steps || p.Half != tc.half || reason != tc.nofix || !strings.Contains(text, tc.says) {
				t.Errorf("half %s, %s", p.Half, text)
			}
			if p.NoFix != nil && p.NoFix.Remedy == "" {
				t.Error("it doesn't say what a person must do")
			}
		})
	}
}

// Each step says in which account it is carried out, and to whom it is.
func TestForeignSteps(t *testing.T) {
	t.Parallel()
	p := plan.For(across(), options())
	edit, create := p.Steps[0].(statements.Add), p.Steps[1].(grant.Create)
	if edit.At().Account != owner || edit.Principal != "arn:aws:iam::"+account+":root" || len(edit.Sids) != 2 {
		t.Errorf("%+v", edit)
	}
	if create.At().Account != account || create.Principal != slr || create.Retiring != granter || len(create.Operations) != 8 || create.Key != foreignKey {
		t.Errorf("%+v", create)
	}
	if p.OthersAffected == 0 {
		t.Error("the procedure's statement delegates to the account's principals, and the plan doesn't say so")
	}
	if n := plan.For(across(), options(least)).OthersAffected; n != 0 {
		t.Errorf("least: %d others affected", n)
	}
}

// What the owner is asked to add is what Keymend would write, and once it is
// there, verbatim, the rest follows.
func TestTheOwnersStatementsAreEnough(t *testing.T) {
	t.Parallel()
	for _, o := range []plan.Options{options(report), options(report, least)} {
		p := plan.For(across(), o)
		if p.ForOwner == nil || len(p.ForOwner.Statements) == 0 || !strings.Contains(p.ForOwner.Command, "--key-id "+foreignKey+" --grantee-principal "+slr) {
			t.Fatalf("%+v", p.ForOwner)
		}
		wrote := plan.For(across(), options(func(c *plan.Options) { c.ForeignStatements = o.ForeignStatements })).Steps[0].(statements.Add)
		if !slices.Equal(p.ForOwner.Statements, wrote.Added) {
			t.Errorf("%v\n%v", p.ForOwner.Statements, wrote.Added)
		}
		next := plan.For(across(policyIs(append([]string{ownerRoot}, p.ForOwner.Statements...)...)), o)
		if len(next.Steps) != 1 || next.Steps[0].Kind() != "CreateGrant" || next.Half != plan.HalfGiven || len(next.ForOwner.Statements) != 0 {
			t.Errorf("%+v", next)
		}
	}
}

// A trial is no part of the facts: what diagnose planned without it and
// remediate with it is one plan.
func TestATrialDoesNotChangeTheDigest(t *testing.T) {
	t.Parallel()
	if a, b := plan.For(across(unseenKey), options()), plan.For(across(unseenKey, trial(plan.TrialWorks)), options()); a.Digest != b.Digest {
		t.Errorf("%s, %s", a.Digest, b.Digest)
	}
}

func drawForeign(t *rapid.T) (plan.Finding, plan.Options) {
	all := []string{ownerRoot}
	for range rapid.IntRange(0, 3).Draw(t, "statements") {
		all = append(all, rapid.SampledFrom([]string{useByRoot, byRoot, forAWS, orgUse, orgGrant, anyGrant,
			`{"Effect":"Allow","Principal":{"AWS":"` + granter + `"},"Action":"kms:CreateGrant","Resource":"*"}`,
			`{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`,
			`{"Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}`,
			`{"Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":"kms:*","Resource":"*"}`,
			`{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333"}}}`,
		}).Draw(t, "statement"))
	}
	f := across(policyIs(all...), func(f *plan.Finding) {
		f.Operations = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom"}), 1, 4, rapid.ID).Draw(t, "operations")
		if rapid.Bool().Draw(t, "granted") {
			f.Facts.Grants = []access.Grant{{ID: "g", GranteePrincipal: rapid.SampledFrom([]string{slr, "AROAEXAMPLEGONE123456"}).Draw(t, "grantee"),
				Operations: []string{"Decrypt", "ReEncryptFrom"}, IssuingAccount: "arn:aws:iam::" + account + ":root"}}
		}
	})
	f.Trial.Answer = rapid.SampledFrom([]plan.TrialAnswer{plan.TrialNone, plan.TrialWorks, plan.TrialRefused}).Draw(t, "trial")
	o := options()
	o.ForeignStatements = rapid.SampledFrom([]settings.ForeignStatements{settings.Procedure, settings.Least}).Draw(t, "foreignStatements")
	o.ForeignKey = rapid.SampledFrom([]settings.ForeignKey{settings.ForeignGrant, settings.ForeignReport}).Draw(t, "foreignKey")
	return f, o
}

// Invariant 4 across accounts: after a plan the role has what the launch needs,
// and a second look finds nothing to do.
func TestForeignPlansOpenTheKey(t *testing.T) {
	t.Parallel()
	planned := map[int]int{}
	rapid.Check(t, func(t *rapid.T) {
		f, o := drawForeign(t)
		p := plan.For(f, o)
		if p.NoFix != nil {
			if len(p.Steps) > 0 || p.NoFix.Text == "" {
				t.Fatalf("%+v", p)
			}
			return
		}
		planned[len(p.Steps)]++
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
	if planned[1] == 0 || planned[2] == 0 {
		t.Errorf("plans by their steps: %v", planned)
	}
}

// A gain is one operation that somebody may do after a plan and not before.
type gain struct{ who, operation string }

// gains evaluates everybody, each with identity policies that allow everything:
// what is delegated to an account is what its administrators can give away.
func gains(t *rapid.T, f plan.Finding, after access.Facts, context map[string][]string) []gain {
	everything, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	others := []string{
		"arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/admin", "arn:aws:iam::777788889999:root", "arn:aws:iam::777788889999:role/x",
		"arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/admin", "arn:aws:iam::111122223333:user/ann", granter,
		slr + "_two", strings.Replace(slr, account, owner, 1), spot,
	}
	var out []gain
	for _, who := range others {
		for _, op := range append(eight(), "PutKeyPolicy", "ScheduleKeyDeletion", "RevokeGrant", "ListGrants", "Sign") {
			r := access.Request{Principal: access.Principal{ARN: who, ID: "AROAOTHER1234567890"}, Operations: []string{op},
				Context: access.Context{Values: context, Complete: true}, IdentityPolicies: []*keypolicy.Document{everything}}
			before, then := access.Evaluate(f.Facts, r)[0].Decision, access.Evaluate(after, r)[0].Decision
			if before == then {
				continue
			}
			if then != access.Allowed {
				t.Fatalf("%s %s: %s, then %s", who, op, before, then)
			}
			out = append(out, gain{who, op})
		}
	}
	return out
}

func eight() []string {
	return []string{"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"}
}

// checkGains holds what somebody gains by a plan to what the setting delegates.
func checkGains(t *rapid.T, f plan.Finding, o plan.Options, grantee string, asked []string, forAWS string) int {
	p := plan.For(f, o)
	after, err := change.Simulate(f.Facts, p.Steps)
	if err != nil {
		t.Fatal(err)
	}
	scoped := strings.HasPrefix(grantee, slr) && !slices.Contains(asked, "Sign") && !slices.Contains(asked, "RetireGrant")
	all := gains(t, f, after, map[string][]string{"kms:granteeprincipal": {grantee}, "kms:grantoperations": asked, "kms:grantisforawsresource": {forAWS}})
	for _, g := range all {
		ordinary := strings.HasPrefix(g.who, "arn:aws:iam::"+account+":") && !strings.Contains(g.who, "aws-service-role")
		switch {
		case !ordinary || !slices.Contains(eight(), g.operation):
			t.Fatalf("%s may %s by %s", g.who, g.operation, after.Policy)
		case g.operation == "CreateGrant" && !scoped:
			t.Fatalf("%s may grant %v to %s by %s", g.who, asked, grantee, after.Policy)
		case o.ForeignStatements == "least" && (g.who != granter || g.operation != "CreateGrant"):
			t.Fatalf("%s may %s under least by %s", g.who, g.operation, after.Policy)
		}
	}
	return len(all)
}

// Invariant 5 across accounts: no other principal gains any operation, other
// service-linked roles included, but for what the procedure's statements
// delegate to the group's account: the use of the key, and grants to its Auto
// Scaling roles of the eight operations. Under least only the granter gains, and
// only such grants.
func TestForeignPlansOpenTheKeyToNobodyElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// The plain case first, so that there is something to gain.
		for by, want := range map[settings.ForeignStatements]int{settings.Procedure: 4 * len(eight()), settings.Least: 1} {
			o := options(func(o *plan.Options) { o.ForeignStatements = by })
			if n := checkGains(t, across(), o, slr, eight(), "false"); n != want {
				t.Fatalf("%s: %d gains, want %d", by, n, want)
			}
		}
		f, o := drawForeign(t)
		grantee := rapid.SampledFrom([]string{slr, slr + "_two", "arn:aws:iam::111122223333:role/evil", strings.Replace(slr, account, owner, 1), spot}).Draw(t, "grantee")
		asked := rapid.SampledFrom([][]string{eight(), {"Decrypt"}, {"Decrypt", "Sign"}, append(eight(), "RetireGrant")}).Draw(t, "asked")
		checkGains(t, f, o, grantee, asked, rapid.SampledFrom([]string{"true", "false"}).Draw(t, "for AWS"))
	})
}

// Invariant 6: what was written into the key policy can be taken back, byte for
// byte.
func TestForeignStatementsCanBeTakenBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, o := drawForeign(t)
		checkTakenBack(t, plan.For(f, o).Steps)
	})
}
