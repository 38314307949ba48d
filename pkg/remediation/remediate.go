package remediation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/change"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/together"
)

// Remediate carries out one message, if the facts still ask for it and the guard
// permits it. It returns the last record that it wrote. Its error is transient:
// the message has to come again.
//
//	everything that the message asks for stands      → prove it, and say so
//	its first steps stand, and the rest is planned   → go on with the rest, if permitted
//	a fresh plan with the message's digest           → carry it out, if permitted
//	no plan is left                                  → superseded
//	another fresh plan                               → superseded; carry that out, if it is about the same
//	                                                   target; else send it, since its lock is another one
//
// Where the group is on its way to another role, the next step is sent at once.
func (x *Fixer) Remediate(ctx context.Context, m Message) (record.Record, error) {
	x.recent.reached(m.Delivery.Now())
	p := x.begin(m.look())
	p.delivery, p.approval = m.Delivery, approvalOf(m)
	if m.key() != "" && m.Principal != "" {
		p.expected = &read{key: launch.Key{ID: m.key()}, roleARN: m.Principal}
	}
	err := together.Do(
		func() (err error) { p, err = x.observed(ctx, p); return err },
		func() error { x.prepare(ctx); return nil },
	)
	if err != nil {
		return x.failedChange(ctx, p, m, err)
	}
	s, err := x.stands(ctx, p, m)
	if err != nil {
		return x.groupRecord(p.look, record.Result), err
	}
	r, err := x.remediate(ctx, p, m, s)
	_, moves := p.Moving(p.options)
	last := r.Outcome == outcome.Fixed && m.Steps.End(change.Result{}).Last
	ended := r.Outcome == outcome.Fixed || r.Outcome == outcome.Stands || r.Outcome == outcome.Superseded
	if err != nil || !moves || last || !ended {
		return r, err
	}
	_, err = x.Diagnose(ctx, p.look)
	return r, err
}

// A standing is what of a message's steps stands already, the first ones first.
type standing struct {
	results []change.Result
	ours    bool // all of them, by the mark of the message's own remediation
}

// mayBeOurs reports whether an earlier delivery can have written anything of it. What
// carries another remediation's mark, or is older than the message, it can't.
func (s standing) mayBeOurs() bool {
	return slices.ContainsFunc(s.results, func(r change.Result) bool { return r.Changed })
}

// stands looks what an earlier delivery of a message did that ended before it could
// say so. Of a message that was never delivered before there is nothing.
func (x *Fixer) stands(ctx context.Context, p pass, m Message) (standing, error) {
	s := standing{ours: true}
	if m.Delivery.first() {
		return s, nil
	}
	e := x.env(p.view, place{m.Account, m.Region}, m.Group, m.mark())
	for _, step := range m.Steps {
		e.Before = s.results
		result, how, err := x.Kinds.Stands(ctx, e, step)
		switch _, final := finalOutcome(err); {
		case err != nil && !final:
			return s, fmt.Errorf("look whether the change stands: %w", err)
		case err != nil, how != apply.There && how != apply.Ours:
			return s, nil //nolint:nilerr // that it can't be read is no error: nothing is claimed
		}
		s.results, s.ours = append(s.results, result), s.ours && how == apply.Ours
	}
	return s, nil
}

// subject returns the decision about what the message is about.
func (p pass) subject(m Message) (decision, bool) {
	all := make([]plan.Proposal, len(p.decisions))
	for i, d := range p.decisions {
		all[i] = d.Proposal
	}
	at := plan.Subject(all, m.Digest, m.key(), m.Principal, m.Steps)
	if at < 0 || all[at].Plan.Digest == m.Digest && m.Principal != "" && all[at].Finding.Principal.ARN != m.Principal {
		return decision{}, false // the digest has the principal in it
	}
	return p.decisions[at], true
}

func (x *Fixer) remediate(ctx context.Context, p pass, m Message, s standing) (record.Record, error) {
	d, found := p.subject(m)
	f, needed := p.Find(m.key(), m.Principal)
	if !needed {
		f = p.About(access.Principal{ARN: m.Principal})
		f.Facts.Key.ARN = m.key()
	}
	switch {
	case s.isComplete(m, f, needed):
		return x.complete(ctx, p, f, m, s)
	case !found || d.Waits != "":
		return x.superseded(ctx, p, f, m, s, p.why(m, d, needed))
	case d.Plan.Tries() && p.untried != nil:
		return x.failedChange(ctx, p, m, p.untried)
	}
	return x.goOn(ctx, p, d, m, s)
}

// isComplete reports whether everything that the message asks for is there, perhaps by an
// earlier delivery, and does what it is for: it opens the key, as far as that can be
// seen; or has the launch do without it.
func (s standing) isComplete(m Message, f plan.Finding, needed bool) bool {
	steps := plan.Plan{Steps: m.Steps}
	switch {
	case len(s.results) != len(m.Steps) || !s.mayBeOurs():
		return false
	case steps.Opens():
		return needed && (f.Decision() == access.Allowed || !f.OwnKey() && f.Facts.Policy == nil)
	}
	return needed || m.key() == "" || steps.Copies()
}

// goOn carries out what is planned by now about what the message is about.
func (x *Fixer) goOn(ctx context.Context, p pass, d decision, m Message, s standing) (record.Record, error) {
	rest := m.Steps[len(s.results):]
	switch {
	case d.Plan.Digest == m.Digest:
		return x.apply(ctx, p.attempt(d))
	case len(s.results) > 0 && len(rest) > 0 && d.Plan.Steps.Same(rest):
		d.Plan.Digest, d.Plan.FactsDigest = m.Digest, m.FactsDigest // one change, begun before
		d.verdict = x.judge(p, d.Proposal)
		return x.apply(ctx, attempt{p, d, m.mark(), slices.Concat(m.Steps[:len(s.results)], d.Plan.Steps), s.results})
	}
	return x.overtaken(ctx, p, d, m, s)
}

// why says why nothing is left to do about what the message is about.
func (p pass) why(m Message, d decision, needed bool) string {
	f, _ := p.Find(m.key(), m.Principal)
	switch {
	case d.Waits != "":
		return d.Waits
	case m.key() == "":
		return "the group launches as it is, or isn't to be changed any more"
	case !needed:
		return "the group's launch doesn't need " + m.key() + " any more"
	case f.Decision() == access.Allowed:
		return f.Principal.ARN + " may use " + f.Facts.Key.ARN + "."
	}
	return "the facts have changed since the plan was made"
}

// overtaken: the fresh plan is another one, or none.
func (x *Fixer) overtaken(ctx context.Context, p pass, d decision, m Message, s standing) (record.Record, error) {
	if none := d.Plan.NoFix; none != nil {
		o, why := outcomeOf(d.verdict, d.Plan)
		if d.Finding.Trial.Answer == plan.TrialNone && o != outcome.NotPermitted {
			o, why = outcome.Superseded, none.Text
		}
		r := x.resultOf(p, d.Finding, m, s)
		r.Planned(d.Plan, d.verdict)
		r.Before, r.After = documents(s.results)
		r.Digest, r.Outcome, r.Reason = m.Digest, o, why
		return r, x.write(ctx, r)
	}
	r, err := x.superseded(ctx, p, d.Finding, m, s, "the facts have changed since the plan was made; the fresh plan is "+d.Plan.Digest)
	switch {
	case err != nil:
		return r, err
	case d.Plan.Target == m.Target:
		return x.apply(ctx, p.attempt(d))
	}
	if _, moves := p.Moving(p.options); moves { // the look that follows sends it
		return r, nil
	}
	_, _, err = x.proposal(ctx, p, d)
	return r, err
}

// markOf is that of the remediation by which a fresh plan is carried out.
func (p pass) markOf(d decision) change.Mark {
	m := p.message(d.Proposal)
	m.Delivery = p.delivery
	return m.mark()
}

// resultOf starts the record of what came of a message. It has an undo of the steps that
// stand: an earlier delivery may have carried them out.
func (x *Fixer) resultOf(p pass, f plan.Finding, m Message, s standing) record.Record {
	r := x.record(p, f, record.Result)
	r.RemediationID, r.Digest, r.Steps, r.Undo = m.mark().Remediation, m.Digest, record.Steps(m.Steps), m.undo(s)
	return r
}

// undo takes back those steps of a message that stand.
func (m Message) undo(s standing) record.Steps {
	return record.Steps(m.Steps.Undo(m.mark(), s.results, false))
}

func (x *Fixer) superseded(ctx context.Context, p pass, f plan.Finding, m Message, s standing, why string) (record.Record, error) {
	r := x.resultOf(p, f, m, s)
	r.Outcome, r.Reason = outcome.Superseded, why
	return r, x.write(ctx, r)
}

// complete says that all of a message's change stands, and proves it.
func (x *Fixer) complete(ctx context.Context, p pass, f plan.Finding, m Message, s standing) (record.Record, error) {
	of := plan.Plan{Target: m.Target, Steps: m.Steps, Digest: m.Digest, FactsDigest: m.FactsDigest}
	r := x.resultOf(p, f, m, s)
	r.Session, r.Plan = sessionPrefix+r.RemediationID, &of
	r.Before, r.After = documents(s.results)
	end := m.Steps.End(s.results[len(m.Steps)-1])
	if s.ours {
		end.Reason = reasoned("an earlier delivery of this change had written it", end)
	} else {
		end = found(end, "it stood already when the message came again: an earlier delivery of this change wrote it and ended before it could say so, or somebody else did")
	}
	a := attempt{pass: p, decision: decision{Proposal: plan.Proposal{Finding: f, Plan: of}}, mark: m.mark(), steps: m.Steps, done: s.results}
	return x.prove(ctx, a, r, end)
}

// found is how a change ends that stood already: it is never claimed as Keymend's. A
// copy that isn't ready yet is no end of a change.
func found(end change.End, why string) change.End {
	if end.Outcome == outcome.Fixed || end.Outcome == outcome.Moved {
		end.Outcome, end.Reason = outcome.Stands, reasoned(why, end)
	}
	return end
}

func reasoned(why string, end change.End) string {
	return strings.TrimSuffix(why+"; "+end.Reason, "; ")
}

// failedChange ends a message whose look can't succeed. The record has an undo of the steps
// that stand all the same.
func (x *Fixer) failedChange(ctx context.Context, p pass, m Message, err error) (record.Record, error) {
	r := x.groupRecord(p.look, record.Result)
	r.ID, r.RemediationID, r.Digest, r.Key, r.Principal, r.Steps = m.ID, m.mark().Remediation, m.Digest, m.key(), m.Principal, record.Steps(m.Steps)
	f, _ := p.Find(m.key(), m.Principal)
	final, ok := finalOutcome(err)
	if !ok || p.delivery.roleTooNew(f.Principal, err) {
		return r, err
	}
	r.Outcome, r.Reason = final, reasonOf(err)
	if p.view != nil {
		s, err := x.stands(ctx, p, m)
		if err != nil {
			return r, err
		}
		r.Undo = m.undo(s)
	}
	return r, x.write(ctx, r)
}
