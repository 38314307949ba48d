package whatif_test

import (
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
	"keymend/pkg/whatif"
)

// snapshot is a group with a key about which each decision was come to.
func snapshot(decisions ...access.Decision) plan.Snapshot {
	s := plan.Snapshot{Launch: launch.Launch{Group: "web", Principal: launch.Principal{ARN: roles()[0]}}}
	for i, d := range decisions {
		f := plan.Finding{Principal: access.Principal{ARN: roles()[0]}, Results: []access.Result{{Operation: "CreateGrant", Decision: d}}}
		f.Facts.Key.ARN = []string{key, other}[i]
		s.Findings = append(s.Findings, f)
	}
	return s
}

func with(s plan.Snapshot, do func(*plan.Snapshot)) plan.Snapshot {
	do(&s)
	return s
}

func TestSee(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		saw    plan.Snapshot
		change whatif.Change
		want   whatif.State
	}{
		"no key":                {saw: snapshot(), want: whatif.Launches},
		"open":                  {saw: snapshot(access.Allowed, access.Allowed), want: whatif.Launches},
		"one shut":              {saw: snapshot(access.Allowed, access.Denied), want: whatif.Fails},
		"shut beside unknown":   {saw: snapshot(access.Unknown, access.Denied), want: whatif.Fails},
		"one unknown":           {saw: snapshot(access.Allowed, access.Unknown), want: whatif.Unknown},
		"a key isn't seen":      {saw: with(snapshot(access.Allowed), func(s *plan.Snapshot) { s.Unseen = []string{"which"} }), want: whatif.Unknown},
		"EC2 refuses it":        {saw: with(snapshot(), func(s *plan.Snapshot) { s.Launch.Refused = "no image" }), want: whatif.Fails},
		"nothing was seen":      {saw: plan.Snapshot{}, want: whatif.Unknown},
		"its role is deleted":   {saw: snapshot(), change: whatif.Change{Roles: []whatif.Role{{ARN: roles()[0]}}}, want: whatif.Fails},
		"another role is":       {saw: snapshot(), change: whatif.Change{Roles: []whatif.Role{{ARN: roles()[1]}}}, want: whatif.Launches},
		"its role is made anew": {saw: snapshot(), change: whatif.Change{Roles: []whatif.Role{{ARN: roles()[0], Anew: true}}}, want: whatif.Launches},
	} {
		if got := whatif.See(tc.saw, tc.change).State; got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestEffect has every pair of states; of unknown ones, what stands in the way tells.
func TestEffect(t *testing.T) {
	t.Parallel()
	const yes, maybe, no = access.Allowed, access.Unknown, access.Denied
	for _, tc := range []struct {
		before, after access.Decision
		same          bool
		want          whatif.Effect
	}{
		{yes, yes, true, whatif.Unaffected}, {yes, yes, false, whatif.Unaffected},
		{yes, no, false, whatif.Breaks}, {yes, maybe, false, whatif.Untold},
		{maybe, yes, false, whatif.Unaffected}, {maybe, no, false, whatif.Breaks},
		{maybe, maybe, true, whatif.Unaffected}, {maybe, maybe, false, whatif.Untold},
		{no, yes, false, whatif.Mends}, {no, maybe, false, whatif.Untold},
		{no, no, true, whatif.StaysShut}, {no, no, false, whatif.StaysShut},
	} {
		before, after := snapshot(tc.before), snapshot(tc.after)
		if !tc.same {
			after.Findings[0].Facts.Grants = []access.Grant{{ID: "g"}}
		}
		if got := whatif.See(before, whatif.Change{}).Effect(whatif.See(after, whatif.Change{})); got != tc.want {
			t.Errorf("%v, then %v: %s, want %s", tc.before, tc.after, got, tc.want)
		}
	}
}

// TestUnknownBeside: what is open bears on nothing, whatever becomes of it; and a key that
// nobody sees may be the one whose policy is put.
func TestUnknownBeside(t *testing.T) {
	t.Parallel()
	before, after := snapshot(access.Allowed, access.Unknown), snapshot(access.Allowed, access.Unknown)
	after.Findings[0].Facts.Grants = []access.Grant{{ID: "g"}}
	if got := whatif.See(before, whatif.Change{}).Effect(whatif.See(after, whatif.Change{})); got != whatif.Unaffected {
		t.Errorf("an open key: %s", got)
	}
	puts, revokes := whatif.Change{Policies: []whatif.Policy{{Key: key}}}, whatif.Change{Revoked: []whatif.Grant{{ID: "g"}}}
	byDefault := whatif.Change{ByDefault: new(true)}
	hidden := with(snapshot(), func(s *plan.Snapshot) { s.Unseen = []string{"/dev/xvda: snap-1"} })
	unlisted, unnamed := snapshot(access.Unknown), snapshot(access.Unknown)
	unlisted.Findings[0].Facts.GrantsUnreadable = "refused"
	unnamed.Findings[0].Facts.Key.ARN = "arn:aws:kms:eu-west-1:" + account + ":alias/x"
	for name, tc := range map[string]struct {
		saw  plan.Snapshot
		want map[*whatif.Change]whatif.Effect
	}{
		"a key isn't seen":       {hidden, map[*whatif.Change]whatif.Effect{&byDefault: whatif.Unaffected, &puts: whatif.Untold, &revokes: whatif.Untold}},
		"grants aren't listed":   {unlisted, map[*whatif.Change]whatif.Effect{&byDefault: whatif.Unaffected, &puts: whatif.Unaffected, &revokes: whatif.Untold}},
		"an alias of no key":     {unnamed, map[*whatif.Change]whatif.Effect{&byDefault: whatif.Unaffected, &puts: whatif.Untold, &revokes: whatif.Untold}},
		"nothing is seen at all": {plan.Snapshot{}, map[*whatif.Change]whatif.Effect{&byDefault: whatif.Untold, &puts: whatif.Untold, &revokes: whatif.Untold, {}: whatif.Unaffected}},
	} {
		for change, want := range tc.want {
			if got := whatif.See(tc.saw, whatif.Change{}).Effect(whatif.See(tc.saw, *change)); got != want {
				t.Errorf("%s, %+v: %s, want %s", name, *change, got, want)
			}
		}
	}
}
