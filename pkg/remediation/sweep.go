package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"keymend/pkg/activity"
	"keymend/pkg/history"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// A Fleet reads how the groups of an account in a Region fare.
type Fleet interface {
	Groups(ctx context.Context) ([]observe.Group, error)
	Course(ctx context.Context, group string) (observe.Course, error)
}

var _ Fleet = observe.Fleet{}

// A Later hands groups on, to be looked at after a while.
type Later interface {
	Send(ctx context.Context, looks signal.Looks, after time.Duration) error
}

const (
	// page is how many groups one message of a sweep is about. What they share is read
	// once, and their looks fit into one invocation.
	page = 25
	// spread is the time over which the looks of a sweep are spread: nearly as long as
	// SQS delays a message, and less than the time to the next sweep.
	spread = 10 * time.Minute
)

// Sweep lists the groups of an account in a Region, and hands on those that nobody
// may have told of: of a full sweep all, else those that lack instances or were
// stopped from launching. The error is transient: the sweep has to come again.
func (l *Looker) Sweep(ctx context.Context, s signal.Sweep) error {
	err := l.sweep(ctx, s)
	final, ok := finalOutcome(err)
	if !ok {
		return err
	}
	r := l.groupRecord(signal.Look{Why: signal.WhySwept, Account: s.Account, Region: s.Region}, record.Finding)
	r.Outcome, r.Reason = final, reasonOf(err)
	return l.write(ctx, r)
}

func (l *Looker) sweep(ctx context.Context, s signal.Sweep) error {
	fleet, err := l.AWS.Fleet(ctx, s.Account, s.Region)
	if err != nil {
		return err
	}
	groups, err := fleet.Groups(ctx)
	if err != nil {
		return fmt.Errorf("list the groups of account %s, %s: %w", s.Account, s.Region, err)
	}
	groups = slices.DeleteFunc(slices.Clone(groups), func(g observe.Group) bool { return !s.Full && !g.Lacks && !g.Stuck })
	pages := slices.Collect(slices.Chunk(groups, page))
	for i, groups := range pages {
		after := spread * time.Duration(i) / time.Duration(len(pages))
		if err := l.Later.Send(ctx, looksAt(s, groups), after.Truncate(time.Second)); err != nil {
			return fmt.Errorf("send looks of %s: %w", s.Name(), err)
		}
	}
	return nil
}

func looksAt(s signal.Sweep, groups []observe.Group) signal.Looks {
	out := signal.Looks{Schema: signal.LooksSchema, Account: s.Account, Region: s.Region, Full: s.Full, Asked: s.Time}
	for _, g := range groups {
		out.Groups = append(out.Groups, g.Name)
		if g.Lacks {
			out.Lacking = append(out.Lacking, g.Name)
		}
	}
	return out
}

// swept completes a sweep's look by the group's failed launches, all since the last
// that succeeded: one text about capacity may hide one about a key. It is false where
// there is nothing to look for: every failure names another cause; or none failed, and
// whether the next one would isn't asked.
func (l *Looker) swept(ctx context.Context, look signal.Look) (signal.Look, bool, error) {
	if look.Sweep == nil || !look.Sweep.Lacks {
		return look, true, nil
	}
	fleet, err := l.AWS.Fleet(ctx, look.Account, look.Region)
	if err != nil {
		return look, false, err
	}
	course, err := fleet.Course(ctx, look.Group)
	if err != nil {
		return look, false, fmt.Errorf("read the scaling activities of %s: %w", look.Group, err)
	}
	at := slices.IndexFunc(course.Failed, func(f observe.Failure) bool { return activity.Classify(f.StatusMessage).Cause.MayBeKey() })
	if at < 0 {
		return look, look.Sweep.Full, nil
	}
	look.Failed, look.Text = course.Failed[at].Time, course.Failed[at].StatusMessage
	return look, true, nil
}

// tell writes what a look found, unless it is a sweep's and nothing new: nothing stands
// in the way, or the newest record of the finding says the same. What stays is told
// once a day.
func (l *Looker) tell(ctx context.Context, look signal.Look, r record.Record) error {
	if look.Sweep == nil || r.Outcome == outcome.Sent {
		return l.write(ctx, r)
	}
	if r.Outcome == outcome.NothingToDo || r.Outcome == outcome.Ignored {
		return nil
	}
	const told = 20 * time.Hour // less than four full sweeps, more than three
	lines, err := l.AWS.Logged(ctx, r.ID, look.Sweep.Asked.Add(-told), look.Sweep.Asked.Add(time.Hour))
	switch _, final := finalOutcome(err); {
	case err != nil && !final:
		return fmt.Errorf("read the log about %s: %w", r.ID, err)
	case err != nil:
		r.CouldNotSee = r.CouldNotSee.With("whether this was told before: " + reasonOf(err))
	case history.Told(l.parsed(lines), whole(r)):
		return nil
	}
	return l.write(ctx, r)
}
