package remediation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/history"
	"keymend/pkg/launch"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// openFindings reads which findings of a sweep's account and Region aren't ended by the log.
// An open finding is told once a day, so that a day and one full sweep tell of all. A log that
// may not be read ends none.
func (l *Looker) openFindings(ctx context.Context, fleet Fleet, s signal.Sweep) ([]signal.Follow, error) {
	const back = tellAgain + 10*time.Hour
	findings := history.Findings{Account: s.Account, Region: s.Region}
	err := fleet.Told(ctx, s.Time.Add(-back), s.Time.Add(time.Hour), findings.Add)
	if _, final := finalOutcome(err); err != nil && !final {
		return nil, fmt.Errorf("read which findings are open in account %s, %s: %w", s.Account, s.Region, err)
	}
	return findings.Open(s.Time), nil
}

// closeFindings ends the findings that a sweep found open in the log, and that this look didn't
// find again: whoever asks the log what is broken, or proposed, sees them no more. out
// and err are what came of the look.
func (l *Looker) closeFindings(ctx context.Context, p pass, out []Diagnosis, err error) ([]Diagnosis, error) {
	if err != nil || p.look.Sweep == nil {
		return out, err
	}
	var course observe.Course
	var unread error
	read := false
	for _, o := range p.look.Sweep.Open {
		if p.foundAgain(o, out) {
			continue
		}
		if !read && p.endsByLaunch(o) {
			course, unread = l.course(ctx, p.look)
			read = true
		}
		if _, final := finalOutcome(unread); unread != nil && !final {
			return out, unread
		}
		if err := l.closeOne(ctx, p, o, course, unread); err != nil {
			return out, err
		}
	}
	return out, nil
}

// foundAgain reports whether a look found what an open finding is about again.
func (p pass) foundAgain(o signal.Follow, out []Diagnosis) bool {
	again := func(d decision) bool { return d.Finding.ID() == o.ID && !d.Quiet }
	ended := func(d Diagnosis) bool { return d.Record.ID == o.ID && d.Record.Outcome.State() != outcome.StateNone }
	return slices.ContainsFunc(p.decisions, again) || slices.ContainsFunc(out, ended)
}

// endsByLaunch reports whether an open finding ends by a launch: one failed, or something
// was changed for it.
func (p pass) endsByLaunch(o signal.Follow) bool { return !o.Failed.IsZero() || o.Remediation != "" }

// endedBy says why a finding ends for which Keymend changed nothing.
const endedBy = "what stood in the way is found no more: somebody did what was to be done"

// closeOne writes what has become of an open finding, unless that was told. One about a
// launch that failed ends when the group lacks nothing.
func (l *Looker) closeOne(ctx context.Context, p pass, o signal.Follow, course observe.Course, unread error) error {
	r := l.afterChange(p, o, p.look.Sweep.Asked.Sub(cmp.Or(o.Fixed, p.look.Sweep.Asked)), course, unread)
	r.ID, r.Principal = o.ID, o.Principal
	switch whole := r.Outcome == outcome.Recovered; {
	case !p.endsByLaunch(o), !whole && slices.ContainsFunc(p.decisions, func(d decision) bool { return !d.Quiet }):
		r.Outcome, r.Reason, r.Run, r.Proof.Recovered = outcome.NothingToDo, endedBy+", or the launch doesn't need the key any more", nil, nil
	case whole && o.Remediation == "":
		r.Reason = endedBy + "; the group lacks nothing"
	case r.Outcome == o.Outcome && p.look.Sweep.Asked.Sub(o.Told) < tellAgain:
		return nil
	}
	return l.write(ctx, r)
}

// closeGone ends the open findings of a group that isn't there any more. out and err are what
// came of the look.
func (l *Looker) closeGone(ctx context.Context, look signal.Look, out []Diagnosis, err error) ([]Diagnosis, error) {
	ignored := func(d Diagnosis) bool { return d.Record.Outcome == outcome.Ignored }
	if err != nil || look.Sweep == nil || !slices.ContainsFunc(out, ignored) {
		return out, err
	}
	for _, o := range look.Sweep.Open {
		r := l.groupRecord(look, record.Finding)
		r.ID, r.Key, r.Principal, r.RemediationID = o.ID, o.Key, o.Principal, o.Remediation
		r.Decision, r.Outcome, r.Reason = access.Unknown, outcome.Ignored, launch.ErrGroupNotFound.Error()
		if err := l.write(ctx, r); err != nil {
			return out, err
		}
	}
	return out, nil
}
