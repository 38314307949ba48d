package remediation

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
)

// Remediate carries out one message, if the facts still ask for it and the guard
// permits it. It returns the last record that it wrote. Its error is transient:
// the message has to come again.
//
//	the message's change is there already          → prove it, and complete the record;
//	                                                 superseded, if nothing was delivered before
//	its first steps are, and the rest is planned   → go on with the rest, if permitted
//	the same, in a policy that others edited       → superseded, with the undo
//	access is allowed, or no plan is left           → superseded
//	a fresh plan with the message's digest          → carry it out, if permitted
//	another fresh plan                              → superseded; carry the fresh one out, if permitted
//
// Where the group is on its way to another role, the next step is sent at once.
func (e *Engine) Remediate(ctx context.Context, m Message) (audit.Record, error) {
	s := m.signalOf()
	l, err := e.look(ctx, s)
	if err != nil {
		return e.failedChange(ctx, e.groupRecord(s, audit.Result), m, err)
	}
	l.at, l.waited = m.Delivery.Now(), m.Delivery.waited()
	r, err := e.remediate(ctx, l, m)
	if err != nil || l.move == nil {
		return r, err
	}
	return r, e.goOn(ctx, s, m, r)
}

func (e *Engine) remediate(ctx context.Context, l *look, m Message) (audit.Record, error) {
	if m.aboutRole() {
		return e.remediateRole(ctx, l, m)
	}
	f, found := l.find(cmp.Or(m.Key, m.Target), m.Principal)
	if (plan.Plan{Steps: m.Steps}).Copies() {
		return e.remediateCopy(ctx, l, f, found, m)
	}
	if !found {
		r := e.record(l, plan.Finding{Account: m.Account, Region: m.Region, Group: m.Group}, audit.Result)
		return e.superseded(ctx, r, m, "the group's launch doesn't need "+m.Target+" any more")
	}
	if m.retires() {
		return e.remediateRetire(ctx, l, f, m)
	}
	return e.remediateKey(ctx, l, f, m)
}

func (e *Engine) remediateKey(ctx context.Context, l *look, f plan.Finding, m Message) (audit.Record, error) {
	before := earlier(f, m)
	switch whole := len(before) > 0 && len(before) == len(m.Steps); {
	case whole && m.Delivery.first():
		return e.superseded(ctx, e.record(l, f, audit.Result), m, "what it would do stands already, by another change")
	case whole:
		return e.complete(ctx, l, f, m, before)
	}
	f, p, err := e.plan(ctx, l, f)
	switch {
	case l.passes(f.Principal, err):
		return e.record(l, f, audit.Result), err
	case err != nil:
		return e.failedChange(ctx, e.record(l, f, audit.Result), m, err)
	}
	verdict := e.judge(l, f, p)
	switch {
	case p.Digest == m.Digest:
		return e.carryOut(ctx, l, f, p, verdict, nil)
	case len(before) > 0 && onlyTheGrant(p.Steps, m.Steps[len(before):]):
		p.Digest, p.FactsDigest = m.Digest, m.FactsDigest // one change, begun before
		return e.carryOut(ctx, l, f, p, verdict, before)
	}
	return e.overtaken(ctx, l, f, m, p, verdict, before)
}

// overtaken: the fresh plan is another one, or none.
func (e *Engine) overtaken(ctx context.Context, l *look, f plan.Finding, m Message, p plan.Plan, v guard.Verdict, before []apply.Done) (audit.Record, error) {
	r := e.record(l, f, audit.Result)
	planned(&r, p, v)
	if err := done(&r, before); err != nil {
		return r, err
	}
	r.Before, r.After = "", ""
	if p.NoFix != nil && f.Trial.Answer != plan.TrialNone {
		r.RemediationID, r.Digest = plan.RemediationID(m.Digest), m.Digest // sent to be tried, and that is the answer
		r.Outcome, r.Reason = outcomeOf(v, p)
		return r, e.write(ctx, r)
	}
	if p.NoFix != nil {
		return e.superseded(ctx, r, m, p.NoFix.Text)
	}
	if r, err := e.superseded(ctx, r, m, "the facts have changed since the plan was made; the fresh plan is "+p.Digest); err != nil {
		return r, err
	}
	return e.carryOut(ctx, l, f, p, v, nil)
}

func (e *Engine) superseded(ctx context.Context, r audit.Record, m Message, why string) (audit.Record, error) {
	r.RemediationID, r.Digest = plan.RemediationID(m.Digest), m.Digest
	r.Outcome, r.Reason = audit.Superseded, why
	return r, e.write(ctx, r)
}

// carryOut writes what the guard permits: the intent first, so that nothing is
// done that isn't on record. What an earlier delivery of the same change has
// done stays part of it.
func (e *Engine) carryOut(ctx context.Context, l *look, f plan.Finding, p plan.Plan, v guard.Verdict, before []apply.Done) (audit.Record, error) {
	if p.Copies() {
		return e.carryOutCopy(ctx, l, f, p, v)
	}
	r := e.record(l, f, audit.Intent)
	planned(&r, p, v)
	r.RemediationID = plan.RemediationID(p.Digest)
	r.Session = sessionName(r.RemediationID)
	if !v.Allowed {
		r.Phase = audit.Result
		r.Outcome, r.Reason = outcomeOf(v, p)
		if err := done(&r, before); err != nil {
			return r, err
		}
		return r, e.write(ctx, r)
	}
	if err := e.intend(ctx, f, &r, before); err != nil {
		return r, err
	}
	r.Phase = audit.Result
	all := before
	for _, step := range p.Steps {
		d, err := e.apply(ctx, l, r.RemediationID, step, len(all) > 0)
		if err != nil {
			return e.failedStep(ctx, l, f, r, all, err)
		}
		all = append(all, d)
	}
	if err := done(&r, all); err != nil {
		return r, err
	}
	return e.proven(ctx, l, f, r)
}

// intend records what is about to be written, with its undo where that is known
// beforehand: a change whose outcome never gets into the log can be taken back
// all the same.
func (e *Engine) intend(ctx context.Context, f plan.Finding, r *audit.Record, before []apply.Done) error {
	all := append([]apply.Done{}, before...)
	for _, step := range r.Plan.Steps {
		if u, ok := apply.UndoOf(step); ok {
			all = append(all, apply.Done{Undo: u})
		}
		if !f.OwnKey() {
			s := audit.SessionOf{Account: step.Account(), Action: actionOf(step), Name: r.Session}
			r.Sessions = append(r.Sessions, s)
		}
	}
	intent := *r
	if err := done(&intent, all); err != nil {
		return err
	}
	intent.Before, intent.After = "", ""
	return e.write(ctx, intent)
}

func actionOf(step plan.Step) string {
	switch step.(type) {
	case plan.EditKeyPolicy:
		return "kms:PutKeyPolicy"
	case plan.RetireGrant:
		return "kms:RetireGrant"
	case plan.EnsureServiceLinkedRole:
		return "iam:CreateServiceLinkedRole"
	case plan.UpdateGroup:
		return "autoscaling:UpdateAutoScalingGroup"
	}
	return "kms:CreateGrant"
}

// apply opens a session for exactly this step, in the step's account, and
// carries it out. KMS may need a moment to act by what another step wrote.
func (e *Engine) apply(ctx context.Context, l *look, remediationID string, step plan.Step, soon bool) (apply.Done, error) {
	s := l.session(step, actionOf(step), remediationID)
	w, err := e.Open(ctx, s)
	if err != nil {
		return apply.Done{}, fmt.Errorf("open session for %s: %w", s.Action, err)
	}
	switch step := step.(type) {
	case plan.EditKeyPolicy:
		return apply.EditKeyPolicy(ctx, l.view, w, e.Sleep, step)
	case plan.CreateGrant:
		if soon {
			return apply.CreateGrantSoon(ctx, w, e.Sleep, step)
		}
		return apply.CreateGrant(ctx, w, e.Sleep, step)
	case plan.RetireGrant:
		return retire(ctx, w, step)
	}
	return apply.Done{}, fmt.Errorf("apply: no such step: %T", step)
}

// failedStep says how a write ended, and how what was written before is taken
// back. Where KMS refuses an edited policy for something that the document
// doesn't show, and the settings leave the choice, a grant does as well.
func (e *Engine) failedStep(ctx context.Context, l *look, f plan.Finding, r audit.Record, all []apply.Done, err error) (audit.Record, error) {
	r.Reason = reasonOf(err)
	if err := done(&r, all); err != nil {
		return r, err
	}
	if errors.Is(err, apply.ErrSuperseded) {
		r.Outcome = audit.Superseded
		// The next delivery looks again.
		return r, errors.Join(e.write(ctx, r), err)
	}
	outcome, lasts := lasting(err)
	if r.Outcome = outcome; !lasts || l.passes(f.Principal, err) {
		return r, err
	}
	switch why, passes := e.settles(l, f, err); {
	case passes:
		return r, fmt.Errorf("%s: %w", why, err)
	case why != "":
		r.Reason += " " + why
	}
	if r.Plan.ForOwner != nil && len(all) == 0 {
		r.Reason += " By hand: " + r.Plan.ForOwner.String()
	}
	if writeErr := e.write(ctx, r); writeErr != nil || !e.grantInstead(f, r, err) {
		return r, writeErr
	}
	p := plan.For(f, e.options(f, "grant"))
	return e.carryOut(ctx, l, f, p, e.judge(l, f, p), nil)
}

// grantInstead reports whether KMS refused an edited policy for what it is, and
// the settings leave the choice.
func (e *Engine) grantInstead(f plan.Finding, r audit.Record, err error) bool {
	_, edit := r.Plan.Steps[0].(plan.EditKeyPolicy)
	return errors.Is(err, apply.ErrRefused) && edit && e.Settings.OwnKey == "auto" && f.OwnKey()
}

// failedChange ends a message whose look can't succeed.
func (e *Engine) failedChange(ctx context.Context, r audit.Record, m Message, err error) (audit.Record, error) {
	r.ID, r.Digest, r.RemediationID = m.ID, m.Digest, plan.RemediationID(m.Digest)
	if !m.aboutRole() {
		r.Key = m.Target
	}
	outcome, lasts := lasting(err)
	if !lasts {
		return r, err
	}
	r.Outcome, r.Reason = outcome, reasonOf(err)
	return r, e.write(ctx, r)
}
