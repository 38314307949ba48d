package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/settings"
	"keymend/pkg/together"
)

// An attempt is one change that is carried out, under the name of one remediation.
type attempt struct {
	pass     pass
	decision decision
	mark     change.Mark
	steps    change.Steps    // of the whole change; the decision's plan has those that are left to do
	done     []change.Result // what came of the first ones
}

// attempt begins to carry out what is planned, as a remediation of its own.
func (p pass) attempt(d decision) attempt {
	return attempt{pass: p, decision: d, mark: p.markOf(d), steps: d.Plan.Steps}
}

// attempted starts a record of an attempt. Its undo is of the steps that stand; with all, of
// those that aren't carried out yet, too.
func (x *Fixer) attempted(a attempt, phase record.Phase, all bool) record.Record {
	r := x.planned(a.pass, a.decision, phase)
	r.RemediationID, r.Session = a.mark.Remediation, sessionPrefix+a.mark.Remediation
	r.Undo = record.Steps(a.steps.Undo(a.mark, a.done, all))
	if a.decision.verdict.Allowed {
		r.Writes = a.decision.Plan.Steps.Calls()
	}
	return r
}

// result starts the record of what came of the attempt.
func (x *Fixer) result(a attempt) record.Record {
	r := x.attempted(a, record.Result, false)
	r.Before, r.After = documents(a.done)
	return r
}

// apply carries out what the guard permits. The intent is recorded first: nothing is done
// that isn't on record, or that can't be taken back.
func (x *Fixer) apply(ctx context.Context, a attempt) (record.Record, error) {
	if !a.decision.verdict.Allowed {
		r := x.result(a)
		r.Outcome, r.Reason = outcomeOf(a.decision.verdict, a.decision.Plan)
		return r, x.write(ctx, r)
	}
	intent := x.attempted(a, record.Intent, true)
	if err := x.agreed(a, intent); err != nil {
		return intent, err
	} else if err := x.intend(ctx, intent); err != nil {
		return intent, err
	}
	p, plan := a.pass, a.decision.Plan
	e := x.env(p.view, p.place(), p.Group, a.mark)
	err := together.Do(
		func() error { return x.recall(ctx, a.decision) },
		func() error { e.Open = e.Ahead(ctx, plan.Steps); return nil }, // after the intent, to which a session is held
	)
	if err != nil {
		return x.failed(ctx, a, err)
	}
	a.done = slices.Clip(a.done)
	for _, step := range plan.Steps {
		e.Before = a.done
		result, err := x.Kinds.Do(ctx, e, step)
		if err != nil {
			r, endErr := x.failed(ctx, a, err)
			return r, begun(intent, a.done, err, endErr)
		}
		a.done = append(a.done, result)
		x.wrote(step.At().Key, result)
	}
	free, cancel := once.Uninterrupted(ctx) // what was written is seen to, and recorded
	defer cancel()
	r, err := x.prove(free, a, x.result(a), ended(a.steps, a.done))
	if err == nil && x.overwritten(r, plan.Steps) {
		return x.planAgain(ctx, a, r, nil)
	}
	return r, begun(intent, a.done, nil, err)
}

// intend records an intent, and counts it: the log may show it late.
func (x *Fixer) intend(ctx context.Context, r record.Record) error {
	if err := x.write(ctx, r); err != nil {
		return err
	}
	x.recent.began(guard.Change{Remediation: r.RemediationID, Account: r.Account, Region: r.Region})
	return nil
}

// documents are those before and after the last step that changed one.
func documents(done []change.Result) (before, after string) {
	for _, d := range slices.Backward(done) {
		if d.Before != "" || d.After != "" {
			return d.Before, d.After
		}
	}
	return "", ""
}

// ended is how steps end by what came of them. A change that somebody else may have made is
// never claimed.
func ended(steps change.Steps, done []change.Result) change.End {
	end := steps.End(done[len(done)-1])
	switch {
	case !slices.ContainsFunc(done, func(d change.Result) bool { return d.Changed }):
		return found(end, "it stood already when it was to be written: somebody else did it")
	case slices.ContainsFunc(done, func(d change.Result) bool { return d.Unsure }):
		return found(end, "AWS's answer to the write didn't arrive, and the change was seen to stand after it: this write made it, or somebody else did")
	}
	return end
}

// failed says how a write ended. Where AWS refuses an edited policy for something
// that the document doesn't show, that is a new fact: the plan by it is another
// remediation.
func (x *Fixer) failed(ctx context.Context, a attempt, err error) (record.Record, error) {
	r, p, d := x.result(a), a.pass, a.decision
	nothing := len(a.done) == 0
	r.Reason = reasonOf(err)
	if errors.Is(err, apply.ErrSuperseded) {
		r.Outcome = outcome.Superseded
		if writeErr := x.write(ctx, r); writeErr != nil || !nothing {
			return r, errors.Join(writeErr, err) // the next delivery looks again
		}
		return x.planAgain(ctx, a, r, err)
	}
	final, ok := finalOutcome(err)
	if r.Outcome = final; !ok || p.delivery.roleTooNew(d.Finding.Principal, err) {
		return r, err
	}
	switch why, passes := x.tagTooNew(p.delivery, d.Finding, err); {
	case passes:
		return r, fmt.Errorf("%s: %w", why, err)
	case why != "":
		r.Reason += " " + why
	}
	if d.Plan.ForOwner != nil && nothing {
		r.Reason += " By hand: " + d.Plan.ForOwner.String()
	}
	if writeErr := x.write(ctx, r); writeErr != nil || !errors.Is(err, refusal.Err) {
		return r, writeErr
	}
	return x.instead(ctx, a, r, err)
}

// instead carries out what is planned where AWS refused an edited policy, if the
// settings leave the choice.
func (x *Fixer) instead(ctx context.Context, a attempt, r record.Record, err error) (record.Record, error) {
	p, plan := a.pass, a.decision.Plan
	if !plan.Steps.Only(func(c change.Claim) bool { return c.Edits }) || p.options.OwnKey != settings.OwnKeyAuto {
		return r, nil
	}
	f := a.decision.Finding
	f.Refused = account.Message(err)
	p.Snapshot = p.With(f)
	p = x.decide(p)
	for _, d := range p.decisions {
		if d.Finding.ID() == f.ID() && d.Waits == "" && d.Plan.Digest != plan.Digest && len(d.Plan.Steps) > 0 {
			return x.apply(ctx, p.attempt(d))
		}
	}
	return r, nil
}

// begun marks the error by which a change ended, if something of it was written or may
// have been.
func begun(intent record.Record, done []change.Result, cause, err error) error {
	sure := slices.ContainsFunc(done, func(d change.Result) bool { return d.Changed })
	if _, said := errors.AsType[*once.BegunError](err); err == nil || said || !sure && !errors.Is(cause, once.ErrUnsure) {
		return err
	}
	return &once.BegunError{Remediation: intent.RemediationID, Calls: intent.Writes, Sure: sure, Err: err}
}
