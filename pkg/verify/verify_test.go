package verify_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"keymend/pkg/verify"
)

func TestUntil(t *testing.T) {
	t.Parallel()
	type answer struct {
		digest string
		good   bool
	}
	good, stale, other := answer{"a", true}, answer{"z", false}, answer{"b", true}
	for name, tc := range map[string]struct {
		answers []answer
		equal   int
		settled bool
		sleeps  int
	}{
		"at once":                 {[]answer{good, good, good}, 3, true, 2},
		"after stale reads":       {[]answer{stale, stale, good, good, good}, 3, true, 4},
		"a stale read in between": {[]answer{good, good, stale, good, good, good}, 3, true, 5},
		"another edit in between": {[]answer{good, good, other, other, other}, 3, true, 4},
		"never good":              {[]answer{stale}, 0, false, 5},
		"never the same":          {[]answer{good, other, good, other, good, other}, 1, false, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, sleeps := 0, 0
			o := verify.Options{Reads: 3, Interval: time.Second, Limit: 6, Sleep: func(_ context.Context, d time.Duration) error {
				if i > 0 && tc.answers[min(i, len(tc.answers))-1].good && d != time.Second {
					t.Errorf("slept %v after a good read", d)
				}
				sleeps++
				return nil
			}}
			equal, err := verify.Until(t.Context(), o, func(context.Context) (string, bool, error) {
				a := tc.answers[min(i, len(tc.answers)-1)]
				i++
				return a.digest, a.good, nil
			})
			if equal != tc.equal || (err == nil) != tc.settled || sleeps != tc.sleeps {
				t.Errorf("%d equal, %d sleeps, %v", equal, sleeps, err)
			}
			if !tc.settled && !errors.Is(err, verify.ErrNotSettled) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestUntilStopsAtTheDeadline(t *testing.T) {
	t.Parallel()
	o := verify.Options{Reads: 2, Sleep: func(context.Context, time.Duration) error { return context.DeadlineExceeded }}
	_, err := verify.Until(t.Context(), o, func(context.Context) (string, bool, error) { return "a", true, nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
}

// A write that isn't seen at once is looked for again soon, and not for ever: remediate
// has a minute.
func TestUntilLooksAgainSoon(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		o     verify.Options
		shown time.Duration // after so long the write shows; 0 = never
		reads int
		least time.Duration // the pauses together
		most  time.Duration
	}{
		"at once":         {verify.Options{Reads: 1, Interval: time.Second}, time.Nanosecond, 2, 125 * time.Millisecond, 125 * time.Millisecond},
		"within a second": {verify.Options{Reads: 1, Interval: time.Second}, 800 * time.Millisecond, 4, 875 * time.Millisecond, 875 * time.Millisecond},
		"never":           {verify.Options{Reads: 1, Interval: time.Second}, 0, 20, 15 * time.Second, 18 * time.Second},
		"never, slowly":   {verify.Options{Reads: 1, Interval: 10 * time.Second}, 0, 7, 35 * time.Second, 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var paused time.Duration
			reads := 0
			tc.o.Sleep = func(_ context.Context, d time.Duration) error { paused += d; return nil }
			_, err := verify.Until(t.Context(), tc.o, func(context.Context) (string, bool, error) {
				reads++
				return "a", tc.shown > 0 && paused >= tc.shown, nil
			})
			if (err == nil) != (tc.shown > 0) || reads != tc.reads || paused < tc.least || paused > tc.most {
				t.Errorf("%d reads, %v, %v", reads, paused, err)
			}
		})
	}
}
