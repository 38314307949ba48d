package remediation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/guard"
	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
)

// Remediate carries out one message, if the facts still ask for it and the guard
// permits it. It returns the last record that it wrote. Its error is transient:
// the message has to come again.
//
//	the message's change is there already          → prove it, and complete the record
//	the same, in a policy that others edited       → superseded, with the undo
//	access is allowed, or no plan is left           → superseded
//	a fresh plan with the message's digest          → carry it out, if permitted
//	another fresh plan                              → superseded; carry the fresh one out, if permitted
func (e *Engine) Remediate(ctx context.Context, m Message) (audit.Record, error) {
	s := m.signalOf()
	l, err := e.look(ctx, s)
	if err != nil {
		return e.failedChange(ctx, e.groupRecord(s, audit.Result), m, err)
	}
	f, found := l.find(m.Target)
	if !found {
		r := e.record(l, plan.Finding{Account: m.Account, Region: m.Region, Group: m.Group}, audit.Result)
		return e.superseded(ctx, r, m, "the group's launch doesn't need "+m.Target+" any more")
	}
	if written, ok := earlier(f, m); ok {
		return e.complete(ctx, l, f, m, written)
	}
	p := e.plan(f)
	verdict := e.judge(l, f, p)
	if p.Digest == m.Digest {
		return e.carryOut(ctx, l, f, p, verdict)
	}
	r := e.record(l, f, audit.Result)
	planned(&r, p, verdict)
	if p.NoFix != nil {
		return e.superseded(ctx, r, m, p.NoFix.Text)
	}
	if r, err = e.superseded(ctx, r, m, "the facts have changed since the plan was made; the fresh plan is "+p.Digest); err != nil {
		return r, err
	}
	return e.carryOut(ctx, l, f, p, verdict)
}

func (e *Engine) superseded(ctx context.Context, r audit.Record, m Message, why string) (audit.Record, error) {
	r.RemediationID, r.Digest = plan.RemediationID(m.Digest), m.Digest
	r.Outcome, r.Reason = audit.Superseded, why
	return r, e.write(ctx, r)
}

// carryOut writes what the guard permits: the intent first, so that nothing is
// done that isn't on record.
func (e *Engine) carryOut(ctx context.Context, l *look, f plan.Finding, p plan.Plan, v guard.Verdict) (audit.Record, error) {
	r := e.record(l, f, audit.Intent)
	planned(&r, p, v)
	r.RemediationID = plan.RemediationID(p.Digest)
	r.Session = sessionName(r.RemediationID)
	if !v.Allowed {
		r.Phase = audit.Result
		r.Outcome, r.Reason = outcomeOf(v, p)
		return r, e.write(ctx, r)
	}
	if err := e.intend(ctx, r); err != nil {
		return r, err
	}
	r.Phase = audit.Result
	for _, step := range p.Steps {
		d, err := e.apply(ctx, l, r.Session, step)
		if err != nil {
			return e.failedStep(ctx, l, f, r, err)
		}
		if err := done(&r, d); err != nil {
			return r, err
		}
	}
	return e.proven(ctx, l, f, r)
}

// intend records what is about to be written, with its undo where that is known
// beforehand: a change whose outcome never gets into the log can be taken back
// all the same.
func (e *Engine) intend(ctx context.Context, r audit.Record) error {
	for _, step := range r.Plan.Steps {
		s, ok := step.(plan.EditKeyPolicy)
		if !ok {
			continue
		}
		undo, err := json.Marshal(apply.UndoOf(s))
		if err != nil {
			return fmt.Errorf("write undo: %w", err)
		}
		r.Undo = undo
	}
	return e.write(ctx, r)
}

// apply opens a session for exactly this step, and carries it out.
func (e *Engine) apply(ctx context.Context, l *look, session string, step plan.Step) (apply.Done, error) {
	s := Session{Account: l.signal.Account, Region: l.signal.Region, Name: session}
	switch step := step.(type) {
	case plan.EditKeyPolicy:
		s.Action, s.Key = "kms:PutKeyPolicy", step.Key
		w, err := e.Open(ctx, s)
		if err != nil {
			return apply.Done{}, fmt.Errorf("open session for %s: %w", s.Action, err)
		}
		return apply.EditKeyPolicy(ctx, l.view, w, e.Sleep, step)
	case plan.CreateGrant:
		s.Action, s.Key = "kms:CreateGrant", step.Key
		w, err := e.Open(ctx, s)
		if err != nil {
			return apply.Done{}, fmt.Errorf("open session for %s: %w", s.Action, err)
		}
		return apply.CreateGrant(ctx, w, e.Sleep, step)
	}
	return apply.Done{}, fmt.Errorf("apply: no such step: %T", step)
}

// failedStep says how a write ended. Where KMS refuses an edited policy for
// something that the document doesn't show, and the settings leave the choice, a
// grant does as well.
func (e *Engine) failedStep(ctx context.Context, l *look, f plan.Finding, r audit.Record, err error) (audit.Record, error) {
	r.Reason = reasonOf(err)
	if errors.Is(err, apply.ErrSuperseded) {
		r.Outcome = audit.Superseded
		// The next delivery looks again.
		return r, errors.Join(e.write(ctx, r), err)
	}
	outcome, lasts := lasting(err)
	if r.Outcome = outcome; !lasts {
		return r, err
	}
	if writeErr := e.write(ctx, r); writeErr != nil {
		return r, writeErr
	}
	_, edit := r.Plan.Steps[0].(plan.EditKeyPolicy)
	if !errors.Is(err, apply.ErrRefused) || !edit || e.Settings.OwnKey != "auto" {
		return r, nil
	}
	p := plan.For(f, e.options(f, "grant"))
	return e.carryOut(ctx, l, f, p, e.judge(l, f, p))
}

// failedChange ends a message whose look can't succeed.
func (e *Engine) failedChange(ctx context.Context, r audit.Record, m Message, err error) (audit.Record, error) {
	r.ID, r.Key, r.Digest, r.RemediationID = m.ID, m.Target, m.Digest, plan.RemediationID(m.Digest)
	outcome, lasts := lasting(err)
	if !lasts {
		return r, err
	}
	r.Outcome, r.Reason = outcome, reasonOf(err)
	return r, e.write(ctx, r)
}

// earlier says whether the message's change stands already, made by an earlier
// delivery that ended before it could record what it did; and what it was.
func earlier(f plan.Finding, m Message) (apply.Done, bool) {
	if f.Decision() != access.Allowed || len(m.Steps) != 1 {
		return apply.Done{}, false
	}
	switch s := m.Steps[0].(type) {
	case plan.EditKeyPolicy:
		if s.Principal != f.Principal.ARN || !f.HasStatements() {
			return apply.Done{}, false
		}
		return apply.Done{Before: s.Before, After: s.After, Undo: apply.Undo{
			RemoveStatements: &apply.RemoveStatements{Key: f.Facts.Key.ARN, Principal: f.Principal.ARN, Sids: s.Sids},
		}}, true
	case plan.CreateGrant:
		for _, g := range f.Facts.Grants {
			if g.Name == s.Name {
				return apply.Done{GrantID: g.ID, Undo: apply.Undo{
					RevokeGrant: &apply.RevokeGrant{Key: f.Facts.Key.ARN, GrantID: g.ID},
				}}, true
			}
		}
	}
	return apply.Done{}, false
}

// complete records an earlier delivery's change.
func (e *Engine) complete(ctx context.Context, l *look, f plan.Finding, m Message, d apply.Done) (audit.Record, error) {
	r := e.record(l, f, audit.Result)
	r.RemediationID, r.Digest = plan.RemediationID(m.Digest), m.Digest
	r.Session = sessionName(r.RemediationID)
	r.Plan = &plan.Plan{Target: m.Target, Steps: m.Steps, Digest: m.Digest, FactsDigest: m.FactsDigest}
	r.Reason = "an earlier delivery of this change had written it"
	if err := done(&r, d); err != nil {
		return r, err
	}
	if d.After != "" && !keypolicy.Equal(f.Facts.Policy.String(), d.After) {
		// Written by this change, with others' edits since, or by another one:
		// the policy doesn't tell. No write is claimed; the undo fits either.
		r.Before, r.After = "", ""
		return e.superseded(ctx, r, m, "Keymend's statements open the key to the role already, in a policy that others have edited since the plan was made")
	}
	return e.proven(ctx, l, f, r)
}
