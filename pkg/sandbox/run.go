package sandbox

import (
	"context"
	"errors"
	"time"
)

// ErrNotIdle is returned when things are still due after the time that
// AdvanceUntilIdle was given: a group that can't launch tries for ever.
var ErrNotIdle = errors.New("things are still due in the sandbox")

// Advance moves simulated time on by d and carries out what falls due,
// invocations of functions included, before it returns.
func (s *Sandbox) Advance(d time.Duration) { s.clock.Advance(d) }

// AdvanceUntilIdle moves simulated time from one due thing to the next until
// nothing is due, but by no more than limit; then it returns ErrNotIdle.
func (s *Sandbox) AdvanceUntilIdle(limit time.Duration) error {
	end := s.clock.Now().Add(limit)
	for {
		next, due := s.clock.Pending()
		if !due {
			return nil
		}
		if next.After(end) {
			s.clock.Advance(end.Sub(s.clock.Now()))
			return ErrNotIdle
		}
		s.clock.Advance(max(0, next.Sub(s.clock.Now())))
	}
}

// tick is how often Run looks at what is due.
const tick = 50 * time.Millisecond

// Run lets simulated time pass at speed times the pace of real time until ctx
// ends. While a function runs, simulated time stands still.
func (s *Sandbox) Run(ctx context.Context, speed float64) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.clock.Advance(time.Duration(float64(tick) * speed))
		}
	}
}
