package queue_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// With the function's end near, what hasn't been looked at comes again; what has
// been is done with. Else Lambda would end the function before its answer, and a
// batch too large for one invocation would end in the dead-letter queue whole.
func TestSignalsStopBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	cancelled := sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")
	s := &shift{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	now := time.Now()
	s.at = func(context.Context) { now = now.Add(26 * time.Second) } // each look is a slow one
	h := s.onSignals()
	h.Now = func() time.Time { return now }
	var bodies []string
	for _, group := range []string{"one", "two", "three", "four"} {
		bodies = append(bodies, strings.ReplaceAll(cancelled, "web-prod", group))
	}
	out, err := h.Handle(ctx, batch(bodies...))
	if err != nil || !slices.Equal(s.looks, []string{"one", "two"}) || len(s.records) != 2 || failed(out) != "c d" {
		t.Errorf("%v, looked at %v, %q comes again", err, s.looks, failed(out))
	}
}

// A look that hangs is given up in time to say so.
func TestLooksEndBeforeTheFunction(t *testing.T) {
	t.Parallel()
	s := &shift{fail: map[string]error{"web-prod": errors.New("throttled")}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	end, _ := ctx.Deadline()
	s.at = func(ctx context.Context) {
		if d, ok := ctx.Deadline(); !ok || end.Sub(d) < time.Second {
			t.Errorf("ends %v before the function", end.Sub(d))
		}
	}
	out, err := s.onSignals().Handle(ctx, batch(sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")))
	if err != nil || failed(out) != "a" || len(s.looks) != 1 {
		t.Errorf("%v, %q, %d looks", err, failed(out), len(s.looks))
	}
}
