package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// A Diagnosis is what came of one look, about one key, or about the group where
// no key stands in the way.
type Diagnosis struct {
	plan.Proposal // zero where no key stands in the way
	Verdict       guard.Verdict
	Message       *Message // what carries the plan out; nil unless it is permitted
	Record        record.Record
}

// Diagnose looks at a group, and writes one record for each key that stands in
// the way, or one for the group. It changes nothing. Its error is transient: the
// signal has to come again.
func (l *Looker) Diagnose(ctx context.Context, look signal.Look) ([]Diagnosis, error) {
	return l.diagnosed(ctx, look, l.observe)
}

// diagnosed looks at a group by what observes it.
func (l *Looker) diagnosed(ctx context.Context, look signal.Look, observe func(context.Context, signal.Look) (pass, error)) ([]Diagnosis, error) {
	switch {
	case look.OtherCause():
		return l.notKMS(ctx, look)
	case look.Follow != nil:
		return l.follow(ctx, look)
	}
	look, worth, err := l.withFailures(ctx, look)
	if err != nil || !worth {
		return l.failedLook(ctx, look, err)
	}
	p, err := observe(ctx, look)
	if err != nil {
		out, err := l.failedLook(ctx, look, err)
		return l.closeGone(ctx, look, out, err)
	}
	out, err := l.diagnose(ctx, p)
	return l.closeFindings(ctx, p, out, err)
}

// notKMS takes AWS at its word that a launch failed for another cause than a key: that
// asks for nothing, and costs no call. A full sweep looks at the group all the same.
func (l *Looker) notKMS(ctx context.Context, look signal.Look) ([]Diagnosis, error) {
	cause := activity.Classify(look.Text).Cause
	r := l.groupRecord(look, record.Finding)
	r.Outcome, r.Reason = outcome.NotKMS, fmt.Sprintf("AWS's text points to %s: %s", cause, cause.Says())
	return []Diagnosis{{Record: r}}, l.write(ctx, r)
}

func (l *Looker) diagnose(ctx context.Context, p pass) ([]Diagnosis, error) {
	out, err := l.propose(ctx, p)
	if err != nil || slices.ContainsFunc(out, func(d Diagnosis) bool { return !d.Quiet }) {
		return out, err
	}
	concluded, err := l.conclude(ctx, p)
	return append(out, concluded...), err
}

// propose records every proposal, and sends those that may be carried out by now.
func (l *Looker) propose(ctx context.Context, p pass) ([]Diagnosis, error) {
	var out []Diagnosis
	for _, d := range p.decisions {
		diagnosis, recorded, err := l.proposal(ctx, p, d)
		if recorded {
			out = append(out, diagnosis)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func (l *Looker) proposal(ctx context.Context, p pass, d decision) (Diagnosis, bool, error) {
	out := Diagnosis{Proposal: d.Proposal, Verdict: d.verdict, Record: l.planned(p, d, record.Finding)}
	r := &out.Record
	r.Outcome, r.Reason = outcomeOf(d.verdict, d.Plan)
	if r.Outcome == outcome.Proposed {
		r.Proposal = plan.RemediationID(d.Plan.Digest)
	}
	if d.Quiet {
		r.Reason = d.Plan.Needless()
	}
	switch {
	case !d.permitted() && !d.vain:
	case d.Waits != "":
		r.Outcome, r.Reason = outcome.Waiting, d.Waits
	default:
		out.Message, r.RemediationID = new(p.message(d.Proposal)), plan.RemediationID(d.Plan.Digest)
		if err := l.send(ctx, &out); err != nil {
			return out, false, err
		}
	}
	if d.Quiet && r.Outcome != outcome.Sent {
		return out, false, nil
	}
	return out, true, l.tell(ctx, p.look, *r)
}

// send hands a permitted plan on. An error says that trying again may send it; a message
// that AWS refuses for good ends the finding instead.
func (l *Looker) send(ctx context.Context, d *Diagnosis) error {
	err := l.Queue.Send(ctx, *d.Message)
	switch final, ok := finalOutcome(err); {
	case err == nil:
		d.Record.Outcome = outcome.Sent
	case errors.Is(err, errNobody):
	case ok:
		d.Record.Outcome, d.Record.Reason = final, reasonOf(fmt.Errorf("send change of %s: %w", d.Plan.Target, err))
	default:
		return fmt.Errorf("send change of %s: %w", d.Plan.Target, err)
	}
	return nil
}

// conclude: no key is known to stand in the way. A group that has all its instances
// says by itself that it had what it needs, whatever of that can't be seen.
func (l *Looker) conclude(ctx context.Context, p pass) ([]Diagnosis, error) {
	r := l.record(p, p.About(access.Principal{}), record.Finding)
	r.Decision = access.Allowed
	for _, f := range p.Findings {
		r.Because = append(r.Because, f.Because...)
		r.Bridges = append(r.Bridges, f.Bridges(p.options)...)
		r.CouldNotSee = r.CouldNotSee.With(f.Unsettled()...)
		if why := f.Facts.PolicyUnreadable; why != "" && p.Spared(f) != "" {
			r.CouldNotSee = r.CouldNotSee.With("the policy of " + f.Facts.Key.ARN + ": " + why)
		}
	}
	switch {
	case len(p.Unseen) > 0 && !p.Whole() && !p.otherCause():
		r.Decision, r.Outcome = access.Unknown, outcome.NoFix
		r.Reason = "which keys the launch needs can't all be told, for want of what could not be seen"
		if r.Plan = p.ForHidden(p.options); r.Plan != nil {
			r.Reason += ": " + r.Plan.NoFix.Text + ". " + r.Plan.NoFix.Remedy
		}
	case p.Launch.Refused != "":
		r.Outcome, r.Reason = outcome.CauseElsewhere, p.Launch.Refused
	default:
		r.Outcome, r.Reason = p.allOpen()
	}
	if len(p.Unseen) > 0 || len(p.spared()) > 0 {
		r.Decision = access.Unknown
	}
	return []Diagnosis{{Record: r}}, l.tell(ctx, p.look, r)
}

// allOpen: every key is open. AWS's text about a failed launch counts where it speaks of
// something else than a key. Otherwise the failure may be older than the access, and
// events come late and more than once.
func (p pass) allOpen() (outcome.Outcome, string) {
	switch cause := activity.Classify(p.look.Text).Cause; {
	case !p.look.HasFailed():
		return outcome.NothingToDo, p.saysOpen()
	case cause.MayBeKey():
		return outcome.NothingToDo, fmt.Sprintf("%s; AWS's text (%s) may be about a key, so that the failure is taken for one from before", p.saysOpen(), cause)
	default:
		return outcome.CauseElsewhere, fmt.Sprintf("%s; AWS's text points to: %s", p.saysOpen(), cause)
	}
}

// saysOpen says that the keys are open to the roles, and which.
func (p pass) saysOpen() string {
	partly := ""
	if len(p.Launch.Partly) > 0 {
		partly = "; some of the group's overrides EC2 refuses: " + strings.Join(p.Launch.Partly, "; ")
	}
	unseen := p.spared()
	switch {
	case len(p.Unseen) == 0:
	case p.otherCause():
		unseen = append(unseen, "which keys the launch needs can't all be told, and launches fail for something else")
	default:
		unseen = append(unseen, "which keys the launch needs can't all be told; the group is whole")
	}
	if len(p.Findings) == 0 && len(unseen) == 0 {
		return "the launch needs no customer managed key" + partly
	}
	var keys, roles []string
	for _, f := range p.Findings {
		if f.Decision() == access.Allowed && !slices.Contains(keys, f.Facts.Key.ARN) {
			keys = append(keys, f.Facts.Key.ARN)
		}
	}
	for _, role := range p.Launch.Principals() {
		roles = append(roles, role.ARN)
	}
	open := strings.Join(roles, " and ") + ": " + strings.Join(keys, ", ") + partly
	switch {
	case len(unseen) == 0:
		return "every key that the launch needs is open to " + open
	case len(keys) == 0:
		return strings.Join(unseen, "; ") + partly
	}
	return strings.Join(unseen, "; ") + "; every other key is open to " + open
}

// otherCause reports whether AWS's text about a launch that failed speaks of something
// else than a key.
func (p pass) otherCause() bool {
	return p.look.HasFailed() && !activity.Classify(p.look.Text).Cause.MayBeKey()
}

// spared says of each key of which not all is known why it isn't taken for what
// stands in the way.
func (p pass) spared() []string {
	var out []string
	for _, f := range p.Findings {
		if why := p.Spared(f); why != "" {
			out = append(out, why)
		}
	}
	return out
}

// failedLook ends a look that can't succeed, and hands back the errors that may.
func (l *Looker) failedLook(ctx context.Context, look signal.Look, err error) ([]Diagnosis, error) {
	r := l.groupRecord(look, record.Finding)
	final, ok := finalOutcome(err)
	if !ok {
		return nil, err
	}
	r.Outcome, r.Reason = final, reasonOf(err)
	return []Diagnosis{{Record: r}}, l.tell(ctx, look, r)
}
