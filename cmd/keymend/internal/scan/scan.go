package scan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/account"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// page is how many groups are looked at together: as many as a DescribeAutoScalingGroups
// has. The templates and keys that they share are read once.
const page = 100

// A Scan looks at groups.
type Scan struct {
	Looker  *remediation.Looker
	Command func(Place) report.Place // where a person's commands act
	Flags   []string                 // of the settings, by which keymend diagnose looks again
	Now     func() time.Time
	// Known reports whether a group needn't be looked at: an earlier scan did.
	Known func(p Place, group string) bool
	Keep  func(Row) error
	Says  func(text string) // what goes on
}

// Over looks at all groups of a place. Looked tells what couldn't be read there; an error
// means that the scan can't go on.
func (s Scan) Over(ctx context.Context, p Place) (Looked, error) {
	out := Looked{Place: p}
	s.Says("listing the groups of " + p.String())
	fleet, err := s.Looker.AWS.Fleet(ctx, p.Account, p.Region)
	var groups []observe.Group
	if err == nil {
		groups, err = fleet.Groups(ctx)
	}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if err != nil {
		out.Problem, out.Why = account.Message(err), err
		return out, nil
	}
	out.Groups = len(groups)
	groups = slices.DeleteFunc(groups, func(g observe.Group) bool { return s.Known(p, g.Name) })
	done := out.Groups - len(groups)
	slices.SortStableFunc(groups, func(a, b observe.Group) int { return cmp.Compare(a.From, b.From) }) // a page reads few templates
	for groups := range slices.Chunk(groups, page) {
		s.Says(fmt.Sprintf("%s: %d of %d groups", p, done, out.Groups))
		gone, err := s.page(ctx, p, fleet, groups)
		if err != nil {
			return out, err
		}
		out.Groups -= gone
		done += len(groups) - gone
	}
	return out, nil
}

// page looks at some groups, and returns how many are gone by now.
func (s Scan) page(ctx context.Context, p Place, fleet remediation.Fleet, groups []observe.Group) (int, error) {
	histories := make([]report.History, len(groups))
	var tasks []func() error
	looks := make([]signal.Look, len(groups))
	for i, g := range groups {
		looks[i] = signal.Look{Why: signal.WhyAsked, Account: p.Account, Region: p.Region, Group: g.Name}
		if g.Lacks || g.Stuck {
			tasks = append(tasks, func() error { histories[i] = History(fleet.Course(ctx, g.Name)); return nil })
		}
	}
	_ = together.Do(tasks...) // each has its own error
	looker, gone := s.Looker.Together(looks, s.Now()), 0
	for i, look := range looks {
		row, there := s.look(ctx, looker, look, histories[i])
		if len(row.Sources) == 0 { // what the look didn't see of the group, the list says
			row.Desired, row.Healthy = groups[i].Desired, groups[i].InService
		}
		if err := ctx.Err(); err != nil {
			return gone, err // what was refused now isn't AWS's answer
		}
		if !there {
			gone++
			continue
		}
		if err := s.Keep(row); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// History is what the screens tell of how a group's launches have gone; unread = why that
// couldn't be read.
func History(c observe.Course, unread error) report.History {
	if unread != nil {
		return report.History{Unreadable: unread.Error()}
	}
	n := len(c.Failed)
	if n == 0 {
		return report.History{}
	}
	first, last := c.Failed[n-1], c.Failed[0]
	return report.History{Failed: n, Since: first.Began, Last: last.Time, More: c.More(), Status: last.StatusCode, Message: last.StatusMessage}
}

// look looks at a group as keymend diagnose does; false where there is no such group by
// now.
func (s Scan) look(ctx context.Context, looker *remediation.Looker, look signal.Look, h report.History) (Row, bool) {
	if h.Failed > 0 {
		look.Text, look.Failed = h.Message, h.Last
	}
	now := s.Now()
	saw, found, err := looker.Examine(ctx, look)
	if err != nil {
		return s.unread(look, h, err), true
	}
	var records []record.Record
	for _, d := range found {
		if d.Record.Outcome == outcome.Ignored {
			return Row{}, false
		}
		d.Record.Time = now
		records = append(records, d.Record)
	}
	g := report.Groups(records)[0]
	g.Place, g.Flags, g.History = s.Command(Place{look.Account, look.Region}), s.Flags, h
	row := RowOf(saw, g, now)
	if h.Unreadable != "" {
		row.NotSeen = add(row.NotSeen, "scaling activities: "+h.Unreadable)
	}
	return row, true
}

// unread is the row of a group that couldn't be looked at for a reason that may pass.
func (s Scan) unread(look signal.Look, h report.History, err error) Row {
	state := report.Unknown
	if h.Failed > 0 {
		state = report.Fails
	}
	return Row{
		Schema: rowSchema, State: state, Account: look.Account, Region: look.Region, Group: look.Group,
		Says: look.Group + " couldn't be looked at: " + account.Message(err), Acts: "you, with another scan", Code: report.Broke,
		Failed: h.Failed, Message: h.Message, Sources: []string{}, Keys: []Key{}, NotSeen: []string{account.Message(err)}, At: s.Now().UTC().Truncate(time.Second),
	}
}

// Unrecorded is a log for looks of which nothing goes on record: what is found is listed.
type Unrecorded struct{}

var _ remediation.Log = Unrecorded{}

// Write implements remediation.Log.
func (Unrecorded) Write(context.Context, record.Record) error { return nil }
