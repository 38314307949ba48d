package demo

import (
	"context"
	"fmt"
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
	"keymend/pkg/signal"
)

// silence: no event tells of the failure. Cancelled launches emit none, and no trail
// makes events of calls. A sweep finds the group.
func (s *stage) silence(ctx context.Context) error {
	const group = "night-batch"
	a := s.in(enforcing)
	sw := sandbox.DefaultSwitches()
	sw.CancelledEmitsEvent, sw.TrailLogs = false, false
	s.box.SetSwitches(sw)
	if _, err := a.groupUnder(ctx, group, "alias/night-ebs", "remediate"); err != nil {
		return err
	}
	began := s.box.Clock().Now()
	for step := time.Minute; step < time.Hour; step += time.Minute { // two sweeps, and the group's own next try
		s.box.Advance(time.Minute)
		if _, ids, err := a.group(ctx, group); err != nil || len(ids) > 0 {
			break
		}
	}
	took := s.box.Clock().Now().Sub(began)
	all, err := a.entries(ctx, group)
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.Phase == record.Finding && e.Signal != string(signal.WhySwept) {
			return fmt.Errorf("%s looked at %s for %q: an event told of it", e.function, group, e.Signal)
		}
	}
	_, ids, err := a.group(ctx, group)
	if err != nil || len(ids) == 0 {
		return missing(err, "%s has nothing in service after %s", group, took)
	}
	if _, fixed := first(all, func(e entry) bool { return e.Phase == record.Result && e.Outcome == outcome.Fixed }); !fixed {
		return fmt.Errorf("remediate left no outcome fixed for %s; its last words: %s", group, a.lastWords(ctx, "remediate"))
	}
	s.single(group+"  no event was sent", fmt.Sprintf("a sweep found it; in service after %d min", int(took.Minutes())))
	return nil
}
