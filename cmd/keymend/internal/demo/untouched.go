package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// looked waits until a launch of the group has failed and diagnose has put the
// expected outcome on record, then gives Keymend time to do more than it should.
func (s *stage) looked(ctx context.Context, a actor, group string, want outcome.Outcome) ([]entry, entry, error) {
	var all []entry
	var found entry
	ok, err := s.until(5*time.Minute, func() (ok bool, err error) {
		if _, failed, err := a.failed(ctx, group); err != nil || !failed {
			return false, err
		}
		if all, err = a.entries(ctx, group); err != nil {
			return false, err
		}
		found, ok = first(all, func(e entry) bool { return e.Phase == record.Finding && e.Outcome == want })
		return ok, nil
	})
	if err != nil {
		return nil, entry{}, err
	}
	if !ok {
		return nil, entry{}, s.unlike(ctx, a, group, want, all)
	}
	s.box.Advance(10 * time.Minute)
	if all, err = a.entries(ctx, group); err != nil {
		return nil, entry{}, err
	}
	if w := s.writes(); len(w) > 0 {
		return nil, entry{}, fmt.Errorf("%d writes: %v", len(w), w)
	}
	return all, found, nil
}

// unlike says which stage did not happen, or happened otherwise.
func (s *stage) unlike(ctx context.Context, a actor, group string, want outcome.Outcome, all []entry) error {
	if _, failed, err := a.failed(ctx, group); err != nil || !failed {
		return missing(err, "no launch of %s failed", group)
	}
	if len(all) == 0 {
		return fmt.Errorf("diagnose left no finding for %s; its last words: %s", group, a.lastWords(ctx, "diagnose"))
	}
	last := all[len(all)-1]
	return fmt.Errorf("diagnose found %s for %s, not %s: %s", last.Outcome, group, want, last.Reason)
}

// observe: an account whose mode is observe.
func (s *stage) observe(ctx context.Context) error {
	const group = "batch-prod"
	a := s.in(observing)
	if _, err := a.groupUnder(ctx, group, "alias/batch-ebs", "remediate"); err != nil {
		return err
	}
	all, _, err := s.looked(ctx, a, group, outcome.Observed)
	if err != nil {
		return err
	}
	s.single(group+"  "+observing, fmt.Sprintf("finding %d, writes 0", len(findings(all))))
	return nil
}

// notAsked: Keymend enforces, and the key's owner hasn't enrolled the key.
func (s *stage) notAsked(ctx context.Context) error {
	const group = "payments"
	a := s.in(enforcing)
	key, err := a.groupUnder(ctx, group, "alias/payments", "")
	if err != nil {
		return err
	}
	_, found, err := s.looked(ctx, a, group, outcome.Proposed)
	if err != nil {
		return err
	}
	if !strings.Contains(found.Reason, guard.Enrol(key).Command) {
		return fmt.Errorf("the proposal doesn't say by which command the key is enrolled: %s", found.Reason)
	}
	s.single(group+"  key not enrolled", "proposal, writes 0; its owner's one command:")
	s.page.Text(screen.Plain, "            "+guard.Enrol(key).Command)
	return nil
}

// notKMS: the template takes web-prod's key, which is open by now, and AWS has
// no such instance.
func (s *stage) notKMS(ctx context.Context) error {
	const group = "ml-prod"
	a := s.in(enforcing)
	before, err := a.keyPolicy(ctx, s.key)
	if err != nil {
		return err
	}
	if err := a.seed.Group(ctx, group, noCapacityType, scenario.Volume{Encrypted: true}); err != nil {
		return err
	}
	if _, _, err = s.looked(ctx, a, group, outcome.NotKMS); err != nil {
		return err
	}
	after, err := a.keyPolicy(ctx, s.key)
	if err != nil || before != after {
		return missing(err, "the policy of %s changed", s.key)
	}
	failure, _, err := a.failed(ctx, group)
	if err != nil {
		return err
	}
	s.single(group+"  no capacity", "untouched, writes 0")
	s.note(aws.ToString(failure.StatusMessage))
	return nil
}

// undo takes back what part 1 wrote.
func (s *stage) undo(ctx context.Context) error {
	a := s.in(enforcing)
	during, err := a.keyPolicy(ctx, s.key)
	if err != nil {
		return err
	}
	if during == s.policy {
		return fmt.Errorf("the policy of %s is as it was before anything was undone", s.key)
	}
	if err := s.options.Undo(ctx, s.url, enforcing, region, logGroup("remediate"), s.change); err != nil {
		return err
	}
	after, err := a.keyPolicy(ctx, s.key)
	if err != nil || after != s.policy {
		return missing(err, "the policy of %s is not as it was: %s", s.key, after)
	}
	s.single(s.change, "policy as it was, byte for byte")
	return nil
}
