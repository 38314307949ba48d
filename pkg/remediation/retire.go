package remediation

import (
	"context"
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/plan"
)

// retiring sends what ends the grants that have stood in for statements, where the
// key policy gives the access without them by now. Only an open key is looked at,
// and only what is permitted is on record: nothing is broken, and nobody is asked.
func (e *Engine) retiring(ctx context.Context, l *look) ([]Diagnosis, error) {
	var out []Diagnosis
	for _, f := range l.findings {
		p, ok := f.Retire(e.options(f, e.Settings.OwnKey))
		if !ok || e.Send == nil || l.move != nil {
			continue
		}
		d := Diagnosis{Launch: l.launch, Finding: f, Plan: p, Verdict: e.judge(l, f, p)}
		if !d.Verdict.Allowed {
			continue
		}
		d.Record = e.record(l, f, audit.Finding)
		planned(&d.Record, p, d.Verdict)
		d.Message = new(l.message(f, p))
		d.Record.RemediationID = plan.RemediationID(p.Digest)
		d.Record.Outcome, d.Record.Reason = audit.Sent, "the key policy gives the access without Keymend's grant"
		err := e.Send(ctx, *d.Message)
		if err != nil {
			err = e.sendFailed(ctx, d, err)
		} else {
			err = e.write(ctx, d.Record)
		}
		if out = append(out, d); err != nil {
			return out, err
		}
	}
	return out, nil
}

// retires reports whether the message is about grants that aren't needed.
func (m Message) retires() bool {
	return slices.ContainsFunc(m.Steps, func(s plan.Step) bool { _, ok := s.(plan.RetireGrant); return ok })
}

// remediateRetire ends the grants if the fresh facts still say so, and carries
// out nothing else: whether a key that is closed again is opened again, a launch
// that fails decides.
func (e *Engine) remediateRetire(ctx context.Context, l *look, f plan.Finding, m Message) (audit.Record, error) {
	p, ok := f.Retire(e.options(f, e.Settings.OwnKey))
	if ok && p.Digest == m.Digest {
		return e.carryOut(ctx, l, f, p, e.judge(l, f, p), nil)
	}
	if before := earlier(f, m); !ok && f.Decision() == access.Allowed && len(before) == len(m.Steps) {
		return e.complete(ctx, l, f, m, before)
	}
	return e.superseded(ctx, e.record(l, f, audit.Result), m, "the facts have changed since the plan was made")
}

// retire ends a grant. A grant that is gone is as it shall be.
func retire(ctx context.Context, w Writer, s plan.RetireGrant) (apply.Done, error) {
	done, err := apply.RetireGrant{Key: s.Grant.Key, GrantID: s.GrantID, Name: s.Grant.Name, Issuer: s.Account()}.Run(ctx, nil, w)
	if err != nil {
		return apply.Done{}, err
	}
	done.Undo, _ = apply.UndoOf(s) // of a retired grant it is always known
	return done, nil
}

// gone is stands for a grant that was to be retired. The message's word is taken
// for what it was, and only about this key and role.
func gone(f plan.Finding, s plan.RetireGrant) (apply.Done, bool) {
	s.Grant.Key, s.Grant.Principal = f.Facts.Key.ARN, f.Principal.ARN
	undo, _ := apply.UndoOf(s)
	there := f.Facts.GrantsUnreadable != "" || slices.ContainsFunc(f.Facts.Grants, func(g access.Grant) bool { return g.ID == s.GrantID })
	return apply.Done{GrantID: s.GrantID, Undo: undo}, !there
}
