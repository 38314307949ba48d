package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/kind/statements"
	"keymend/pkg/plan"
	"keymend/pkg/tag"
)

// What is for good isn't always what Keymend would do: the statements in the place of a
// grant that stands in for them, the halves that are another account's, what a policy
// keeps from Keymend.
func TestForGood(t *testing.T) {
	t.Parallel()
	const opens, grants = "EditKeyPolicy", "CreateGrant"
	byStack := func(f *plan.Finding) { f.Tags = map[string]string{tag.Stack: "platform"} }
	dead := policyIs(root, `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEGONE123456"},"Action":"kms:*","Resource":"*"}`)
	keptOut := func(f *plan.Finding) {
		f.KeptOut, f.Facts = true, access.Facts{Key: access.Key{ARN: keyARN}, PolicyUnreadable: "kms:GetKeyPolicy was refused"}
	}
	asSpot := func(f *plan.Finding) { f.Principal = access.Principal{ARN: spot, ID: "AROASPOT"} }
	byGrant := func(o *plan.Options) { o.OwnKey = "grant" }
	half := func(f *plan.Finding) {
		f.Facts.Policy = policy(ownerRoot, useByRoot, byRoot)
	}
	denied := policyIs(root, `{"Sid":"NoRobots","Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:CreateGrant","Resource":"*"}`)
	for name, tc := range map[string]struct {
		s    plan.Snapshot
		o    plan.Options
		want []string
	}{
		"an own key":                      {looked(broken()), options(), []string{opens}},
		"grants, as asked":                {looked(broken()), options(byGrant), []string{grants}},
		"its policy is code's":            {looked(broken(byStack)), options(), []string{opens}},
		"KMS would refuse the policy":     {looked(broken(dead)), options(), []string{grants}},
		"a grant stands in":               {looked(broken(granted)), options(), []string{opens}},
		"a grant, as asked":               {looked(broken(granted)), options(byGrant), nil},
		"a grant that isn't needed":       {looked(broken(granted, policyIs(root, useOf, grantsOf))), options(), nil},
		"open":                            {looked(broken(policyIs(root, useOf, grantsOf))), options(), nil},
		"disabled":                        {looked(broken(state("Disabled"))), options(), nil},
		"denied":                          {looked(broken(denied)), options(), nil},
		"a policy that keeps Keymend out": {looked(broken(keptOut)), options(), []string{opens}},
		"two roles":                       {looked(broken(), broken(asSpot)), options(), []string{opens, opens}},
		"two keys":                        {looked(broken(), broken(keyIs(second))), options(), []string{opens, opens}},
		"another account's, both halves":  {looked(across()), options(), []string{opens + " " + grants}},
		"left to its owner":               {looked(across()), options(report), []string{opens + " " + grants}},
		"its owner's half is there":       {looked(across(half)), options(report), []string{grants}},
		"not to be seen":                  {looked(across(unseenKey)), options(), []string{opens + " " + grants}},
		"not to be seen, and refused":     {looked(across(unseenKey, trial(plan.TrialRefused))), options(), []string{opens + " " + grants}},
		"not to be seen, and it would do": {looked(across(unseenKey, trial(plan.TrialWorks))), options(), []string{grants}},
		"by an alias":                     {looked(across(unseenKey, keyIs("arn:aws:kms:eu-west-1:444455556666:alias/x"))), options(), nil},
		"a role that is to be made":       {asked(looked(broken()), ""), options(dedicated), []string{"EnsureServiceLinkedRole", opens, "UpdateGroup"}},
		"a role that is there":            {asked(looked(broken(), broken(keyIs(second))), ownID), options(dedicated), []string{opens, opens, "UpdateGroup"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range tc.s.ForGood(tc.o) {
				got = append(got, strings.ReplaceAll(kindsOf(p.Plan.Steps), ",", ""))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// One policy that is opened to two roles is opened to both in the end.
func TestForGoodChains(t *testing.T) {
	t.Parallel()
	all := looked(broken(), broken(func(f *plan.Finding) { f.Principal = access.Principal{ARN: spot, ID: "AROASPOT"} })).ForGood(options())
	first, then := all[0].Plan.Steps[0].(statements.Add), all[1].Plan.Steps[0].(statements.Add)
	if then.Before != first.After || !strings.Contains(then.After, slr) || !strings.Contains(then.After, spot) {
		t.Errorf("%+v\n%+v", first, then)
	}
	if !slices.Equal(then.Sids, first.Sids) {
		t.Errorf("%q, %q", first.Sids, then.Sids)
	}
	if hidden := looked(across(unseenKey)).ForGood(options())[0].Plan.Steps[0].(statements.Add); hidden.Before != "" || hidden.After != "" || len(hidden.Added) != 2 {
		t.Errorf("a policy that nobody read: %+v", hidden)
	}
}
