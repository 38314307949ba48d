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
			o := verify.Options{Reads: 3, Interval: time.Hour, Limit: 6, Sleep: func(_ context.Context, d time.Duration) error {
				if d != time.Hour {
					t.Errorf("slept %v", d)
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
