package remediation_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/kind/group"
	"keymend/pkg/launch"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// TestResumed: once its keys are open, a group that Auto Scaling stopped is let launch
// again, where the settings say so; a person's stop stays, and so does one that nobody
// knows the maker of.
func TestResumed(t *testing.T) {
	t.Parallel()
	const byAWS = "Administrative suspension: it has been failing for over 24 hours"
	for name, tc := range map[string]struct {
		resume int
		text   string // of the newest failure; "" = none is seen
		change func(*mover)
		want   outcome.Outcome // of the look; "" = nothing is on record
	}{
		"as many as the settings say": {resume: 2, text: noKey, want: outcome.Sent},
		"one less":                    {resume: 1, text: noKey, want: outcome.Proposed},
		"by default":                  {text: noKey},
		"by a person":                 {resume: 2, text: noKey, change: func(m *mover) { m.launch.Suspended.Reason = "User suspended at 2026-02-26T18:56:36Z" }},
		"by nobody knows whom":        {resume: 2, text: noKey, change: func(m *mover) { m.launch.Suspended.Reason = "Suspended" }},
		"for capacity":                {resume: 2, text: noCapacity},
		"for what isn't known":        {resume: 2},
		"its key is shut":             {resume: 2, text: noKey, change: func(m *mover) { m.policy, m.tags = rootOnly, nil }, want: outcome.Proposed},
		"not to be changed":           {resume: 2, text: noKey, change: func(m *mover) { m.launch.Tags = map[string]string{"keymend": "ignore"} }, want: outcome.Refused},
		"needs no key":                {resume: 2, text: noKey, change: func(m *mover) { m.launch.Keys = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, f := newMover(), &fleet{}
			m.policy, m.launch.Suspended = open, &launch.Suspension{Reason: byAWS}
			if tc.text != "" {
				f.course.Failed = []observe.Try{{StatusMessage: tc.text, Time: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}}
			}
			if tc.change != nil {
				tc.change(m)
			}
			x := m.fixer(f.of, func(x *remediation.Fixer) { x.Settings.Dedicated, x.Settings.Resume = "", tc.resume })
			look := signal.Look{Why: signal.WhySwept, Account: accountID, Region: region, Group: "web-prod", Sweep: &signal.Swept{}}
			if _, err := x.Looker.Diagnose(t.Context(), look); err != nil {
				t.Fatal(err)
			}
			got := outcome.Outcome("")
			if len(m.records) == 1 {
				got = m.records[0].Outcome
			}
			if got != tc.want || len(m.records) > 1 {
				t.Fatalf("%q: %+v", got, m.records)
			}
			if tc.want != outcome.Sent {
				return
			}
			resumed(t, m, f, x)
		})
	}
}

// resumed carries the message out, and takes it back.
func resumed(t *testing.T, m *mover, f *fleet, x *remediation.Fixer) {
	t.Helper()
	first := m.sent[0]
	first.Delivery = remediation.Delivery{Sent: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Receives: 1}
	r, err := x.Remediate(t.Context(), first)
	if err != nil || r.Outcome != outcome.Fixed || m.launch.Suspended != nil || len(f.sent) != 1 || f.sent[0].Follow.Remediation != r.RemediationID {
		t.Fatalf("%v, %s %s, %+v, sent %+v", err, r.Outcome, r.Reason, m.launch.Suspended, f.sent)
	}
	if intent := m.records[1]; intent.Phase != record.Intent || len(intent.Writes) != 1 || intent.Writes[0].Action != "autoscaling:ResumeProcesses" || len(m.opened) != 1 {
		t.Errorf("%+v, opened %+v", intent, m.opened)
	}
	if want := (group.Suspend{Group: groupARN, Name: "web-prod"}); len(r.Undo) != 1 || r.Undo[0] != want {
		t.Errorf("%+v", r.Undo)
	}
	if again, err := x.Remediate(t.Context(), first); err != nil || again.Outcome != outcome.Superseded || len(m.opened) != 1 {
		t.Errorf("%v, %s %s", err, again.Outcome, again.Reason)
	}
	back, err := x.Undo(t.Context(), logged(t, r))
	if err != nil || back.Outcome != outcome.Undone || m.launch.Suspended == nil || !strings.HasPrefix(m.launch.Suspended.Reason, "User suspended") {
		t.Errorf("%v, %s %s, %+v", err, back.Outcome, back.Reason, m.launch.Suspended)
	}
	if _, err := x.Looker.Diagnose(t.Context(), signal.Look{Why: signal.WhySwept, Account: accountID, Region: region, Group: "web-prod", Sweep: &signal.Swept{}}); err != nil || len(m.sent) != 1 {
		t.Errorf("what a person took back is resumed again: %v, %+v", err, m.sent)
	}
}
