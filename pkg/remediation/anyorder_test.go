package remediation_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// looksOfOneFailure are all looks that one failing group brings: by events, by sweeps, and
// after a change.
func looksOfOneFailure() []signal.Look {
	of := func(why signal.Why) signal.Look {
		return signal.Look{Why: why, Account: accountID, Region: region, Group: "web-prod"}
	}
	out := []signal.Look{failure(), of(signal.WhyGroupCreated), of(signal.WhySwept), of(signal.WhySwept), of(signal.WhySwept), of(signal.WhyFollowed), of(signal.WhyFollowed)}
	out[2].Sweep, out[3].Sweep, out[4].Sweep = &signal.Swept{Lacks: true}, &signal.Swept{Full: true}, &signal.Swept{Lacks: true, Full: true}
	fixed := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	out[5].Follow = &signal.Follow{Remediation: "r-1", Key: keyARN, Principal: slr, Fixed: fixed}
	out[6].Follow = &signal.Follow{Remediation: "r-1", Key: keyARN, Principal: slr, Fixed: fixed, Round: 3}
	return out
}

// TestLooksInAnyOrderEndTheSame, invariant 10: whatever tells of a failing group, in whatever
// order and however often, with each change's message delivered whenever and as often as
// the queue likes, and any looks lost but one that finds the failure: the key is edited
// once, and stands as after one event and one delivery.
func TestLooksInAnyOrderEndTheSame(t *testing.T) {
	t.Parallel()
	failed := observe.Course{Failed: []observe.Try{{StatusMessage: noKey, Time: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}}}
	plain := newWorld()
	x := plain.fixer((&fleet{course: failed}).of)
	_, err := x.Diagnose(t.Context(), failure())
	if err != nil || len(plain.sent) != 1 {
		t.Fatal(err)
	}
	if _, err := x.Remediate(t.Context(), plain.sent[0]); err != nil || plain.puts != 1 {
		t.Fatal(err, plain.puts)
	}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		x := w.fixer((&fleet{course: failed}).of)
		all := looksOfOneFailure()
		var order []signal.Look
		for range rapid.IntRange(0, 12).Draw(t, "looks") {
			order = append(order, rapid.SampledFrom(all).Draw(t, "look"))
		}
		last := all[rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "that isn't lost")]
		deliver := func(m remediation.Message) {
			m.Delivery = remediation.Delivery{Sent: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Receives: rapid.IntRange(1, 3).Draw(t, "receives")}
			if _, err := x.Remediate(context.Background(), m); err != nil {
				t.Fatal(err)
			}
		}
		for _, look := range append(order, last) {
			if _, err := x.Diagnose(context.Background(), look); err != nil {
				t.Fatal(err)
			}
			if len(w.sent) > 0 && rapid.Bool().Draw(t, "delivered now") {
				deliver(rapid.SampledFrom(w.sent).Draw(t, "message"))
			}
		}
		for _, m := range w.sent {
			deliver(m)
		}
		if w.policy != plain.policy || w.puts != 1 || w.made != 0 {
			t.Fatalf("%d writes, %d grants, %s", w.puts, w.made, w.policy)
		}
		intents := 0
		for _, r := range w.records {
			if r.Phase == record.Intent {
				intents++
			}
			if r.Outcome == outcome.Failed || r.Outcome == outcome.Unproven {
				t.Fatalf("%+v", r)
			}
		}
		if intents != 1 {
			t.Fatalf("%d intents", intents)
		}
	})
}
