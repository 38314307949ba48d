package remediation_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/launch"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// TestOpenFindingsEnd: what a sweep's look makes of a finding that by the log is open.
func TestOpenFindingsEnd(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	failed, fixed := asked.Add(-time.Hour), asked.Add(-50*time.Minute)
	launched := []observe.Try{{InstanceID: "i-1", Time: failed.Add(20 * time.Minute)}}
	whole := func(w *world) { w.policy = open; w.launch.InService = 2 }
	for name, tc := range map[string]struct {
		open   signal.Follow
		course observe.Course
		change func(*world)
		want   outcome.Outcome // "" = nothing is written
		says   string
		since  record.Recovered
	}{
		"a person opened the key": {open: signal.Follow{Outcome: outcome.Proposed, Failed: failed}, course: observe.Course{Launched: launched}, change: whole, want: outcome.Recovered, says: "somebody did", since: record.Recovered{SinceFailure: 1200}},
		"and none had failed":     {open: signal.Follow{Outcome: outcome.Observed}, change: whole, want: outcome.NothingToDo, says: "somebody did"},
		"after the looks":         {open: signal.Follow{Outcome: outcome.GaveUp, Remediation: "r-1", Fixed: fixed, Failed: failed}, course: observe.Course{Launched: launched}, change: whole, want: outcome.Recovered, since: record.Recovered{SinceFailure: 1200, SinceFix: 600}},
		"it waits by now":         {open: signal.Follow{Outcome: outcome.Proposed, Failed: failed}, change: func(w *world) { w.policy = open }, want: outcome.Waiting, says: "it tries by itself"},
		"it still waits":          {open: signal.Follow{Outcome: outcome.Waiting, Remediation: "r-1", Failed: failed, Told: asked.Add(-time.Hour)}, change: func(w *world) { w.policy = open }},
		"it waits for a day":      {open: signal.Follow{Outcome: outcome.Waiting, Remediation: "r-1", Failed: failed, Told: asked.Add(-21 * time.Hour)}, change: func(w *world) { w.policy = open }, want: outcome.Waiting},
		"it was stopped": {open: signal.Follow{Outcome: outcome.Waiting, Remediation: "r-1", Failed: failed}, change: func(w *world) {
			w.policy, w.launch.Suspended = open, &launch.Suspension{Reason: "Administratively suspended"}
		}, want: outcome.Suspended, says: "resume-processes"},
		"still shut":  {open: signal.Follow{Outcome: outcome.Proposed, Failed: failed}, change: func(w *world) { w.tags = nil }, want: outcome.Proposed},
		"gone":        {open: signal.Follow{Outcome: outcome.Proposed, Failed: failed}, change: func(w *world) { w.launch.Group = "other" }, want: outcome.Ignored, says: "no such"},
		"another key": {open: signal.Follow{ID: "f-old", Key: "old", Outcome: outcome.NoFix, Failed: failed}, change: whole, want: outcome.Recovered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			tc.change(w)
			o := tc.open
			if o.ID == "" {
				o.ID, o.Key, o.Principal = "f-8fc865ad7ae1454c", keyARN, slr
			}
			o.Group = "web-prod"
			look := signal.Look{Why: signal.WhySwept, Account: accountID, Region: region, Group: "web-prod", Sweep: &signal.Swept{Asked: asked, Full: true, Open: []signal.Follow{o}}}
			if _, err := w.looker((&fleet{course: tc.course}).of).Diagnose(t.Context(), look); err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if len(w.records) > 0 {
					t.Errorf("%+v", w.records)
				}
				return
			}
			if len(w.records) != 1 {
				t.Fatalf("%+v", w.records)
			}
			r := w.records[0]
			if r.Outcome != tc.want || !strings.Contains(r.Reason, tc.says) || r.ID != o.ID || r.Key != o.Key {
				t.Errorf("%s %s %s: %s", r.ID, r.Key, r.Outcome, r.Reason)
			}
			if r.Proof != nil && r.Proof.Recovered != nil && *r.Proof.Recovered != tc.since {
				t.Errorf("%+v, want %+v", r.Proof.Recovered, tc.since)
			}
		})
	}
}

// TestSweepsAskForOpenFindings: a recent sweep hands on the groups whose open finding is
// about a launch that failed, a full one all, also those that are gone.
func TestSweepsAskForOpenFindings(t *testing.T) {
	t.Parallel()
	line := func(id, group, more string) string {
		return `{"schema":"keymend.audit/2","phase":"finding","outcome":"proposed","id":"` + id + `","account":"111122223333","region":"eu-west-1","group":"` + group + `","time":"2026-03-02T08:00:00Z"` + more + `}`
	}
	for full, want := range map[bool]string{false: "failed,gone", true: "failed,whole,would-fail,gone"} {
		f := &fleet{groups: []observe.Group{{Name: "failed"}, {Name: "whole"}, {Name: "would-fail"}}, told: []string{
			line("f-1", "failed", `,"failed":"2026-03-02T07:59:00Z"`), line("f-2", "would-fail", ""), line("f-3", "gone", `,"failed":"2026-03-02T07:59:00Z"`),
		}}
		if err := newWorld().looker(f.of).Sweep(t.Context(), sweep(full)); err != nil || len(f.sent) != 1 || strings.Join(f.sent[0].Groups, ",") != want {
			t.Errorf("full %v: %v, %+v", full, err, f.sent)
		}
		for _, o := range f.sent[0].Open {
			for _, look := range f.sent[0].Looks() {
				if has := len(look.Sweep.Open) == 1 && look.Sweep.Open[0] == o; has != (look.Group == o.Group) {
					t.Errorf("%+v of %+v", look.Sweep, o)
				}
			}
		}
	}
}
