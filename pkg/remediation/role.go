package remediation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/role"
	"keymend/pkg/audit"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/verify"
)

// diagnoseRole is diagnose for the step of a move that is about no key. It is
// sent once its time has come.
func (e *Engine) diagnoseRole(ctx context.Context, l *look) ([]Diagnosis, error) {
	p, due, ok := e.rolePlan(l)
	if !ok {
		return nil, nil
	}
	f := l.roleFinding()
	d := Diagnosis{Launch: l.launch, Finding: f, Plan: p, Verdict: e.judgeRole(l, p)}
	d.Record = e.record(l, f, audit.Finding)
	planned(&d.Record, p, d.Verdict)
	d.Record.Because = []string{"the keys aren't open to " + l.launch.Principal.ARN + ", and the settings have such groups launch as " + l.move.to.ARN}
	d.Record.Outcome, d.Record.Reason = outcomeOf(d.Verdict, p)
	switch {
	case !d.Verdict.Allowed:
	case !due:
		d.Record.Outcome, d.Record.Reason = audit.Waiting, l.waitsFor()
	default:
		d, err := e.send(ctx, l, d)
		return []Diagnosis{d}, err
	}
	return []Diagnosis{d}, e.write(ctx, d.Record)
}

// waitsFor says what a move's own step has to wait for.
func (l *look) waitsFor() string {
	what := "every key has to be open to " + l.move.to.ARN + " first"
	if l.move.missing() {
		what = "every key has to be one that may be opened to " + l.move.to.ARN
	}
	if len(l.unseen) > 0 {
		what += "; which keys they are can't all be told"
	}
	return what
}

// roleFinding is the finding about no key.
func (l *look) roleFinding() plan.Finding {
	return plan.Finding{Account: l.signal.Account, Region: l.signal.Region, Group: l.signal.Group, Principal: l.move.to}
}

// remediateRole is Remediate for what is about no key.
//
//	the group isn't moved (any more), or was       → superseded, or complete the record
//	the move's next step is another one            → superseded
//	its time hasn't come                           → superseded
//	the message's step                             → carry it out, if permitted
func (e *Engine) remediateRole(ctx context.Context, l *look, m Message) (audit.Record, error) {
	if r, ended, err := e.completeRole(ctx, l, m); ended || err != nil {
		return r, err
	}
	p, due, ok := e.rolePlan(l)
	if !ok {
		return e.superseded(ctx, e.record(l, plan.Finding{Account: m.Account, Region: m.Region, Group: m.Group}, audit.Result), m,
			"the group launches as it is, or isn't to be changed any more")
	}
	r := e.record(l, l.roleFinding(), audit.Result)
	v := e.judgeRole(l, p)
	planned(&r, p, v)
	switch {
	case p.Digest != m.Digest:
		return e.superseded(ctx, r, m, "the facts have changed since the plan was made; the fresh plan is "+p.Digest)
	case !due:
		return e.superseded(ctx, r, m, l.waitsFor())
	}
	return e.carryOutRole(ctx, l, r, p, v)
}

// carryOutRole writes what the guard permits, the intent first.
func (e *Engine) carryOutRole(ctx context.Context, l *look, r audit.Record, p plan.Plan, v guard.Verdict) (audit.Record, error) {
	r.RemediationID = plan.RemediationID(p.Digest)
	r.Session = sessionName(r.RemediationID)
	if !v.Allowed {
		r.Outcome, r.Reason = outcomeOf(v, p)
		return r, e.write(ctx, r)
	}
	step := p.Steps[0]
	intent := r
	intent.Phase = audit.Intent
	undo, _ := apply.UndoOf(step)
	if err := undoing(&intent, apply.Undos{undo}); err != nil {
		return r, err
	}
	if err := e.write(ctx, intent); err != nil {
		return r, err
	}
	changed, err := e.applyRole(ctx, l, r.Session, step)
	switch outcome, lasts := lasting(err); {
	case err == nil:
		if changed {
			r.Undo = intent.Undo
		}
		return e.provenRole(ctx, l, r, step)
	case errors.Is(err, role.ErrChanged):
		r.Outcome, r.Reason = audit.Superseded, reasonOf(err)
		return r, errors.Join(e.write(ctx, r), err) // the next delivery looks again
	case !lasts || l.passes(l.move.to, err):
		return r, err
	default:
		r.Outcome, r.Reason = outcome, reasonOf(err)
		return r, e.write(ctx, r)
	}
}

// errNobody says that whoever runs this changes neither roles nor groups.
var errNobody = errors.New("nobody here changes roles or groups")

// applyRole opens a session for exactly this step, and carries it out.
func (e *Engine) applyRole(ctx context.Context, l *look, session string, step plan.Step) (bool, error) {
	if e.OpenRole == nil {
		return false, errNobody
	}
	s := Session{Account: step.Account(), Region: l.signal.Region, Name: session, Action: actionOf(step)}
	switch step := step.(type) {
	case plan.EnsureServiceLinkedRole:
		s.Key = step.Role
	case plan.UpdateGroup:
		s.Key, s.Pass = step.Group, step.After
	}
	w, err := e.OpenRole(ctx, s)
	if err != nil {
		return false, fmt.Errorf("open session for %s: %w", s.Action, err)
	}
	switch step := step.(type) {
	case plan.EnsureServiceLinkedRole:
		return role.Ensure(ctx, w, step)
	case plan.UpdateGroup:
		return role.Update(ctx, roleOf(l.view, step.Name), w, e.Sleep, step)
	}
	return false, fmt.Errorf("apply: no such step: %T", step)
}

// roleOf reads as which role a group launches.
func roleOf(view View, group string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		l, err := view.Launch(ctx, group)
		return l.Principal.ARN, err
	}
}

// provenRole reads the role, or the group, until reads agree.
func (e *Engine) provenRole(ctx context.Context, l *look, r audit.Record, step plan.Step) (audit.Record, error) {
	reading, cancel := beforeDeadline(ctx)
	defer cancel()
	equal, err := verify.Until(reading, verify.Options{
		Reads: e.Settings.VerifyReads, Interval: e.Settings.VerifyInterval, Sleep: e.Sleep,
	}, func(ctx context.Context) (string, bool, error) {
		if s, ok := step.(plan.UpdateGroup); ok {
			now, err := roleOf(l.view, s.Name)(ctx)
			return now, now == s.After, err
		}
		now, err := l.view.Role(ctx, l.move.to.ARN)
		return now.ID, now.ID != "", err
	})
	r.Proof = &audit.ProofOf{EqualReads: equal, Decision: r.Decision}
	switch {
	case err == nil:
		r.Outcome = audit.Fixed
	case errors.Is(err, verify.ErrNotSettled), account.Final(err):
		r.Outcome, r.Reason = audit.Unproven, reasonOf(err)
	default:
		return r, fmt.Errorf("prove the change of %s: %w", r.Plan.Target, err)
	}
	return r, e.write(ctx, r)
}

// completeRole records the change of an earlier delivery that ended before it
// could; false where there was none, or where it can't be told.
func (e *Engine) completeRole(ctx context.Context, l *look, m Message) (audit.Record, bool, error) {
	r := e.record(l, plan.Finding{Account: m.Account, Region: m.Region, Group: m.Group}, audit.Result)
	step, ok, err := e.roleStands(ctx, l, m)
	if err != nil || !ok {
		return r, false, err
	}
	undo, _ := apply.UndoOf(step)
	if err := undoing(&r, apply.Undos{undo}); err != nil {
		return r, false, err
	}
	r.ID, r.RemediationID, r.Digest = m.ID, plan.RemediationID(m.Digest), m.Digest
	r.Session = sessionName(r.RemediationID)
	r.Plan = &plan.Plan{Target: m.Target, Steps: plan.Steps{step}, Digest: m.Digest, FactsDigest: m.FactsDigest}
	r.Principal = dedicated(l.launch.GroupARN, e.Settings.DedicatedSuffix())
	r.Outcome, r.Reason = audit.Fixed, "an earlier delivery of this change had written it"
	return r, true, e.write(ctx, r)
}

// roleStands is stands for a role or a group. Of a group, the role that it
// launches as tells; of a role, that it was made since the message was sent, by
// IAM's clock, which shows seconds. Nothing that the message says is taken for
// true but which role the group had before.
func (e *Engine) roleStands(ctx context.Context, l *look, m Message) (plan.Step, bool, error) {
	suffix := e.Settings.DedicatedSuffix()
	to := dedicated(l.launch.GroupARN, suffix)
	if m.Delivery.first() || suffix == "" || len(m.Steps) != 1 {
		return nil, false, nil
	}
	switch s := m.Steps[0].(type) {
	case plan.UpdateGroup:
		s.Group, s.Name = l.launch.GroupARN, l.launch.Group
		return s, to == l.launch.Principal.ARN && s.After == to && sameService(s.Before, to), nil
	case plan.EnsureServiceLinkedRole:
		if s.Role != to || s.Suffix != suffix {
			return nil, false, nil
		}
		made, err := l.madeSince(ctx, to, m.Delivery.Sent)
		return s, made, err
	}
	return nil, false, nil
}

// madeSince reports whether a role is there that was made since a time.
func (l *look) madeSince(ctx context.Context, arn string, since time.Time) (bool, error) {
	role, err := l.view.Role(ctx, arn)
	switch {
	case account.AccessDenied(err): // as in moving
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read role %s: %w", arn, err)
	}
	return role.ID != "" && !since.IsZero() && !role.Created.Before(since.Truncate(time.Second)), nil
}

// sameService reports whether both are roles under the same path of the same
// account, as all of Auto Scaling's service-linked roles there are.
func sameService(a, b string) bool {
	return a[:strings.LastIndexByte(a, '/')+1] == b[:strings.LastIndexByte(b, '/')+1]
}

// goOn looks again after a step of a move, and sends what comes next, so that it
// needn't wait for the next launch to fail. After the last step there is nothing.
func (e *Engine) goOn(ctx context.Context, s Signal, m Message, r audit.Record) error {
	if e.Next == nil || r.Outcome != audit.Fixed && r.Outcome != audit.Superseded {
		return nil
	}
	if _, last := m.Steps[0].(plan.UpdateGroup); last && r.Outcome == audit.Fixed {
		return nil
	}
	next := *e
	next.Send = e.Next
	_, err := next.Diagnose(ctx, s)
	return err
}
