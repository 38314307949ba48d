package remediation

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"keymend/pkg/activity"
	"keymend/pkg/history"
	"keymend/pkg/observe"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// A Fleet reads how the groups of an account in a Region fare.
type Fleet interface {
	Groups(ctx context.Context) ([]observe.Group, error)
	Course(ctx context.Context, group string) (observe.Course, error)
	// Told hands on each record of diagnose's log about the account between two times, as
	// record.ParseShort reads it.
	Told(ctx context.Context, from, to time.Time, each func(history.Entry)) error
	Users(ctx context.Context, of signal.Users) ([]observe.Group, error)
}

// A Later hands groups on, to be looked at after a while.
type Later interface {
	Send(ctx context.Context, looks signal.Looks, after time.Duration) error
	// Once hands on what asks for groups, unless the same was handed on within the last
	// five minutes.
	Once(ctx context.Context, looks signal.Looks) error
}

const (
	// page is how many groups one message of a sweep is about. All that they share is read
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
	_, err := l.Over(ctx, s)
	return l.recordFinal(ctx, l.groupRecord(signal.Look{Why: signal.WhySwept, Account: s.Account, Region: s.Region}, record.Finding), err)
}

// Over is Sweep without a record; it returns how many groups there are. It remembers
// nothing of earlier ones: in an account without groups the one call that would tell so
// is all that it costs.
func (l *Looker) Over(ctx context.Context, s signal.Sweep) (int, error) {
	fleet, err := l.AWS.Fleet(ctx, s.Account, s.Region)
	if err != nil {
		return 0, err
	}
	all, err := fleet.Groups(ctx)
	if err != nil {
		return 0, fmt.Errorf("list the groups of account %s, %s: %w", s.Account, s.Region, err)
	}
	var open []signal.Follow
	if !s.Ended && (len(all) > 0 || s.Full) {
		if open, err = l.openFindings(ctx, fleet, s); err != nil {
			return 0, err
		}
	}
	groups := handedOn(s, all, open)
	slices.SortStableFunc(groups, func(a, b observe.Group) int { return cmp.Compare(a.From, b.From) }) // one page reads few templates
	if err := l.sendPages(ctx, groups, spread, func(groups []observe.Group) signal.Looks { return looksAt(s, groups, open) }); err != nil {
		return 0, fmt.Errorf("send looks of %s: %w", s.Name(), err)
	}
	return len(all), nil
}

// sendPages sends looks at groups, a page a message, spread over a time.
func (l *Looker) sendPages(ctx context.Context, groups []observe.Group, over time.Duration, looksAt func([]observe.Group) signal.Looks) error {
	pages := slices.Collect(slices.Chunk(groups, page))
	for i, groups := range pages {
		after := over * time.Duration(i) / time.Duration(len(pages))
		if err := l.Later.Send(ctx, looksAt(groups), after.Truncate(time.Second)); err != nil {
			return err
		}
	}
	return nil
}

// handedOn are the groups that a sweep hands on: all, or those that lack instances, were
// stopped, or may have come back. A group of which a finding is open, and which isn't
// there any more, is one of them.
func handedOn(s signal.Sweep, groups []observe.Group, open []signal.Follow) []observe.Group {
	back := map[string]bool{} // an open finding is about a launch that failed
	for _, o := range open {
		back[o.Group] = back[o.Group] || s.Full || !o.Failed.IsZero()
	}
	var out []observe.Group
	for _, g := range groups {
		if s.Full || g.Lacks || g.Stuck || back[g.Name] {
			out = append(out, g)
		}
		delete(back, g.Name)
	}
	for _, gone := range slices.Sorted(maps.Keys(back)) {
		out = append(out, observe.Group{Name: gone})
	}
	return out
}

func looksAt(s signal.Sweep, groups []observe.Group, open []signal.Follow) signal.Looks {
	out := naming(signal.Looks{Schema: signal.LooksSchema, Account: s.Account, Region: s.Region, Full: s.Full, Asked: s.Time}, groups)
	for _, g := range groups {
		at, _ := slices.BinarySearchFunc(open, g.Name, func(o signal.Follow, name string) int { return cmp.Compare(o.Group, name) })
		for ; at < len(open) && open[at].Group == g.Name; at++ {
			out.Open = append(out.Open, open[at])
		}
	}
	return out
}

// naming has looks name groups, and those that lack instances.
func naming(looks signal.Looks, groups []observe.Group) signal.Looks {
	for _, g := range groups {
		looks.Groups = append(looks.Groups, g.Name)
		if g.Lacks {
			looks.Lacking = append(looks.Lacking, g.Name)
		}
	}
	return looks
}

// withFailures completes a sweep's look by the group's failed launches, all since the last
// that succeeded: one text about capacity may hide one about a key. It is false where
// there is nothing to look for: every failure names another cause; or none failed, and
// whether the next one would isn't asked.
func (l *Looker) withFailures(ctx context.Context, look signal.Look) (signal.Look, bool, error) {
	if look.Sweep == nil || !look.Sweep.Lacks {
		return look, true, nil
	}
	course, err := l.course(ctx, look)
	if err != nil {
		return look, false, err
	}
	worth := look.Sweep.Full || len(look.Sweep.Open) > 0
	at := slices.IndexFunc(course.Failed, func(f observe.Try) bool { return activity.Classify(f.StatusMessage).Cause.MayBeKey() })
	if at < 0 {
		return look, worth, nil
	}
	look.Failed, look.Text = course.Failed[at].Time, course.Failed[at].StatusMessage
	return look, true, nil
}
