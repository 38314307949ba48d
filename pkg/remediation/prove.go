package remediation

import (
	"context"
	"errors"
	"fmt"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/limit"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/verify"
)

// prove reads until reads agree, and writes the attempt's outcome. Where the time runs out
// first, nothing is recorded and the error brings the message again.
func (x *Fixer) prove(ctx context.Context, a attempt, r record.Record, end change.End) (record.Record, error) {
	r.Outcome, r.Reason = end.Outcome, end.Reason
	if end.Run.Command != "" {
		r.Run = record.Tasks{end.Run}
	}
	if end.Unseen {
		return r, x.write(ctx, r)
	}
	p, f := a.pass, a.decision.Finding
	e := x.env(p.view, p.place(), p.Group, a.mark)
	e.Before = a.done
	if means := p.Means; means != nil {
		e.Means = func(written string) string { return means[written] }
	}
	step := r.Steps[len(r.Steps)-1]
	opens := step.Claim().Consent == change.KeyOwner
	if opens && !f.OwnKey() && f.Facts.Policy == nil {
		return x.proveByRepeating(ctx, p, f, r, e)
	}
	last := f
	last.Cause = activity.None // the failure is from before
	read := func(ctx context.Context) (string, bool, error) {
		return x.Kinds.Proof(ctx, e, step, a.done[len(a.done)-1])
	}
	if opens {
		read = func(ctx context.Context) (string, bool, error) {
			state, err := p.view.Key(ctx, f.Facts.Key.ARN, f.Principal.ARN)
			if err != nil {
				return "", false, fmt.Errorf("verify %s: %w", f.Facts.Key.ARN, err)
			}
			last.Facts = state.Facts
			last = last.Evaluate()
			// What others do to the key meanwhile proves nothing and disproves nothing.
			return string(last.Decision()), last.Decision() == access.Allowed, nil
		}
	}
	reading, cancel := limit.ToAnswer(ctx)
	defer cancel()
	equal, err := x.until(reading, read)
	r.Proof = &record.ProofOf{EqualReads: equal, Decision: last.Decision()}
	if opens {
		r.Bridges = last.Bridges(p.options)
	}
	if opens && errors.Is(err, verify.ErrNotSettled) {
		r.KeyState, r.Decision = last.Facts.Key.State, last.Decision()
		err = fmt.Errorf("%s: %w", x.closedAgain(reading, e, step, last), err)
	}
	return x.recordProof(ctx, r, err)
}

// until reads until reads agree. At a terminal no queue keeps others from writing at
// the same time: one who had read the policy before may write over it. So it is read
// once more after that.
func (x *Fixer) until(ctx context.Context, read func(context.Context) (string, bool, error)) (int, error) {
	const race = 3 // intervals in which somebody who has read has written
	o := verify.Options{Reads: x.Settings.VerifyReads, Interval: x.Settings.VerifyInterval, Sleep: x.Sleep}
	equal, err := verify.Until(ctx, o, read)
	if err != nil || x.Person.ARN == "" {
		return equal, err
	}
	if err := x.Sleep(ctx, race*o.Interval); err != nil {
		return equal, fmt.Errorf("wait for the change: %w", err)
	}
	return verify.Until(ctx, o, read)
}

// notShown accuses nobody: KMS may just be late.
const notShown = "what was written isn't there: AWS doesn't show it yet, which takes up to five minutes, or somebody wrote over it or took it away"

// closedAgain says why a key isn't open to the role though it was written so.
func (x *Fixer) closedAgain(ctx context.Context, e apply.Env, step change.Step, last plan.Finding) string {
	_, standing, err := x.Kinds.Stands(ctx, e, step)
	switch state := last.Facts.Key.State; {
	case last.Decision() == access.Allowed:
		return "the key is open by the last read, and wasn't at all of them"
	case state != "" && state != "Enabled":
		return "the change stands, and the key's state is " + state + " by now: it opens nothing until the key is Enabled"
	case err == nil && standing == apply.Absent, errors.Is(err, once.ErrStale):
		return notShown
	}
	for _, result := range last.Results {
		if result.Decision != access.Allowed {
			return "the change stands, and " + result.Operation + " isn't allowed: " + string(result.Reason) + " " + result.DecidedBy
		}
	}
	return "the change stands"
}

// recordProof writes the outcome, unless the proof failed for what may pass. Of a change
// that can't be seen nothing is claimed: whoever closed it to the reader has to look.
func (x *Fixer) recordProof(ctx context.Context, r record.Record, err error) (record.Record, error) {
	switch {
	case errors.Is(err, verify.ErrNotSettled), account.Final(err):
		r.Outcome, r.Reason = outcome.Unproven, reasonOf(err)
	case err != nil:
		return r, fmt.Errorf("prove the change of %s: %w", r.Plan.Target, err)
	}
	r, err = x.askFollowUp(ctx, r)
	if err != nil {
		return r, err
	}
	return r, x.write(ctx, r)
}

// proveByRepeating proves a grant on a key that can't be read from here: KMS answers the
// same CreateGrant by the grant that stands. Nobody evaluates what the role may do: the
// policy, which can't be read, decides that, too.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func (x *Fixer) proveByRepeating(ctx context.Context, p pass, f plan.Finding, r record.Record, e apply.Env) (record.Record, error) {
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
	return x.recordProof(ctx, r, err)
}
