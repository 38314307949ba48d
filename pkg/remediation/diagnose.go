package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/copier"
	"keymend/pkg/guard"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
)

// A Diagnosis is what came of one look, about one key, or about the group where
// no key stands in the way.
type Diagnosis struct {
	Launch  launch.Launch
	Finding plan.Finding // zero where it is about the group
	Plan    plan.Plan
	Verdict guard.Verdict
	Message *Message // what carries the plan out; nil unless it is permitted
	Record  audit.Record
}

// Diagnose looks at a group, and writes one record for each key that stands in
// the way, or one for the group. It changes nothing. Its error is transient: the
// signal has to come again.
func (e *Engine) Diagnose(ctx context.Context, s Signal) ([]Diagnosis, error) {
	l, err := e.look(ctx, s)
	if err != nil {
		return e.failedLook(ctx, s, err)
	}
	if s.Signal == activity.LaunchSuccessful {
		return e.prove(ctx, l)
	}
	var out []Diagnosis
	for _, f := range l.findings {
		if f.Decision() == access.Allowed {
			continue
		}
		d, err := e.diagnose(ctx, l, f)
		if err != nil {
			return out, err
		}
		out = append(out, d)
	}
	of, err := e.diagnoseRole(ctx, l)
	if out = append(out, of...); err != nil || len(out) > 0 {
		return out, err
	}
	retired, err := e.retiring(ctx, l)
	if err != nil {
		return retired, err
	}
	concluded, err := e.conclude(ctx, l)
	return append(retired, concluded...), err
}

func (e *Engine) diagnose(ctx context.Context, l *look, f plan.Finding) (Diagnosis, error) {
	waits := l.move != nil && l.move.missing() && l.own(f)
	f = e.ahead(l, f)
	f, p, err := e.plan(ctx, l, f)
	if err != nil {
		if _, lasts := lasting(err); !lasts {
			return Diagnosis{}, err
		}
		// Who can't ask goes on with what can be seen.
		f.Facts.CouldNotSee = append(slices.Clone(f.Facts.CouldNotSee), reasonOf(err))
		f = f.Evaluate()
	}
	d := Diagnosis{Launch: l.launch, Finding: f, Plan: p, Verdict: e.judge(l, f, p)}
	d.Record = e.record(l, f, audit.Finding)
	planned(&d.Record, p, d.Verdict)
	d.Record.Outcome, d.Record.Reason = outcomeOf(d.Verdict, p)
	switch permitted := d.Verdict.Allowed || d.Verdict.Try; {
	case permitted && waits:
		d.Record.Outcome, d.Record.Reason = audit.Waiting, "the role "+l.move.to.ARN+" has to be made first"
	case permitted:
		return e.send(ctx, l, d)
	}
	return d, e.write(ctx, d.Record)
}

// send hands a permitted plan to whoever carries out, if there is someone, and
// writes the finding's record.
func (e *Engine) send(ctx context.Context, l *look, d Diagnosis) (Diagnosis, error) {
	d.Message = new(l.message(d.Finding, d.Plan))
	d.Record.RemediationID = plan.RemediationID(d.Plan.Digest)
	if e.Send != nil {
		if err := e.Send(ctx, *d.Message); err != nil {
			return d, e.sendFailed(ctx, d, err)
		}
		d.Record.Outcome = audit.Sent
	}
	return d, e.write(ctx, d.Record)
}

// sendFailed: what may not be sent, or is no message to the queue, will not be
// sent by trying again.
func (e *Engine) sendFailed(ctx context.Context, d Diagnosis, err error) error {
	err = fmt.Errorf("send change of %s: %w", d.Plan.Target, err)
	switch {
	case account.AccessDenied(err):
		d.Record.Outcome = audit.NotPermitted
	case account.Final(err):
		d.Record.Outcome = audit.Failed
	default:
		return err
	}
	d.Record.Reason = reasonOf(err)
	return e.write(ctx, d.Record)
}

// outcomeOf says what a verdict comes to, before anything is sent.
func outcomeOf(v guard.Verdict, p plan.Plan) (audit.Outcome, string) {
	switch {
	case p.NoFix != nil && p.NoFix.Reason == plan.Copying:
		return audit.Copying, p.NoFix.Text
	case p.NoFix != nil && p.NoFix.Reason == plan.HandedOver:
		return audit.HandedOver, strings.TrimSpace(p.NoFix.Text + " " + p.NoFix.Remedy)
	case p.NoFix != nil:
		return audit.NoFix, strings.TrimSpace(p.NoFix.Text + " " + p.NoFix.Remedy)
	case v.Allowed:
		return audit.Fixable, v.Text
	case v.Propose && p.ForOwner != nil:
		return audit.Proposed, v.Text + " By hand: " + p.ForOwner.String()
	case v.Propose, v.Try:
		return audit.Proposed, v.Text
	case v.Reason == guard.OnlyObserving:
		return audit.Observed, v.Text
	}
	return audit.Refused, v.Text
}

// conclude: no key is known to stand in the way.
func (e *Engine) conclude(ctx context.Context, l *look) ([]Diagnosis, error) {
	d := Diagnosis{Launch: l.launch}
	d.Record = e.record(l, plan.Finding{Account: l.signal.Account, Region: l.signal.Region, Group: l.signal.Group}, audit.Finding)
	d.Record.Decision = access.Allowed
	for _, f := range l.findings {
		d.Record.Because = append(d.Record.Because, f.Because...)
		d.Record.Bridges = append(d.Record.Bridges, f.Bridges(e.options(f, e.Settings.OwnKey))...)
	}
	cause := activity.Classify(l.signal.StatusMessage).Cause
	switch {
	case len(l.unseen) > 0:
		d.Record.Decision, d.Record.Outcome = access.Unknown, audit.NoFix
		d.Record.Reason = "which keys the launch needs can't all be told, for want of what could not be seen"
	case l.launch.Refused != "":
		d.Record.Outcome, d.Record.Reason = audit.CauseElsewhere, l.launch.Refused
	case l.signal.hasFailed():
		d.Record.Outcome = audit.CauseElsewhere
		d.Record.Reason = fmt.Sprintf("%s; AWS's text points to: %s", l.open(), cause)
	default:
		d.Record.Outcome = audit.NothingToDo
		d.Record.Reason = l.open()
	}
	return []Diagnosis{d}, e.write(ctx, d.Record)
}

// open says that the keys are open to the roles, and which.
func (l *look) open() string {
	partly := ""
	if len(l.launch.Partly) > 0 {
		partly = "; some of the group's overrides EC2 refuses: " + strings.Join(l.launch.Partly, "; ")
	}
	if len(l.findings) == 0 {
		return "the launch needs no customer managed key" + partly
	}
	var keys, roles []string
	for _, f := range l.findings {
		if !slices.Contains(keys, f.Facts.Key.ARN) {
			keys = append(keys, f.Facts.Key.ARN)
		}
	}
	for _, p := range l.launch.Principals() {
		roles = append(roles, p.ARN)
	}
	return "every key that the launch needs is open to " + strings.Join(roles, " and ") + ": " + strings.Join(keys, ", ") + partly
}

// failedLook ends a look that can't succeed, and hands back the errors that may.
func (e *Engine) failedLook(ctx context.Context, s Signal, err error) ([]Diagnosis, error) {
	r := e.groupRecord(s, audit.Finding)
	outcome, lasts := lasting(err)
	if !lasts {
		return nil, err
	}
	r.Outcome, r.Reason = outcome, reasonOf(err)
	return []Diagnosis{{Record: r}}, e.write(ctx, r)
}

// lasting says what an error comes to that no later try will mend; false for
// those that one may.
func lasting(err error) (audit.Outcome, bool) {
	switch {
	case errors.Is(err, launch.ErrGroupNotFound):
		return audit.Ignored, true
	case account.AccessDenied(err):
		return audit.NotPermitted, true
	case errors.Is(err, apply.ErrRefused), errors.Is(err, copier.ErrInUse), errors.Is(err, copier.ErrOtherwise), account.Final(err):
		return audit.Failed, true
	}
	return "", false
}

// reasonOf puts the action that AWS refused first, and the kind of policy that
// refused it, as far as AWS says: whoever keeps that policy has to act.
func reasonOf(err error) string {
	d, _ := account.DenialOf(err)
	switch why := d.String(); {
	case d.Action == "":
		return err.Error()
	case why == "":
		return "AWS refused " + d.Action + ": " + err.Error()
	default:
		return "AWS refused " + d.Action + ": " + why + ": " + err.Error()
	}
}
