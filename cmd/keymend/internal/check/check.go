// Package check says what a change that somebody means to make would break: each group is
// looked at as it is, and as it would be, as keymend diagnose looks at one. Nothing is
// planned or judged here, and nothing is changed.
//
// It needs no more of what it looks at than remediation.Readers whose views are Supposers.
package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/keystate"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
	"keymend/pkg/whatif"
)

// page is how many groups are read together, and held in memory.
const page = 200

var (
	// ErrNoGroup says that a group which was asked about isn't there.
	ErrNoGroup = errors.New("no such Auto Scaling group")
	// ErrNoGrant says that no key which the groups need has a grant that would be revoked.
	ErrNoGrant = errors.New("no key that the groups need has this grant to a role that launches them")
)

// A Question is which groups would break by a change, in one account and Region.
type Question struct {
	Account, Region string
	Groups          []string // names
	Change          whatif.Change
}

// An Answer is what the change does to one group. It holds all that was found, and isn't
// kept.
type Answer struct {
	Group         string
	Now           encryption.Defaults // the account's EBS settings as they are; zero where they weren't read
	Effect        whatif.Effect
	Before, After whatif.State
	Row           scan.Row     // as it would be
	Found         report.Group // as it would be
}

// Run answers for each group, in the order of their names. The looker says who looks and
// how, and by what; nothing that it finds is sent or recorded. An error ends it, also that
// of each.
func Run(ctx context.Context, l remediation.Looker, q Question, each func(Answer) error) error {
	shared := l.Together(nil, time.Time{}).AWS // both looks at a group use what was read once
	by := &alteration{Change: q.Change, keys: map[[2]string]keystate.State{}, met: map[string]bool{}}
	l.Queue, l.Log = remediation.Nobody{}, scan.Unrecorded{}
	before, after := l, l
	before.AWS, after.AWS = shared, altered{shared, by}
	for names := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(q.Groups))), page) {
		if err := q.page(ctx, &before, &after, names, func(a Answer) error {
			a.Now = by.seen()
			return each(a)
		}); err != nil {
			return err
		}
	}
	for _, g := range q.Change.Revoked {
		if g.Key == "" && !by.met[g.ID] {
			return fmt.Errorf("grant %s: %w", g.ID, ErrNoGrant)
		}
	}
	return nil
}

func (q Question) page(ctx context.Context, before, after *remediation.Looker, names []string, each func(Answer) error) error {
	looks := make([]signal.Look, len(names))
	for i, name := range names {
		looks[i] = signal.Look{Why: signal.WhyAsked, Account: q.Account, Region: q.Region, Group: name}
	}
	before, after = before.Together(looks, time.Time{}), after.Together(looks, time.Time{})
	for _, look := range looks {
		saw, found, err := examine(ctx, before, look)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(found, func(r record.Record) bool { return r.Outcome == outcome.Ignored }) {
			return fmt.Errorf("%s: %w in account %s, %s", look.Group, ErrNoGroup, q.Account, q.Region)
		}
		would, then, err := examine(ctx, after, look)
		if err != nil {
			return err
		}
		if err := each(q.answer(look.Group, saw, would, then)); err != nil {
			return err
		}
	}
	return nil
}

func examine(ctx context.Context, l *remediation.Looker, look signal.Look) (plan.Snapshot, []record.Record, error) {
	saw, found, err := l.Examine(ctx, look)
	if err != nil {
		return saw, nil, fmt.Errorf("look at %s: %w", look.Group, err)
	}
	out := make([]record.Record, len(found))
	for i, d := range found {
		out[i] = d.Record
	}
	return saw, out, nil
}

func (q Question) answer(group string, saw, would plan.Snapshot, then []record.Record) Answer {
	was, will := whatif.See(saw, whatif.Change{}), whatif.See(would, q.Change)
	a := Answer{Group: group, Effect: was.Effect(will), Before: was.State, After: will.State}
	if all := report.Groups(then); len(all) > 0 {
		a.Found = all[0]
	}
	a.Row = scan.RowOf(would, a.Found, time.Time{})
	return a
}
