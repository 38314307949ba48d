package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
)

const (
	ownRole  = slr + "_payments"
	ownID    = "AROAPAYMENTS123456789"
	groupARN = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/web-prod"
	second   = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000009"
)

// opened lets the roles use the key.
func opened(roles ...string) func(*plan.Finding) {
	return func(f *plan.Finding) {
		s := []string{root}
		for _, r := range roles {
			s = append(s, `{"Effect":"Allow","Principal":{"AWS":"`+r+`"},"Action":"kms:*","Resource":"*"}`)
		}
		f.Facts.Policy = policy(s...)
	}
}

// looked is a group whose launch needs a key for each finding.
func looked(findings ...plan.Finding) plan.Snapshot {
	return plan.Snapshot{
		Account: account, Region: "eu-west-1", Group: "web-prod", Findings: findings,
		Launch: launch.Launch{Group: "web-prod", GroupARN: groupARN, Principal: launch.Principal{ARN: slr}},
	}
}

// asked adds what was read of the settings' role; "" = it is missing.
func asked(s plan.Snapshot, id string) plan.Snapshot {
	s.Dedicated = access.Principal{ARN: ownRole, ID: id}
	for _, f := range s.Own() {
		f.Principal = s.Dedicated
		s.Turned = append(s.Turned, f.Evaluate())
	}
	return s
}

func dedicated(o *plan.Options) { o.Dedicated = "payments" }

// shortly is what there is to do, a line for each proposal.
func shortly(all []plan.Proposal) []string {
	var out []string
	for _, p := range all {
		line := kindsOf(p.Plan.Steps)
		if p.Plan.NoFix != nil {
			line = string(p.Plan.NoFix.Reason)
		}
		line += " for " + p.Finding.Principal.ARN[strings.LastIndexAny(p.Finding.Principal.ARN, "/")+1:]
		for word, is := range map[string]bool{", made": p.MakesRole, ", quiet": p.Quiet} {
			if is {
				line += word
			}
		}
		if p.Waits != "" {
			line += "; " + p.Waits
		}
		out = append(out, line)
	}
	return out
}

// First the role is made, then each key is opened to it, then the group launches
// as it; each step waits for the one before.
func TestMove(t *testing.T) {
	t.Parallel()
	const (
		opens    = "EditKeyPolicy for AWSServiceRoleForAutoScaling"
		opensOwn = opens + "_payments"
		makes    = "EnsureServiceLinkedRole for AWSServiceRoleForAutoScaling_payments, made"
		moves    = "UpdateGroup for AWSServiceRoleForAutoScaling_payments"
		first    = "; the role " + ownRole + " has to be made first"
		every    = "; every key has to be open to " + ownRole + " first"
	)
	other := func(changes ...func(*plan.Finding)) plan.Finding {
		return broken(append([]func(*plan.Finding){keyIs(second)}, changes...)...)
	}
	spotToo := looked(broken(), broken(func(f *plan.Finding) { f.Principal = access.Principal{ARN: spot, ID: "AROASPOT"} }))
	managed := asked(looked(broken()), ownID)
	managed.Launch.ManagedBy = "cloudformation (stack web)"
	untold := asked(looked(broken(opened(ownRole))), ownID)
	untold.Unseen = []string{"the image is gone"}
	arrived := asked(looked(broken()), ownID)
	arrived.Launch.Principal.ARN, arrived.Findings = ownRole, arrived.Turned
	theirs := looked(across(unseenKey, func(f *plan.Finding) {
		g := grantOf(plan.Finding{Principal: access.Principal{ARN: ownRole, ID: ownID}, Facts: f.Facts, Account: account}, options())
		f.Facts.Grants = []access.Grant{g}
	}))
	for name, tc := range map[string]struct {
		s    plan.Snapshot
		o    plan.Options
		want []string
	}{
		"the role is missing":             {asked(looked(broken()), ""), options(dedicated), []string{opensOwn + first, makes}},
		"the role is there":               {asked(looked(broken()), ownID), options(dedicated), []string{opensOwn, moves + every}},
		"one of two keys is open to it":   {asked(looked(broken(opened(ownRole)), other()), ownID), options(dedicated), []string{opensOwn, moves + every}},
		"every key is open to it":         {asked(looked(broken(opened(ownRole)), other(opened(slr, ownRole))), ownID), options(dedicated), []string{moves}},
		"the keys can't all be told":      {untold, options(dedicated), []string{moves + every + "; which keys they are can't all be told"}},
		"of a hidden key, its grant does": {asked(theirs, ownID), options(dedicated), []string{"not-known for AWSServiceRoleForAutoScaling_payments", moves}},
		"the Spot role's stays its own":   {asked(spotToo, ""), options(dedicated), []string{opensOwn + first, "EditKeyPolicy for AWSServiceRoleForEC2Spot", makes}},
		"a key that stays shut":           {asked(looked(broken(state("Disabled"))), ownID), options(dedicated), []string{"key-not-usable for AWSServiceRoleForAutoScaling_payments", moves + every}},
		"somebody manages the group":      {managed, options(dedicated), []string{opens}},
		"the settings name no role":       {asked(looked(broken()), ownID), options(), []string{opens}},
		"nobody asked about the role":     {looked(broken()), options(dedicated), []string{opens}},
		"the group launches as it":        {arrived, options(dedicated), []string{opensOwn}},
		"the keys are open as it is":      {asked(looked(broken(opened(slr))), ownID), options(dedicated), nil},
		"whether they are can't be told":  {asked(looked(broken(func(f *plan.Finding) { f.Facts.GrantsUnreadable = "denied" })), ownID), options(dedicated), []string{opens}},
	} {
		got := plan.All(tc.s, tc.o)
		if diff := cmp.Diff(tc.want, shortly(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		_, moving := tc.s.Moving(tc.o)
		if want := slices.ContainsFunc(tc.want, func(s string) bool { return strings.HasPrefix(s, "UpdateGroup") || strings.HasPrefix(s, "Ensure") }); moving != want {
			t.Errorf("%s: moving %v", name, moving)
		}
		if keeps := tc.s.Keeps(tc.o); (keeps != "") != (name == "somebody manages the group") || keeps != "" && !strings.Contains(keeps, ownRole+", but cloudformation (stack web) manages it") {
			t.Errorf("%s: %q", name, keeps)
		}
	}
}

// What opens a key for the sake of a move says which; what doesn't, doesn't.
func TestMovesAreKnownByTheirSteps(t *testing.T) {
	t.Parallel()
	s := asked(looked(broken(), broken(func(f *plan.Finding) { f.Principal = access.Principal{ARN: spot, ID: "AROASPOT"} })), "")
	all := plan.All(s, options(dedicated))
	want := change.Steps{group.Update{Group: groupARN, Name: "web-prod", Before: slr, After: ownRole}}
	if all[0].Moves == nil || !all[0].Moves.Steps.Same(want) || all[0].Moves.Target != groupARN {
		t.Errorf("%+v", all[0].Moves)
	}
	if all[1].Moves != nil || all[2].Moves != nil || all[1].Because != nil || len(all[2].Because) != 1 {
		t.Errorf("%+v", all)
	}
	if diff := cmp.Diff(change.Steps{role.Ensure{Role: ownRole, Suffix: "payments"}}, all[2].Plan.Steps); diff != "" {
		t.Error(diff)
	}
	if waits := all[2].WaitsForKeys(s); waits != "every key has to be one that may be opened to "+ownRole {
		t.Error(waits)
	}
	s.Unseen = []string{"the image is gone"}
	if waits := all[2].WaitsForKeys(s); !strings.HasSuffix(waits, "; which keys they are can't all be told") {
		t.Error(waits)
	}
	// The plan that is shown meanwhile isn't the one that comes: the role's id isn't known.
	there := plan.All(asked(looked(broken()), ownID), options(dedicated))
	if all[0].Finding.Principal.ID != plan.ToBeMade || all[0].Plan.Digest == there[0].Plan.Digest {
		t.Errorf("%+v", all[0].Finding.Principal)
	}
}

// The same role that is missing is the same plan, whichever group asks for it. A
// group's step is another for each group, and once the role was made anew.
func TestDigestsOfAMove(t *testing.T) {
	t.Parallel()
	last := func(s plan.Snapshot) plan.Plan {
		all := plan.All(s, options(dedicated))
		return all[len(all)-1].Plan
	}
	with := func(id string, changes ...func(*plan.Snapshot)) plan.Plan {
		s := asked(looked(broken()), id)
		for _, c := range changes {
			c(&s)
		}
		return last(s)
	}
	theirs := func(s *plan.Snapshot) {
		s.Group, s.Launch.Group, s.Launch.GroupARN = "api", "api", strings.Replace(groupARN, "web-prod", "api", 1)
	}
	elsewhere := func(s *plan.Snapshot) { s.Region = "eu-central-1" }
	if a, b := with(""), with("", theirs); a.Digest != b.Digest || a.Target != ownRole {
		t.Errorf("%+v, %+v", a, b)
	}
	seen := map[string]string{}
	for name, p := range map[string]plan.Plan{
		"to make": with(""), "in another Region": with("", elsewhere), "to move": with(ownID), "another group": with(ownID, theirs), "a role made anew": with("AROAREBORN"),
	} {
		if other := seen[p.Digest]; other != "" || p.FactsDigest == "" {
			t.Errorf("%s and %s have one digest", name, other)
		}
		seen[p.Digest] = name
	}
	if a, b := with(ownID), with(ownID); a.Digest != b.Digest {
		t.Error("one plan has two digests")
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	one, two := broken(), broken(keyIs(second), func(f *plan.Finding) { f.Principal = access.Principal{ARN: spot, ID: "AROASPOT"} })
	s := asked(looked(one, two), ownID)
	for name, tc := range map[string]struct {
		key, principal, want string
	}{
		"the group's own": {keyARN, "", one.ID()},
		"by its role":     {second, spot, two.ID()},
		"turned":          {keyARN, ownRole, s.Turned[0].ID()},
		"another key":     {second, "", ""},
		"another role":    {keyARN, spot, ""},
	} {
		if f, ok := s.Find(tc.key, tc.principal); ok != (tc.want != "") || ok && f.ID() != tc.want {
			t.Errorf("%s: %v, %s", name, ok, f.ID())
		}
	}
	if own := s.Own(); len(own) != 1 || own[0].ID() != one.ID() {
		t.Errorf("%v", own)
	}
	learned := s.Turned[0]
	learned.Trial.Answer = plan.TrialWorks
	next := s.With(learned)
	if next.Turned[0].Trial.Answer != plan.TrialWorks || s.Turned[0].Trial.Answer != plan.TrialNone || next.Findings[0].Trial.Answer != plan.TrialNone {
		t.Error("a snapshot changed, or the wrong finding did")
	}
	for suffix, want := range map[string]string{"payments": ownRole, "": ""} {
		if got := s.DedicatedARN(suffix); got != want {
			t.Errorf("%q: %s", suffix, got)
		}
	}
	if s.Launch.GroupARN = "web-prod"; s.DedicatedARN("payments") != "" {
		t.Error("a role of no account")
	}
	if f := s.About(s.Dedicated); f.KeyAccount() != "" || f.OwnKey() || f.Group != "web-prod" || f.Principal.ARN != ownRole {
		t.Errorf("%+v", f)
	}
}

// Planning is a pure function: a second look at the same snapshot finds the same,
// and leaves it as it is.
func TestAllLeavesTheSnapshotAsItIs(t *testing.T) {
	t.Parallel()
	s := asked(looked(broken(), broken(keyIs(second))), "")
	before := fmt.Sprintf("%+v", s)
	first, again := shortly(plan.All(s, options(dedicated))), shortly(plan.All(s, options(dedicated)))
	if diff := cmp.Diff(first, again); diff != "" || fmt.Sprintf("%+v", s) != before {
		t.Error(diff)
	}
}
