package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/change"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/kind/statements"
	"keymend/pkg/plan"
)

// What there is to do comes in the order of the findings. A grant is only retired
// where nothing is broken.
func TestAll(t *testing.T) {
	t.Parallel()
	const (
		opens   = "EditKeyPolicy for AWSServiceRoleForAutoScaling"
		retires = "RetireGrant for AWSServiceRoleForAutoScaling, quiet"
	)
	bridged := broken(granted, policyIs(root, useOf, grantsOf))
	other := func(changes ...func(*plan.Finding)) plan.Finding {
		return broken(append([]func(*plan.Finding){keyIs(second)}, changes...)...)
	}
	for name, tc := range map[string]struct {
		s    plan.Snapshot
		o    plan.Options
		want []string
	}{
		"nothing":                       {looked(), options(), nil},
		"a key that is open":            {looked(broken(opened(slr))), options(), nil},
		"one that isn't":                {looked(broken(opened(slr)), other()), options(), []string{opens}},
		"two":                           {looked(other(), across()), options(), []string{opens, "EditKeyPolicy CreateGrant for AWSServiceRoleForAutoScaling"}},
		"nothing can be done":           {looked(broken(state("Disabled"))), options(), []string{"key-not-usable for AWSServiceRoleForAutoScaling"}},
		"a grant that stood in":         {looked(bridged), options(), []string{retires}},
		"two of them":                   {looked(bridged, other(granted, policyIs(root, useOf, grantsOf))), options(), []string{retires, retires}},
		"one, and one still needed":     {looked(bridged, other(granted)), options(), []string{retires}},
		"one, and a key is shut":        {looked(bridged, other()), options(), []string{opens}},
		"one, and a key can't be told":  {looked(bridged, other(func(f *plan.Finding) { f.Facts.GrantsUnreadable = "denied" })), options(), []string{opens}},
		"one, and the group is moving":  {asked(looked(bridged, other(opened(ownRole))), ownID), options(dedicated), nil},
		"one, and grants are asked for": {looked(bridged), options(func(o *plan.Options) { o.OwnKey = "grant" }), nil},
		"by copies":                     {looked(across(from())), options(byCopies), []string{"foreign-key for AWSServiceRoleForAutoScaling"}},
	} {
		got := shortly(plan.All(tc.s, tc.o))
		if name == "one, and the group is moving" {
			if strings.Contains(strings.Join(got, ""), "RetireGrant") || len(got) == 0 {
				t.Errorf("%s: %s", name, got)
			}
			continue
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A launch that fails for a key, though all that it is known to need is allowed: what
// is left of AWS's eight operations is proposed, and nothing where none is left.
func TestTheRestOfAWSsOperations(t *testing.T) {
	t.Parallel()
	some := policyIs(root, `{"Sid":"Some","Effect":"Allow","Principal":{"AWS":"`+slr+`"},"Action":["kms:CreateGrant","kms:Decrypt","kms:GenerateDataKeyWithoutPlaintext"],"Resource":"*"}`)
	capacity := func(f *plan.Finding) { f.Cause = activity.Capacity }
	for name, tc := range map[string]struct {
		f    plan.Finding
		want int
	}{
		"some of them":                     {broken(some, failed), 1},
		"some, and nothing failed":         {broken(some), 0},
		"some, and there is no capacity":   {broken(some, capacity), 0},
		"all eight":                        {broken(opened(slr), failed), 0},
		"some, and a Deny of one of these": {broken(failed, policyIs(root, `{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`, useOf, grantsOf)), 0},
	} {
		all := plan.All(looked(tc.f), options())
		if len(all) != tc.want {
			t.Errorf("%s: %v", name, shortly(all))
			continue
		}
		for _, p := range all {
			missing := p.Finding.Decided(access.Denied)
			if !slices.Equal(missing, []string{"DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"}) || !strings.Contains(p.Plan.Doubt, "AWS asks for the rest") {
				t.Errorf("%s: %v, doubt %q", name, missing, p.Plan.Doubt)
			}
			after, err := change.Simulate(p.Finding.Facts, p.Plan.Steps)
			if err != nil {
				t.Fatal(err)
			}
			healed := broken(failed, func(f *plan.Finding) { f.Facts = after })
			if again := plan.All(looked(healed), options()); len(again) > 0 {
				t.Errorf("%s: afterwards %v", name, shortly(again))
			}
		}
	}
}

// A key that can't be told is the likelier cause.
func TestNoRestWhereMoreIsUnseen(t *testing.T) {
	t.Parallel()
	s := looked(broken(failed, policyIs(root, `{"Effect":"Allow","Principal":{"AWS":"`+slr+`"},"Action":["kms:CreateGrant","kms:Decrypt","kms:GenerateDataKeyWithoutPlaintext"],"Resource":"*"}`)))
	if got := plan.All(s, options()); len(got) != 1 {
		t.Fatal(shortly(got))
	}
	refused := s
	whole := s
	s.Unseen, refused.Launch.Refused = []string{"the image is gone"}, "image ami-1 is disabled"
	whole.Launch.Desired, whole.Launch.InService = 2, 2
	for _, s := range []plan.Snapshot{s, refused, whole} {
		if got := plan.All(s, options()); len(got) > 0 {
			t.Error(shortly(got))
		}
	}
}

// Whatever the keys are: a group with anything shut has no grant retired, what
// opens is never quiet, and what is retired is.
func TestNothingIsRetiredWhileAKeyIsShut(t *testing.T) {
	t.Parallel()
	quiet := 0
	rapid.Check(t, func(t *rapid.T) {
		var findings []plan.Finding
		var o plan.Options
		shut := false
		for i := range rapid.IntRange(1, 3).Draw(t, "keys") {
			var f plan.Finding
			f, o = drawFinding(t)
			f.Facts.Key.ARN += string(rune('a' + i))
			if rapid.IntRange(0, 3).Draw(t, "bridged") != 0 {
				f = broken(keyIs(f.Facts.Key.ARN), granted, policyIs(root, useOf, grantsOf))
			}
			f = f.Evaluate()
			shut = shut || f.Decision() != access.Allowed
			findings = append(findings, f)
		}
		for _, p := range plan.All(looked(findings...), o) {
			closes := p.Plan.Steps.Only(func(c change.Claim) bool { return c.Closes })
			if p.Quiet != closes || p.Quiet && shut || p.Quiet && p.Plan.Opens() {
				t.Fatalf("%+v", p)
			}
			if p.Quiet {
				quiet++
			}
		}
	})
	if quiet == 0 {
		t.Error("no draw retired anything")
	}
}

// A message is about the proposal that has its digest, else about the one for the
// same key and role; one that opens is never about one that closes.
func TestSubject(t *testing.T) {
	t.Parallel()
	moving := plan.All(asked(looked(broken(), broken(keyIs(second)), broken(keyIs(second), func(f *plan.Finding) { f.Principal = access.Principal{ARN: spot, ID: "AROASPOT"} })), ownID), options(dedicated))
	retiring := plan.All(looked(broken(granted, policyIs(root, useOf, grantsOf))), options())
	copying := plan.All(looked(across(unseenKey, from())), options(byCopies))
	opens := change.Steps{statements.Add{Key: keyARN, Principal: ownRole}}
	closes := change.Steps{grant.Retire{GrantID: "g1", Grant: grant.Create{Key: keyARN, Principal: slr}}}
	moves := change.Steps{group.Update{Group: groupARN, Before: slr, After: ownRole}}
	for name, tc := range map[string]struct {
		all                    []plan.Proposal
		digest, key, principal string
		steps                  change.Steps
		want                   int
	}{
		"nothing to do":                       {nil, "d", keyARN, slr, opens, -1},
		"by its digest":                       {moving, moving[1].Plan.Digest, "another", "another", opens, 1},
		"by its digest, before key and role":  {moving, moving[1].Plan.Digest, keyARN, ownRole, opens, 1},
		"by key and role":                     {moving, "d", keyARN, ownRole, opens, 0},
		"by the second key":                   {moving, "d", second, ownRole, opens, 1},
		"by the second key and another role":  {moving, "d", second, spot, opens, 2},
		"a role that isn't the group's now":   {moving, "d", keyARN, slr, opens, -1},
		"no role named":                       {moving, "d", second, "", opens, 1},
		"another key":                         {moving, "d", foreignKey, ownRole, opens, -1},
		"by the group":                        {moving, "d", "", ownRole, moves, 3},
		"by the group, the role to be made":   {moving, "d", "", ownRole, change.Steps{role.Ensure{Role: ownRole}}, 3},
		"the group, but not of a move":        {moving, "d", "", ownRole, opens, -1},
		"the group, but nothing known":        {moving, "d", "", ownRole, change.Steps{change.Unread{Name: "x"}}, -1},
		"the group, and a step on a key":      {moving, "d", "", ownRole, append(change.Steps{opens[0]}, moves...), -1},
		"the group, and a key after it":       {moving, "d", "", ownRole, append(slices.Clone(moves), opens...), -1},
		"no steps":                            {moving, "d", "", ownRole, nil, -1},
		"the group, to be resumed":            {moving, "d", "", "", change.Steps{group.Resume{Group: groupARN}}, -1},
		"closing, by its digest":              {retiring, retiring[0].Plan.Digest, keyARN, slr, closes, 0},
		"closing, by key and role":            {retiring, "d", keyARN, slr, closes, 0},
		"opening, where it is to be closed":   {retiring, "d", keyARN, slr, change.Steps{grant.Create{Key: keyARN, Principal: slr}}, -1},
		"opening, with no role":               {retiring, "d", keyARN, "", opens, -1},
		"closing, where it is to be opened":   {moving, "d", keyARN, ownRole, closes, -1},
		"closing and opening at once":         {retiring, "d", keyARN, slr, append(change.Steps{opens[0]}, closes...), -1},
		"a copy":                              {copying, "d", foreignKey, slr, change.Steps{copies.Make{Key: foreignKey}}, 0},
		"clearing away, where a copy is next": {copying, "d", foreignKey, "", change.Steps{copies.Remove{Key: foreignKey}}, 0},
	} {
		if got := plan.Subject(tc.all, tc.digest, tc.key, tc.principal, tc.steps); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}
