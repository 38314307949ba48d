package queue_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestABusyAccountMakesNoOtherWait: where one account, or one Region, is throttled, each
// look there takes AWS's tries. All looks elsewhere are made after the first of these at
// the latest, in the same invocation; those there come again.
func TestABusyAccountMakesNoOtherWait(t *testing.T) {
	t.Parallel()
	const slow = 12 * time.Second
	one := sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")
	in := func(account, region, group string) string {
		return strings.NewReplacer("web-prod", group, "111122223333", account, "eu-west-1", region).Replace(one)
	}
	for name, there := range map[string][2]string{"another account": {"444455556666", "eu-west-1"}, "another Region": {"111122223333", "eu-central-1"}} {
		start := time.Now()
		now := start
		s := &shift{fail: map[string]error{}}
		var bodies []string
		for _, group := range []string{"t1", "t2", "t3", "t4", "t5"} {
			s.fail[group] = errors.New("ThrottlingException")
			bodies = append(bodies, in("111122223333", "eu-west-1", group))
		}
		bodies = append(bodies, in(there[0], there[1], "o1"), in(there[0], there[1], "o2"))
		h := s.onSignals()
		h.Now = func() time.Time { return now }
		s.at = func(context.Context) { now = now.Add(slow) }
		ctx, cancel := context.WithDeadline(t.Context(), start.Add(time.Minute))
		defer cancel()
		out, err := h.Handle(ctx, batch(bodies...))
		if err != nil || failed(out) != "a b c d e" || len(s.records) != 2 || len(s.looks) < 3 || !slices.Equal(s.looks[:3], []string{"t1", "o1", "o2"}) {
			t.Errorf("%s: %v, %q come again, %d records, looked at %v", name, err, failed(out), len(s.records), s.looks)
		}
	}
}
