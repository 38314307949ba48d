package plan_test

import (
	"slices"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
	slroles "keymend/pkg/slr"
)

// TestSpared: a key of which not all can be seen isn't blamed where the group is whole,
// or where launches fail for something else; one that is known to be shut always is.
func TestSpared(t *testing.T) {
	t.Parallel()
	const foreign = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-00000000000f"
	all := slroles.Operations()
	seven := slices.DeleteFunc(slices.Clone(all), func(o string) bool { return o == "Encrypt" })
	grant := func(operations []string, change ...func(*access.Grant)) access.Grant {
		g := access.Grant{ID: "g1", Name: "x", GranteePrincipal: slr, IssuingAccount: "arn:aws:iam::" + account + ":root", Operations: operations}
		for _, c := range change {
			c(&g)
		}
		return g
	}
	bound := func(g *access.Grant) {
		g.Constraints = &access.Constraints{EncryptionContextSubset: map[string]string{"aws:ebs:id": "vol-1"}}
	}
	unseen := func(grants ...access.Grant) plan.Finding {
		return broken(func(f *plan.Finding) {
			f.Facts = access.Facts{Key: access.Key{ARN: foreign}, PolicyUnreadable: "account 444455556666 can't be read from here", Grants: grants}
			if len(grants) == 0 {
				f.Facts.GrantsUnreadable = "kms:ListGrants was refused"
			}
		})
	}
	own := broken(func(f *plan.Finding) {
		f.KeptOut, f.Facts = true, access.Facts{Key: access.Key{ARN: keyARN}, PolicyUnreadable: "kms:GetKeyPolicy was refused", GrantsUnreadable: "kms:ListGrants was refused"}
	})
	failing := func(c activity.Cause) func(*plan.Snapshot) {
		return func(s *plan.Snapshot) { s.Failing, s.Findings[0].Cause = true, c }
	}
	short := func(s *plan.Snapshot) { s.Launch.InService = 1 }
	org := broken(policyIs(root, `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`))
	outside := broken(policyIs(root, useOf, grantsOf, denies("Org", "kms:*", `"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}`)))
	via := broken(failed, policyIs(root, useOf, grantsOf, denies("Via", "kms:*", `"StringNotEquals":{"kms:ViaService":"ec2.eu-west-1.amazonaws.com"}`)))
	for name, tc := range map[string]struct {
		f      plan.Finding
		change func(*plan.Snapshot)
		says   string // "" = it may stand in the way
	}{
		"open to the organization, whole":     {f: org, says: "can't be told: it hangs on aws:PrincipalOrgID; the group is whole"},
		"… and it fails for its keys":         {f: org, change: failing(activity.KMSAccess)},
		"… and it lacks instances":            {f: org, change: short},
		"denied outside of it, whole":         {f: outside, says: "can't be told: it hangs on aws:PrincipalOrgID; the group is whole"},
		"the instance may be denied, late":    {f: via, change: failing(activity.KMSAccess), says: "keeps " + instance + " from decrypting can't be told"},
		"the instance may be denied":          {f: via, change: func(s *plan.Snapshot) { failing(activity.KMSAccess)(s); short(s) }},
		"unseen, whole":                       {f: unseen(), says: "this account can't see the key's policy; the group is whole: " + foreign},
		"all eight, whole":                    {f: unseen(grant(all)), says: "the grant x opens " + foreign},
		"seven, whole":                        {f: unseen(grant(seven)), says: "the grant x opens " + foreign},
		"too few, whole":                      {f: unseen(grant([]string{"Decrypt"}))},
		"with a constraint, whole":            {f: unseen(grant(all, bound)), says: "can't see the key's policy"},
		"to another role":                     {f: unseen(grant(all, func(g *access.Grant) { g.GranteePrincipal = spot }))},
		"made in the key's account":           {f: unseen(grant(all, func(g *access.Grant) { g.IssuingAccount = "arn:aws:iam::444455556666:root" }))},
		"own, kept out, whole":                {f: own, says: "can't see the key's policy; the group is whole: " + keyARN},
		"fails for its keys":                  {f: unseen(), change: failing(activity.KMSAccess)},
		"fails for what isn't known":          {f: unseen(), change: failing(activity.Unrecognised)},
		"fails for capacity":                  {f: unseen(), change: failing(activity.Capacity), says: "launches fail for something else"},
		"own, kept out, fails for capacity":   {f: own, change: failing(activity.Capacity), says: "launches fail for something else"},
		"lacks instances":                     {f: unseen(), change: short},
		"the pool lacks instances":            {f: unseen(), change: func(s *plan.Snapshot) { s.Launch.WarmPool = &launch.WarmPool{Wanted: 1} }},
		"wants none":                          {f: unseen(), change: func(s *plan.Snapshot) { s.Launch.Desired, s.Launch.InService = 0, 0 }},
		"shut for certain, whole":             {f: broken()},
		"shut for certain, fails for another": {f: broken(), change: failing(activity.Capacity)},
	} {
		s := plan.Snapshot{Findings: []plan.Finding{tc.f}, Launch: launch.Launch{Desired: 2, InService: 2, Principal: launch.Principal{ARN: slr}}}
		if tc.change != nil {
			tc.change(&s)
		}
		got := s.Spared(s.Findings[0])
		if (got == "") != (tc.says == "") || !strings.Contains(got, tc.says) {
			t.Errorf("%s: %q", name, got)
		}
		if planned := plan.All(s, plan.Options{}); (len(planned) == 0) != (tc.says != "") {
			t.Errorf("%s: %d proposals", name, len(planned))
		}
	}
}

// TestStanding: a grant by another name that gives all that AWS asks for stands for
// Keymend's own, on a key that can't be seen.
func TestStanding(t *testing.T) {
	t.Parallel()
	f := broken(func(f *plan.Finding) {
		f.Facts = access.Facts{
			Key: access.Key{ARN: "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-00000000000f"}, PolicyUnreadable: "not from here",
			Grants: []access.Grant{{ID: "g1", Name: "x", GranteePrincipal: slr, IssuingAccount: "arn:aws:iam::" + account + ":root", Operations: slroles.Operations()}},
		}
	})
	if p := plan.For(f, plan.Options{}); p.NoFix == nil || p.NoFix.Reason != plan.NotKnown || !strings.HasPrefix(p.NoFix.Text, "the grant x on ") || !f.Open() {
		t.Errorf("%+v", p)
	}
	f.Facts.Grants[0].Operations = []string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext"}
	if p := plan.For(f.Evaluate(), plan.Options{}); len(p.Steps) != 1 {
		t.Errorf("launches fail, and AWS asks for more than the grant gives: %+v", p.NoFix)
	}
}
