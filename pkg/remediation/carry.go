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

// carry writes what the guard permits: the intent first, so that nothing is done
// that isn't on record, and that can't be taken back. What an earlier delivery of
// the same change did (before) stays part of it: whole are the steps of both.
func (x *Fixer) carry(ctx context.Context, p pass, d decision, by change.Mark, whole change.Steps, before []change.Result) (record.Record, error) {
	r := x.record(p, d.Finding, record.Intent)
	r.Planned(d.Plan, d.verdict)
	r.RemediationID, r.Session = by.Remediation, sessionPrefix+by.Remediation
	if d.Because != nil {
		r.Because = d.Because
	}
	if !d.verdict.Allowed {
		r.Phase = record.Result
		done(&r, whole, by, before, false)
		return x.refused(ctx, d, r)
	}
	r.Writes = d.Plan.Steps.Calls()
	done(&r, whole, by, before, true)
	r.Before, r.After = "", ""
	if err := x.asked(p, d, r); err != nil {
		return r, err
	} else if err := x.intend(ctx, r); err != nil {
		return r, err
	}
	r.Phase = record.Result
	e := x.env(p.view, p.place(), p.Group, by)
	err := together.Do(
		func() error { return x.recall(ctx, d) },
		func() error { e.Open = e.Ahead(ctx, d.Plan.Steps); return nil }, // after the intent, to which a session is held
	)
	if err != nil {
		done(&r, whole, by, before, false)
		return x.failed(ctx, p, d, r, len(before) == 0, err)
	}
	e.Before = slices.Clip(before)
	for _, step := range d.Plan.Steps {
		result, err := x.Kinds.Do(ctx, e, step)
		if err != nil {
			done(&r, whole, by, e.Before, false)
			failed, endErr := x.failed(ctx, p, d, r, len(e.Before) == 0, err)
			return failed, begun(r, e.Before, err, endErr)
		}
		e.Before = append(e.Before, result)
		x.wrote(step.At().Key, result)
	}
	done(&r, whole, by, e.Before, false)
	free, cancel := once.Uninterrupted(ctx) // what was written is seen to, and recorded
	defer cancel()
	proven, err := x.prove(free, p, d.Finding, r, by, e.Before, ended(whole, e.Before))
	if err == nil && x.gone(proven, d.Plan.Steps) {
		return x.anew(ctx, p, d, proven, nil)
	}
	return proven, begun(r, e.Before, nil, err)
}

// refused records that the guard doesn't permit it.
func (x *Fixer) refused(ctx context.Context, d decision, r record.Record) (record.Record, error) {
	r.Outcome, r.Reason = outcomeOf(d.verdict, d.Plan)
	return r, x.write(ctx, r)
}

// intend records an intent, and counts it: the log may show it late.
func (x *Fixer) intend(ctx context.Context, r record.Record) error {
	if err := x.write(ctx, r); err != nil {
		return err
	}
	x.recent.began(guard.Change{Remediation: r.RemediationID, Account: r.Account, Region: r.Region})
	return nil
}

// ended is how steps end by what came of them. What somebody else may have done is
// never claimed.
func ended(whole change.Steps, all []change.Result) change.End {
	end := whole.End(all[len(all)-1])
	switch {
	case !slices.ContainsFunc(all, func(d change.Result) bool { return d.Changed }):
		return found(end, "it stood already when it was to be written: somebody else did it")
	case slices.ContainsFunc(all, func(d change.Result) bool { return d.Unsure }):
		return found(end, "AWS's answer to the write didn't arrive, and the change was seen to stand after it: this write made it, or somebody else did")
	}
	return end
}

// failed says how a write ended. Where AWS refuses an edited policy for something
// that the document doesn't show, that is a new fact: the plan by it is another
// remediation.
func (x *Fixer) failed(ctx context.Context, p pass, d decision, r record.Record, nothing bool, err error) (record.Record, error) {
	r.Reason = reasonOf(err)
	if errors.Is(err, apply.ErrSuperseded) {
		r.Outcome = outcome.Superseded
		if writeErr := x.write(ctx, r); writeErr != nil || !nothing {
			return r, errors.Join(writeErr, err) // the next delivery looks again
		}
		return x.anew(ctx, p, d, r, err)
	}
	final, ok := finalOutcome(err)
	if r.Outcome = final; !ok || p.delivery.tooYoung(d.Finding.Principal, err) {
		return r, err
	}
	switch why, passes := x.settles(p.delivery, d.Finding, err); {
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
	return x.instead(ctx, p, d, r, err)
}

// instead carries out what is planned where AWS refused an edited policy, if the
// settings leave the choice.
func (x *Fixer) instead(ctx context.Context, p pass, d decision, r record.Record, err error) (record.Record, error) {
	if !d.Plan.Steps.Only(func(c change.Claim) bool { return c.Edits }) || p.options.OwnKey != settings.OwnKeyAuto {
		return r, nil
	}
	f := d.Finding
	f.Refused = account.Message(err)
	p.Snapshot = p.With(f)
	p = x.decided(p)
	for _, again := range p.decisions {
		if again.Finding.ID() == f.ID() && again.Waits == "" && again.Plan.Digest != d.Plan.Digest && len(again.Plan.Steps) > 0 {
			return x.carry(ctx, p, again, p.markOf(again), again.Plan.Steps, nil)
		}
	}
	return r, nil
}
