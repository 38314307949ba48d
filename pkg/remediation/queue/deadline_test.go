package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"keymend/pkg/remediation"
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
	h := s.onSignals()
	h.Now = func() time.Time { return now }
	look := h.Diagnose
	h.Diagnose = func(ctx context.Context, g remediation.Signal) ([]remediation.Diagnosis, error) {
		now = now.Add(26 * time.Second) // each look is a slow one
		return look(ctx, g)
	}
	var bodies []string
	for _, group := range []string{"one", "two", "three", "four"} {
		bodies = append(bodies, strings.ReplaceAll(cancelled, "web-prod", group))
	}
	out, err := h.Handle(ctx, batch(bodies...))
	if err != nil || len(s.signals) != 2 || failed(out) != "c d" {
		t.Errorf("%v, %d looks, %q comes again", err, len(s.signals), failed(out))
	}
}

// A look that hangs is given up in time to say so.
func TestLooksEndBeforeTheFunction(t *testing.T) {
	t.Parallel()
	s := &shift{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	end, _ := ctx.Deadline()
	check := func(ctx context.Context) {
		if d, ok := ctx.Deadline(); !ok || end.Sub(d) < time.Second {
			t.Errorf("ends %v before the function", end.Sub(d))
		}
	}
	h := s.onSignals()
	h.Diagnose = func(ctx context.Context, _ remediation.Signal) ([]remediation.Diagnosis, error) {
		check(ctx)
		return nil, errors.New("throttled")
	}
	out, err := h.Handle(ctx, batch(sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")))
	if err != nil || failed(out) != "a" {
		t.Errorf("%v, %q", err, failed(out))
	}
}
