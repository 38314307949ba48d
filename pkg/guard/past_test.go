package guard_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
)

// What was taken away comes back by a person's word, or by an enrolment of a later day
// than that by which it was written, and of no earlier one than that on which it was.
func TestTakenAway(t *testing.T) {
	t.Parallel()
	written := time.Date(2026, 11, 20, 23, 59, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		value, enrolled string
		person, want    bool
	}{
		"no day":                          {"remediate", "", false, false},
		"an earlier day":                  {"remediate 2026-11-19", "", false, false},
		"the same day, none before":       {"remediate 2026-11-20", "", false, true},
		"a later day, none before":        {"remediate 2026-11-21", "", false, true},
		"the same enrolment":              {"remediate 2026-11-20", "2026-11-20", false, false},
		"a later enrolment":               {"remediate 2026-11-28", "2026-11-20", false, true},
		"a later one before it was made":  {"remediate 2026-11-10", "2026-11-01", false, false},
		"an enrolment of a day to come":   {"remediate 2099-01-01", "2099-01-01", false, false},
		"a person":                        {"remediate", "", true, true},
		"a day that is none, by a person": {"remediate 2026-13-01", "", true, true},
	} {
		in := permitted()
		in.Finding.Tags = map[string]string{"keymend": tc.value}
		in.PersonAsked = tc.person
		in.Past.Gone = &guard.Removal{Written: written, Enrolled: tc.enrolled, What: "2 statements added (r-1)"}
		v := guard.Judge(in, edit())
		if v.Allowed != tc.want || !tc.want && v.Reason != guard.TakenAway {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// The command that the record has starts anew, whatever the day is; and the record has
// the permanent fix.
func TestTakenAwaySaysWhatStartsAnew(t *testing.T) {
	t.Parallel()
	for _, days := range [][2]string{{"2026-11-28", ""}, {"2026-11-20", "2026-11-20"}, {"2026-11-20", "2026-11-25"}, {"", ""}} {
		in := permitted()
		if days[1] != "" {
			in.Finding.Tags = map[string]string{"keymend": "remediate " + days[1]}
		}
		in.Past = guard.Past{Today: days[0], Gone: &guard.Removal{Written: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), Enrolled: days[1], What: "w"}}
		v := guard.Judge(in, edit())
		_, value, _ := strings.Cut(quote.Told(v.Run), "TagValue=")
		value, _, _ = strings.Cut(value, "'")
		if v.Reason != guard.TakenAway || !strings.Contains(v.Text, `"Sid": "KeymendUse"`) || strings.Contains(v.Text, "\n") {
			t.Fatalf("%v: %+v", days, v)
		}
		in.Finding.Tags = map[string]string{"keymend": value}
		if v := guard.Judge(in, edit()); !v.Allowed {
			t.Errorf("%v: %q doesn't start anew: %+v", days, value, v)
		}
	}
}

// In an organization one member can't use up what all have together.
func TestNoMemberStarvesOthers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ most, ofOne int }{{20, 10}, {5, 3}, {1, 1}} {
		busy := permitted()
		busy.MaxHere, busy.MaxInAll, busy.Past.Read = 9, tc.most, true
		busy.Organization, busy.Brakes = true, []guard.Brake{{Wave: settings.Wave{Mode: settings.Enforce}, Switch: guard.SwitchOn}}
		for guard.Judge(busy, edit()).Allowed {
			n := len(busy.Past.Begun)
			busy.Past.Begun = append(busy.Past.Begun, guard.Change{Remediation: "r-other", Account: busy.Finding.Account, Region: strings.Repeat("x", 1+n%2)})
		}
		v := guard.Judge(busy, edit())
		if len(busy.Past.Begun) != tc.ofOne || v.Reason != guard.Braked || (tc.most > 1) != strings.Contains(v.Text, "one account may have") {
			t.Errorf("of %d one account begins %d: %+v", tc.most, len(busy.Past.Begun), v)
		}
		for i := range busy.Past.Begun {
			busy.Past.Begun[i].Account = owner // then this account is another
		}
		if v := guard.Judge(busy, edit()); v.Allowed != (tc.most > 1) {
			t.Errorf("of %d, the other: %+v", tc.most, v)
		}
		alone := busy
		alone.Organization, alone.Brakes = false, nil
		for i := range alone.Past.Begun {
			alone.Past.Begun[i].Account = alone.Finding.Account
		}
		if v := guard.Judge(alone, edit()); v.Allowed != (tc.most > 1) {
			t.Errorf("of %d, without an organization: %+v", tc.most, v)
		}
	}
}

// However many changes were begun, another is permitted exactly while both settings
// leave room; what was begun goes on, and a person isn't held back.
func TestBraked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := permitted()
		in.MaxHere, in.MaxInAll = rapid.IntRange(0, 4).Draw(t, "here"), rapid.IntRange(0, 6).Draw(t, "in all")
		here, elsewhere := rapid.IntRange(0, 6).Draw(t, "begun here"), rapid.IntRange(0, 6).Draw(t, "begun elsewhere")
		in.Past.Read = true
		for range here {
			in.Past.Begun = append(in.Past.Begun, guard.Change{Remediation: "r-other", Account: in.Finding.Account, Region: in.Finding.Region})
		}
		for range elsewhere {
			in.Past.Begun = append(in.Past.Begun, guard.Change{Remediation: "r-other", Account: in.Finding.Account, Region: "elsewhere"})
		}
		v, want := guard.Judge(in, edit()), here < in.MaxHere && here+elsewhere < in.MaxInAll
		if v.Allowed != want || !want && (v.Reason != guard.Braked || !v.Propose) {
			t.Fatalf("%d and %d begun: %+v", here, elsewhere, v)
		}
		person := in
		person.PersonAsked = true
		in.Past.Begun = append(in.Past.Begun, guard.Change{Remediation: plan.RemediationID(edit().Digest), Account: in.Finding.Account, Region: in.Finding.Region})
		if !guard.Judge(in, edit()).Allowed || !guard.Judge(person, edit()).Allowed {
			t.Fatal("what was begun, or a person, is held back")
		}
	})
	unread := permitted()
	unread.MaxHere, unread.MaxInAll, unread.Past = 9, 9, guard.Past{Read: true, Unread: "refused"}
	if v := guard.Judge(unread, edit()); v.Reason != guard.Braked || !strings.Contains(v.Text, "refused") {
		t.Errorf("%+v", v)
	}
	if unread.Mode = settings.Observe; guard.Judge(unread, edit()).Propose {
		t.Error("observe proposes")
	}
}
