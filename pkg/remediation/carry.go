package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/apply"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/settings"
	"keymend/pkg/verify"
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
		r.Outcome, r.Reason = outcomeOf(d.verdict, d.Plan)
		done(&r, whole, by, before, false)
		return r, x.write(ctx, r)
	}
	r.Writes = d.Plan.Steps.Calls()
	done(&r, whole, by, before, true)
	r.Before, r.After = "", ""
	if err := x.write(ctx, r); err != nil {
		return r, err
	}
	r.Phase = record.Result
	e := x.env(p.view, p.Region, p.Group, by)
	e.Before = slices.Clip(before)
	for _, step := range d.Plan.Steps {
		result, err := x.Kinds.Do(ctx, e, step)
		if err != nil {
			done(&r, whole, by, e.Before, false)
			return x.failed(ctx, p, d, r, len(e.Before) == 0, err)
		}
		e.Before = append(e.Before, result)
	}
	done(&r, whole, by, e.Before, false)
	end := whole.End(e.Before[len(e.Before)-1])
	if !slices.ContainsFunc(e.Before, func(d change.Result) bool { return d.Changed }) {
		end = found(end, "it stood already when it was to be written: somebody else did it")
	}
	return x.prove(ctx, p, d.Finding, r, by, e.Before, end)
}

// failed says how a write ended. Where AWS refuses an edited policy for something
// that the document doesn't show, that is a new fact: the plan by it is another
// remediation.
func (x *Fixer) failed(ctx context.Context, p pass, d decision, r record.Record, nothing bool, err error) (record.Record, error) {
	r.Reason = reasonOf(err)
	if errors.Is(err, apply.ErrSuperseded) {
		r.Outcome = outcome.Superseded
		// The next delivery looks again.
		return r, errors.Join(x.write(ctx, r), err)
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
	if !d.Plan.Steps.Only(func(c change.Claim) bool { return c.Edits }) || x.Settings.OwnKey != settings.OwnKeyAuto {
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

// prove reads until reads agree, and writes the outcome. Where the time runs out
// first, nothing is recorded and the error brings the message again.
func (x *Fixer) prove(ctx context.Context, p pass, f plan.Finding, r record.Record, by change.Mark, all []change.Result, end change.End) (record.Record, error) {
	if r.Reason == "" || end.Reason != "" {
		r.Reason = end.Reason
	}
	if end.Run.Command != "" {
		r.Run = record.Tasks{end.Run}
	}
	if r.Outcome = end.Outcome; end.Unseen {
		return r, x.write(ctx, r)
	}
	e := x.env(p.view, p.Region, p.Group, by)
	e.Before = all
	if means := p.Means; means != nil {
		e.Means = func(written string) string { return means[written] }
	}
	step := r.Steps[len(r.Steps)-1]
	opens := step.Claim().Consent == change.KeyOwner
	if opens && !f.OwnKey() && f.Facts.Policy == nil {
		return x.repeated(ctx, p, f, r, e)
	}
	last := f
	last.Cause = activity.None // the failure is from before
	read := func(ctx context.Context) (string, bool, error) { return x.Kinds.Proof(ctx, e, step, all[len(all)-1]) }
	if opens {
		read = func(ctx context.Context) (string, bool, error) {
			state, err := p.view.Key(ctx, f.Facts.Key.ARN, f.Principal.ARN)
			if err != nil {
				return "", false, fmt.Errorf("verify %s: %w", f.Facts.Key.ARN, err)
			}
			last.Facts = state.Facts
			last = last.Evaluate()
			return last.FactsDigest(), last.Decision() == access.Allowed, nil
		}
	}
	reading, cancel := beforeDeadline(ctx)
	defer cancel()
	equal, err := verify.Until(reading, verify.Options{Reads: x.Settings.VerifyReads, Interval: x.Settings.VerifyInterval, Sleep: x.Sleep}, read)
	r.Proof = &record.ProofOf{EqualReads: equal, Decision: last.Decision()}
	if opens {
		r.Bridges = last.Bridges(p.options)
	}
	return x.proven(ctx, r, err)
}

// proven writes the outcome, unless the proof failed for what may pass. Of a change
// that can't be seen nothing is claimed: whoever closed it to the reader has to look.
func (x *Fixer) proven(ctx context.Context, r record.Record, err error) (record.Record, error) {
	switch {
	case errors.Is(err, verify.ErrNotSettled), account.Final(err):
		r.Outcome, r.Reason = outcome.Unproven, reasonOf(err)
	case err != nil:
		return r, fmt.Errorf("prove the change of %s: %w", r.Plan.Target, err)
	}
	r, err = x.followed(ctx, r)
	if err != nil {
		return r, err
	}
	return r, x.write(ctx, r)
}

// repeated proves a grant on a key that can't be read from here: KMS answers the
// same CreateGrant by the grant that stands. What the role may do isn't evaluated: the
// policy has a word in it.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func (x *Fixer) repeated(ctx context.Context, p pass, f plan.Finding, r record.Record, e apply.Env) (record.Record, error) {
	was := e.Before[len(e.Before)-1].ID
	e.Before = nil
	result, err := x.Kinds.Do(ctx, e, f.Grant(p.options))
	r.Proof = &record.ProofOf{Decision: access.Unknown, GrantID: result.ID}
	switch {
	case err != nil:
	case was == "" || result.ID != was:
		r.Outcome, r.Reason = outcome.Unproven, "the same CreateGrant again made another grant, "+result.ID
	case r.Reason == "":
		r.Reason = "account " + f.KeyAccount() + " can't be read from here; KMS answers the repeated CreateGrant with the same grant"
	}
	return x.proven(ctx, r, err)
}
