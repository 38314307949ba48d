package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/copier"
	"keymend/pkg/guard"
	"keymend/pkg/owncopy"
	"keymend/pkg/plan"
	"keymend/pkg/verify"
)

// remediateCopy is Remediate for a message about copies:
//
//	a fresh plan with the message's digest    → carry it out, if permitted
//	the message's change is there already     → complete the record
//	the launch does without the key, or no plan is left
//	                                          → superseded
//	another fresh plan                        → superseded; carry the fresh one out, if permitted
func (e *Engine) remediateCopy(ctx context.Context, l *look, f plan.Finding, found bool, m Message) (audit.Record, error) {
	if !found {
		f = plan.Finding{Account: m.Account, Region: m.Region, Group: m.Group}
		f.Facts.Key.ARN = m.Key
	}
	p, err := plan.Plan{NoFix: &plan.NoFix{Text: "the group's launch doesn't need " + m.Key + " any more"}}, error(nil)
	if found {
		if f, p, err = e.plan(ctx, l, f); err != nil {
			return e.failedChange(ctx, e.record(l, f, audit.Result), m, err)
		}
	}
	verdict := e.judge(l, f, p)
	if p.Digest == m.Digest {
		return e.carryOutCopy(ctx, l, f, p, verdict)
	}
	r := e.record(l, f, audit.Result)
	r.RemediationID, r.Digest = plan.RemediationID(m.Digest), m.Digest
	r.Session = sessionName(r.RemediationID)
	r.Plan = &plan.Plan{Target: m.Target, Steps: m.Steps, Digest: m.Digest, FactsDigest: m.FactsDigest}
	all, err := e.stood(ctx, l, m)
	if err != nil {
		return e.failedChange(ctx, r, m, err)
	}
	if len(all) == len(m.Steps) {
		return e.ended(ctx, l, f, r, all)
	}
	if !found {
		r.Plan = nil
		return e.superseded(ctx, r, m, p.NoFix.Text)
	}
	return e.overtaken(ctx, l, f, m, p, verdict, all)
}

// carryOutCopy is carryOut for steps to a copy: each in a session of its own, and
// nothing waited for.
func (e *Engine) carryOutCopy(ctx context.Context, l *look, f plan.Finding, p plan.Plan, v guard.Verdict) (audit.Record, error) {
	r := e.record(l, f, audit.Intent)
	planned(&r, p, v)
	r.RemediationID = plan.RemediationID(p.Digest)
	r.Session = sessionName(r.RemediationID)
	if !v.Allowed {
		r.Phase = audit.Result
		r.Outcome, r.Reason = outcomeOf(v, p)
		return r, e.write(ctx, r)
	}
	work, err := e.work(ctx, l.signal, r.RemediationID, p.Steps)
	if err != nil {
		return e.failedStep(ctx, l, f, r, nil, err)
	}
	var known []apply.Done
	for _, step := range p.Steps {
		switch s := step.(type) {
		case owncopy.Copying:
			known = append(known, apply.Done{Undo: work.UndoOfCopy(s)})
		case owncopy.NewTemplateVersion:
			known = append(known, apply.Done{Undo: work.UndoOfVersion(s)})
		}
	}
	intent := r
	if err := done(&intent, known); err != nil {
		return r, err
	}
	if err := e.write(ctx, intent); err != nil {
		return r, err
	}
	r.Phase = audit.Result
	var all []apply.Done
	for _, step := range p.Steps {
		d, err := carry(ctx, work, step, all)
		if err != nil {
			return e.failedStep(ctx, l, f, r, all, err)
		}
		all = append(all, d)
	}
	return e.ended(ctx, l, f, r, all)
}

// work is the copier's for one remediation.
func (e *Engine) work(ctx context.Context, s Signal, remediationID string, steps plan.Steps) (copier.Work, error) {
	if e.Copies == nil || e.Copier == nil {
		return copier.Work{}, fmt.Errorf("nobody copies here: %w", apply.ErrRefused)
	}
	reader, err := e.Copies(ctx, s.Account, s.Region)
	if err != nil {
		return copier.Work{}, err
	}
	var keys []string
	for _, step := range steps {
		if c, ok := step.(owncopy.Copying); ok {
			keys = append(keys, append([]string{c.CopyKey}, c.Keys...)...)
		}
	}
	return copier.Work{
		Reader: reader, Sleep: e.Sleep, Remediation: remediationID, Occasion: s.failed() + " " + strings.Join(s.EventIDs, " "),
		Open: func(ctx context.Context, action, target string) (copier.Writer, error) {
			w, err := e.Copier(ctx, Session{Account: s.Account, Region: s.Region, Name: sessionName(remediationID), Action: action, Key: target, Keys: keys})
			if err != nil {
				return nil, fmt.Errorf("open session for %s: %w", action, err)
			}
			return w, nil
		},
	}, nil
}

// carry carries one step out. before is what came of those before it.
func carry(ctx context.Context, w copier.Work, step plan.Step, before []apply.Done) (apply.Done, error) {
	switch s := step.(type) {
	case owncopy.Copying:
		return w.Copy(ctx, s)
	case owncopy.RemoveCopy:
		return w.Remove(ctx, s)
	case owncopy.NewTemplateVersion:
		return w.NewVersion(ctx, s)
	case owncopy.SetDefaultVersion:
		if s.Version == 0 && len(before) > 0 {
			s.Version = before[len(before)-1].Version
		}
		return w.SetDefault(ctx, s)
	}
	return apply.Done{}, fmt.Errorf("apply: no such step: %T", step)
}

// stood returns what of the message's change an earlier delivery made that ended
// before it could record it: found by the remediation's own mark.
func (e *Engine) stood(ctx context.Context, l *look, m Message) ([]apply.Done, error) {
	work, err := e.work(ctx, l.signal, plan.RemediationID(m.Digest), m.Steps)
	if err != nil {
		return nil, err
	}
	var all []apply.Done
	for _, step := range m.Steps {
		d, ok, err := work.Stands(ctx, step, all)
		if err != nil || !ok {
			return all, err
		}
		all = append(all, d)
	}
	return all, nil
}

// ended records what came of the steps.
func (e *Engine) ended(ctx context.Context, l *look, f plan.Finding, r audit.Record, all []apply.Done) (audit.Record, error) {
	if err := done(&r, all); err != nil {
		return r, err
	}
	last := len(r.Plan.Steps) - 1
	switch s := r.Plan.Steps[last].(type) {
	case owncopy.Copying:
		r.Outcome = audit.Copying
		r.Reason = fmt.Sprintf("%s, a copy of %s under %s, was begun; the group goes on when EC2 tells that it is ready, or with its next failure after", all[last].CopyID, s.Source, s.CopyKey)
	case owncopy.RemoveCopy:
		r.Outcome = audit.Failed
		r.Reason = s.Why + "; what was left of it was taken away, and Keymend copies anew when the group next fails"
	case owncopy.NewTemplateVersion:
		return e.madeVersion(ctx, l, f, r, s, all[last].Version)
	case owncopy.SetDefaultVersion:
		return e.moved(ctx, l, f, r, s.Template, fmt.Sprintf("version %d of %s is its default now, from which group %s launches", all[last].Version, s.Template, strings.Join(s.Follow, " and ")))
	}
	return r, e.write(ctx, r)
}

func (e *Engine) madeVersion(ctx context.Context, l *look, f plan.Finding, r audit.Record, s owncopy.NewTemplateVersion, version int64) (audit.Record, error) {
	what := fmt.Sprintf("version %d of %s does without %s", version, s.Template, s.Key)
	next := s.Next(version)
	if next == "" {
		return e.moved(ctx, l, f, r, s.Template, what+"; group "+strings.Join(s.Follow, " and ")+" follows $Latest, and launches from it")
	}
	r.Outcome, r.Reason = audit.HandedOver, what+"; to point the group at it: "+next
	if others := s.Follow; len(others) > 0 {
		r.Reason += "; group " + strings.Join(others, " and ") + " follows $Latest, and launches from it already"
	}
	return r, e.write(ctx, r)
}

// moved reads the launch until reads agree that the template's version does
// without the key.
func (e *Engine) moved(ctx context.Context, l *look, f plan.Finding, r audit.Record, template, what string) (audit.Record, error) {
	reading, cancel := beforeDeadline(ctx)
	defer cancel()
	equal, err := verify.Until(reading, verify.Options{
		Reads: e.Settings.VerifyReads, Interval: e.Settings.VerifyInterval, Sleep: e.Sleep,
	}, func(ctx context.Context) (string, bool, error) {
		now, err := l.view.Launch(ctx, r.Group)
		if err != nil {
			return "", false, fmt.Errorf("verify %s: %w", template, err)
		}
		var seen []string
		without := true
		for _, w := range now.Ways {
			if w.TemplateID != template {
				continue
			}
			seen = append(seen, w.Name)
			for _, u := range w.Uses {
				without = without && u.KeyID != f.Facts.Key.ARN && l.means[u.KeyID] != f.Facts.Key.ARN
			}
		}
		slices.Sort(seen)
		return strings.Join(seen, " "), without, nil
	})
	r.Proof = &audit.ProofOf{EqualReads: equal, Decision: f.Decision()}
	switch {
	case err == nil:
		r.Outcome, r.Reason = audit.Moved, what+"; what it needs of the key that the copy lies under comes with the group's next launch"
	case errors.Is(err, verify.ErrNotSettled), account.Final(err):
		r.Outcome, r.Reason = audit.Unproven, err.Error()
	default:
		return r, fmt.Errorf("prove the change of %s: %w", template, err)
	}
	return r, e.write(ctx, r)
}
