package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/kind/grant"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

// granted adds Keymend's own grant, as a plan makes it.
func granted(f *plan.Finding) {
	g := plan.For(f.Evaluate(), plan.Options{OwnKey: "grant"}).Steps[0].(grant.Create)
	f.Facts.Grants = append(f.Facts.Grants, access.Grant{
		ID: "g1", Name: g.Name, GranteePrincipal: g.Principal, IssuingAccount: "arn:aws:iam::" + account + ":root",
		RetiringPrincipal: "arn:aws:iam::111122223333:role/keymend-granter",
		Operations:        g.Operations, Created: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	})
}

const (
	useOf    = `{"Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`
	grantsOf = `{"Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}`
)

// A grant that stands in for statements is a bridge while the policy doesn't give
// the access, and retired once it does; never where the settings ask for grants,
// and never someone else's.
func TestBridges(t *testing.T) {
	t.Parallel()
	theirs := func(f *plan.Finding) { granted(f); f.Facts.Grants[0].Name = "ours-by-terraform" }
	dead := func(f *plan.Finding) { granted(f); f.Facts.Grants[0].GranteePrincipal = "AROAEXAMPLEGONE123456" }
	constrained := func(f *plan.Finding) {
		granted(f)
		f.Facts.Grants[0].Constraints = &access.Constraints{EncryptionContextSubset: map[string]string{"aws:ebs:id": "vol-1"}}
	}
	for name, tc := range map[string]struct {
		f              plan.Finding
		ownKey         settings.OwnKey
		bridge, retire bool
	}{
		"the policy says nothing":      {broken(granted), "auto", true, false},
		"statements only, as asked":    {broken(granted), "policy", true, false},
		"grants, as asked":             {broken(granted), "grant", false, false},
		"the policy opens it":          {broken(granted, policyIs(root, useOf, grantsOf)), "auto", false, true},
		"it does, and grants as asked": {broken(granted, policyIs(root, useOf, grantsOf)), "grant", false, false},
		"half of it":                   {broken(granted, policyIs(root, useOf)), "auto", true, false},
		"no grant":                     {broken(policyIs(root, useOf, grantsOf)), "auto", false, false},
		"someone else's grant":         {broken(theirs, policyIs(root, useOf, grantsOf)), "auto", false, false},
		"an earlier role's grant":      {broken(dead, policyIs(root, useOf, grantsOf)), "auto", false, false},
		"a grant with constraints":     {broken(constrained, policyIs(root, useOf, grantsOf)), "auto", false, false},
		"closed, with a grant":         {broken(granted, state("Disabled"), policyIs(root, useOf, grantsOf)), "auto", false, false},
	} {
		o := plan.Options{OwnKey: tc.ownKey}
		bridges := tc.f.Bridges(o)
		if (len(bridges) > 0) != tc.bridge || tc.bridge && (!strings.Contains(bridges[0], "g1, made 2026-03-02") || !strings.Contains(bridges[0], slr)) {
			t.Errorf("%s: bridges %q", name, bridges)
		}
		p, ok := tc.f.Retire(o)
		if ok != tc.retire {
			t.Errorf("%s: retire %v", name, ok)
		}
		if !ok {
			continue
		}
		s := p.Steps[0].(grant.Retire)
		if s.GrantID != "g1" || s.At().Account != account || s.Grant.Key != keyARN || s.Grant.Principal != slr || len(s.Grant.Operations) != 8 || p.Digest == "" || p.OthersAffected != 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// A granter that was deleted and made again can't retire what the former one made:
// Keymend doesn't try, and says what ends the grant, as long as it is there.
func TestBridgesOfAFormerGranter(t *testing.T) {
	t.Parallel()
	const now = "arn:aws:iam::111122223333:role/keymend-granter"
	former := func(f *plan.Finding) { granted(f); f.Facts.Grants[0].RetiringPrincipal = "AROAEXAMPLEGONE123456" }
	both := func(f *plan.Finding) {
		former(f)
		second := f.Facts.Grants[0]
		second.ID, second.RetiringPrincipal = "g2", now
		f.Facts.Grants = append(f.Facts.Grants, second)
	}
	opened := policyIs(root, useOf, grantsOf)
	for name, tc := range map[string]struct {
		f       plan.Finding
		says    []string
		retires []string
	}{
		"needed":                {broken(former), []string{"until the policy's owner adds the two statements; Keymend's granter isn't"}, nil},
		"needless":              {broken(former, opened), []string{"isn't needed any more, by the key's policy; Keymend's granter isn't the role that may retire it, but AROAEXAMPLEGONE123456 was"}, nil},
		"one of each":           {broken(both, opened), []string{"revoke-grant --key-id " + keyARN + " --grant-id g1"}, []string{"g2"}},
		"the granter's, needed": {broken(granted), []string{"then Keymend retires it"}, nil},
		"the granter's":         {broken(granted, opened), nil, []string{"g1"}},
	} {
		o := plan.Options{OwnKey: "auto", RetiringRole: now}
		says := tc.f.Bridges(o)
		if len(says) != len(tc.says) || len(says) > 0 && !strings.Contains(says[0], tc.says[0]) {
			t.Errorf("%s: says %q, want %q", name, says, tc.says)
		}
		var got []string
		p, ok := tc.f.Retire(o)
		for _, s := range p.Steps {
			got = append(got, s.(grant.Retire).GrantID)
		}
		if !slices.Equal(got, tc.retires) || ok != (len(tc.retires) > 0) {
			t.Errorf("%s: retires %v (%v), want %v", name, got, ok, tc.retires)
		}
	}
}

// Whatever the policy is: what is retired isn't missed, by the role or by anyone.
func TestRetiredGrantsAreNotMissed(t *testing.T) {
	t.Parallel()
	retired := 0
	rapid.Check(t, func(t *rapid.T) {
		f, o := drawFinding(t)
		o.OwnKey = "auto"
		if rapid.Bool().Draw(t, "opened") {
			f.Facts.Policy = policy(root, useOf, grantsOf)
		}
		f.Facts.Grants = append(f.Facts.Grants, access.Grant{
			ID: "ours", Name: "keymend-1", GranteePrincipal: slr, IssuingAccount: "arn:aws:iam::" + account + ":root",
			Operations: []string{"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"},
		})
		f = f.Evaluate()
		p, ok := f.Retire(o)
		if !ok {
			return
		}
		retired++
		after, err := change.Simulate(f.Facts, p.Steps)
		if err != nil || p.OthersAffected != 0 {
			t.Fatalf("%d others, %v", p.OthersAffected, err)
		}
		f.Facts = after
		if f = f.Evaluate(); f.Decision() != access.Allowed {
			t.Fatalf("%s by %s", f.Decision(), after.Policy)
		}
		if _, again := f.Retire(o); again {
			t.Fatal("a second plan")
		}
	})
	if retired == 0 {
		t.Error("no draw retired anything")
	}
}
