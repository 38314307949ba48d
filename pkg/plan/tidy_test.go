package plan_test

import (
	"strings"
	"testing"

	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/statements"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

// TestTidy: ids of deleted roles go from Keymend's statements of an open key, and nothing
// else changes. Nobody else's statement is touched: with an id in one, there is no plan.
func TestTidy(t *testing.T) {
	t.Parallel()
	const dead = "AROAEXAMPLEGONE123456"
	closed, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[` + root + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	edit, err := keypolicy.Allow(closed, slr)
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.Join(edit.Added, ",")
	with := strings.ReplaceAll(ours, `["`+slr+`"]`, `["`+slr+`","`+dead+`"]`)
	foreign := `{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"` + dead + `"},"Action":"kms:Decrypt","Resource":"*"}`
	altered := strings.Replace(with, `"kms:Encrypt",`, "", 1)
	stack := func(f *plan.Finding) { f.Tags = map[string]string{"aws:cloudformation:stack-name": "s"} }
	for name, tc := range map[string]struct {
		f      plan.Finding
		ownKey settings.OwnKey
		want   string // the statements as they are then; "" = there is no plan
	}{
		"an id in ours":              {broken(policyIs(root, with)), "auto", ours},
		"by statements only":         {broken(policyIs(root, with)), "policy", ours},
		"by grants":                  {broken(policyIs(root, with)), "grant", ""},
		"none":                       {broken(policyIs(root, ours)), "auto", ""},
		"and one in somebody's":      {broken(policyIs(root, with, foreign)), "auto", ""},
		"ours, altered by somebody":  {broken(policyIs(root, altered)), "auto", ""},
		"the policy is code's":       {broken(policyIs(root, with), stack), "auto", ""},
		"the key isn't open":         {broken(policyIs(root, with), state("Disabled")), "auto", ""},
		"nobody but it in ours":      {broken(policyIs(root, strings.ReplaceAll(ours, slr, dead))), "auto", ""},
		"the same, and others' open": {broken(policyIs(root, useOf, grantsOf, strings.ReplaceAll(ours, slr, dead))), "auto", useOf + "," + grantsOf},
	} {
		p, ok := tc.f.Evaluate().Tidy(plan.Options{OwnKey: tc.ownKey})
		if ok != (tc.want != "") {
			t.Errorf("%s: %v, %+v", name, ok, p)
		}
		if !ok {
			continue
		}
		s, is := p.Steps[0].(statements.Tidy)
		if want := `{"Version":"2012-10-17","Statement":[` + root + "," + tc.want + `]}`; !is || !keypolicy.Equal(s.After, want) || s.Key != keyARN || s.Principal != slr || p.Digest == "" || p.OthersAffected != 0 || p.Opens() || s.Gone[0] != dead {
			t.Errorf("%s: %+v, %d others\n%s", name, s, p.OthersAffected, want)
		}
	}
}
