package remediation_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/launch"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// TestAChangeIsFollowed: a change that stands has its group looked at after two
// minutes, before the outcome is on record; one that doesn't stand has nothing to follow.
func TestAChangeIsFollowed(t *testing.T) {
	t.Parallel()
	w, f := newWorld(), &fleet{}
	x := w.fixer(f.of)
	w.diagnose(t, x)
	r, err := x.Remediate(t.Context(), w.sent[0])
	if err != nil || r.Outcome != outcome.Fixed || len(f.sent) != 1 || f.after[0] != 2*time.Minute {
		t.Fatalf("%s, %v, %+v", r.Outcome, err, f.sent)
	}
	if got := f.sent[0]; got.Groups[0] != "web-prod" || got.Follow.Remediation != r.RemediationID || got.Follow.Key != keyARN || got.Follow.Principal != slr || got.Follow.Failed.IsZero() {
		t.Errorf("%+v, %+v", got, got.Follow)
	}
	w, f = newWorld(), &fleet{}
	x = w.fixer(f.of)
	w.diagnose(t, x)
	w.policy = open
	if r, err := x.Remediate(t.Context(), w.sent[0]); err != nil || r.Outcome != outcome.Superseded || len(f.sent) != 0 {
		t.Errorf("%s, %v, %+v", r.Outcome, err, f.sent)
	}
}

// TestFollows: what came of a change, by the group and its launches since.
func TestFollows(t *testing.T) {
	t.Parallel()
	fixed := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	failed := func(text string, after time.Duration) observe.Try {
		return observe.Try{StatusMessage: text, Time: fixed.Add(after)}
	}
	launched := observe.Try{InstanceID: "i-1", Time: fixed.Add(40 * time.Second)}
	for name, tc := range map[string]struct {
		course observe.Course
		change func(*world)
		round  int
		err    error
		want   outcome.Outcome // "" = it is looked at again
		says   string
	}{
		"launched, and whole":             {course: observe.Course{Launched: []observe.Try{launched}}, change: func(w *world) { w.launch.InService = 2 }, want: outcome.Recovered},
		"launched, and counts in weights": {course: observe.Course{Launched: []observe.Try{launched}}, want: outcome.Recovered},
		"whole before":                    {change: func(w *world) { w.launch.InService = 2 }, want: outcome.Recovered},
		"its pool isn't":                  {change: func(w *world) { w.launch.InService = 2; w.launch.WarmPool = &launch.WarmPool{Wanted: 1} }},
		"hasn't tried yet":                {course: observe.Course{Failed: []observe.Try{failed(noKey, -time.Minute)}}},
		"hasn't tried in the end":         {course: observe.Course{Failed: []observe.Try{failed(noKey, -time.Minute)}}, round: 3, want: outcome.Waiting, says: "hasn't tried again in the 37 minutes since; its last try failed at 2026-03-02T08:59:00Z; it tries by itself"},
		"a launch goes on":                {course: observe.Course{Began: fixed.Add(time.Minute)}, round: 1},
		"a launch goes on in the end":     {course: observe.Course{Began: fixed.Add(time.Minute)}, round: 3, want: outcome.GaveUp, says: "began at 2026-03-02T09:01:00Z hasn't ended"},
		"its launches can't be read":      {err: denied("autoscaling:DescribeScalingActivities"), round: 3, want: outcome.GaveUp, says: "AWS refused autoscaling:DescribeScalingActivities"},
		"no capacity since":               {course: observe.Course{Failed: []observe.Try{failed(noCapacity, time.Minute), failed(noKey, -time.Minute)}}, want: outcome.StillFailing, says: "for capacity"},
		"the key again":                   {course: observe.Course{Failed: []observe.Try{failed(noKey, time.Minute)}}, want: outcome.StillFailing, says: "for kms-access"},
		"launched, then failed":           {course: observe.Course{Failed: []observe.Try{failed(noCapacity, 2*time.Minute)}, Launched: []observe.Try{launched}}, want: outcome.StillFailing, says: "for capacity"},
		"stopped":                         {change: func(w *world) { w.launch.Suspended = &launch.Suspension{Reason: "Administratively suspended"} }, want: outcome.Suspended, says: "Auto Scaling stopped the group from launching: Administratively suspended; no fix brings anything back until Launch is resumed Account 111122223333 runs: aws autoscaling resume-processes"},
		"stopped by a person": {change: func(w *world) {
			w.launch.Suspended = &launch.Suspension{Reason: "User suspended at …"}
		}, want: outcome.Suspended, says: "a person stopped the group"},
		"a node group that hasn't tried":    {change: func(w *world) { w.launch.Tags = map[string]string{"eks:nodegroup-name": "n"} }, round: 3, want: outcome.Waiting, says: "CREATE_FAILED is made anew"},
		"of a stack, and no capacity since": {course: observe.Course{Failed: []observe.Try{failed(noCapacity, time.Minute)}}, change: func(w *world) { w.launch.Tags = map[string]string{"aws:cloudformation:stack-name": "s"} }, want: outcome.StillFailing, says: "rolled back"},
		"gone":                              {change: func(w *world) { w.launch.Group = "other" }, want: outcome.Ignored},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, f := newWorld(), &fleet{course: tc.course, unread: tc.err}
			if w.policy = open; tc.change != nil {
				tc.change(w)
			}
			look := signal.Look{Why: signal.WhyFollowed, Account: accountID, Region: region, Group: "web-prod",
				Follow: &signal.Follow{Remediation: "r-1", Key: keyARN, Principal: slr, Failed: fixed.Add(-20 * time.Second), Fixed: fixed, Round: tc.round}}
			found, err := w.looker(f.of).Diagnose(t.Context(), look)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if len(found)+len(w.records) > 0 || len(f.sent) != 1 || f.sent[0].Follow.Round != tc.round+1 || f.sent[0].Follow.Fixed != fixed || f.after[0] != []time.Duration{2, 5, 15, 15}[tc.round+1]*time.Minute {
					t.Errorf("%+v, %+v after %v", w.records, f.sent, f.after)
				}
				return
			}
			if len(w.records) != 1 || len(f.sent) != 0 || w.records[0].Outcome != tc.want || !strings.Contains(w.records[0].Reason, tc.says) {
				t.Fatalf("%+v, sent %+v", w.records, f.sent)
			}
			if r := w.records[0]; tc.want != outcome.Ignored && (r.Phase != record.Proof || r.RemediationID != "r-1" || r.Key != keyARN) {
				t.Errorf("%+v", r)
			}
			if p := w.records[0].Proof; tc.want == outcome.Recovered && len(tc.course.Launched) > 0 && (p.Recovered == nil || p.Recovered.SinceFix != 40 || p.Recovered.SinceFailure != 60 || p.Instances[0] != "i-1") {
				t.Errorf("%+v", p)
			}
		})
	}
}

// TestFollowFindsItClosedAgain: a key that isn't open any more is looked at as ever.
func TestFollowFindsItClosedAgain(t *testing.T) {
	t.Parallel()
	w, f := newWorld(), &fleet{}
	look := signal.Look{Why: signal.WhyFollowed, Account: accountID, Region: region, Group: "web-prod", Follow: &signal.Follow{Remediation: "r-1", Key: keyARN}}
	if _, err := w.looker(f.of).Diagnose(t.Context(), look); err != nil || len(w.records) != 1 || w.records[0].Outcome != outcome.Sent || len(f.sent) != 0 {
		t.Errorf("%v, %+v, %+v", err, w.records, f.sent)
	}
}

// TestWhatCannotBeFollowed: where the queue refuses the look, the outcome says so; where
// it can't take it now, the message comes again.
func TestWhatCannotBeFollowed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want outcome.Outcome
	}{"refused": {denied("sqs:SendMessage"), outcome.Fixed}, "throttled": {throttled(), ""}} {
		w, f := newWorld(), &fleet{}
		x := w.fixer(f.of)
		w.diagnose(t, x)
		f.err = tc.err
		r, err := x.Remediate(t.Context(), w.sent[0])
		last := w.records[len(w.records)-1]
		if (tc.want == "") != (err != nil) || tc.want != "" && (r.Outcome != tc.want || !strings.Contains(strings.Join(last.CouldNotSee, "\n"), "sqs:SendMessage")) || tc.want == "" && last.Phase != record.Intent {
			t.Errorf("%s: %v, %+v", name, err, last)
		}
	}
}

var _ remediation.Later = (*fleet)(nil)
