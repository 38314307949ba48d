package remediation

import (
	"context"
	"reflect"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
)

// earlier returns what of the message's change stands already, first steps
// first, made by an earlier delivery that ended before it could record what it
// did. A change of which all stands counts only where it opens the key, as far
// as that can be seen.
func earlier(f plan.Finding, m Message) []apply.Done {
	var all []apply.Done
	for _, step := range m.Steps {
		d, ok := stands(f, step)
		if !ok {
			break
		}
		all = append(all, d)
	}
	unseen := !f.OwnKey() && f.Facts.Policy == nil
	if len(all) == len(m.Steps) && f.Decision() != access.Allowed && !unseen {
		return nil
	}
	return all
}

// stands reports whether a step's effect is there. Nothing that the message
// says is taken for true but which statements and which grant to look for.
func stands(f plan.Finding, step plan.Step) (apply.Done, bool) {
	key := f.Facts.Key.ARN
	switch s := step.(type) {
	case plan.EditKeyPolicy:
		mine := s.Principal == f.Principal.ARN && f.HasStatements()
		if !f.OwnKey() {
			mine = s.Principal == rootOf(f) && f.Stands(s)
		}
		s.Key = key
		undo, _ := apply.UndoOf(s)
		return apply.Done{Before: s.Before, After: s.After, Undo: undo}, mine
	case plan.CreateGrant:
		for _, g := range f.Facts.Grants {
			if g.Name == s.Name {
				s.Key, s.Principal = key, f.Principal.ARN
				return apply.Done{GrantID: g.ID, Undo: apply.UndoOfGrant(s, g.ID)}, true
			}
		}
	case plan.RetireGrant:
		return gone(f, s)
	}
	return apply.Done{}, false
}

// rootOf is the root of the group's account.
func rootOf(f plan.Finding) string {
	return plan.RootARN(f.Facts.Key.ARN, f.Account)
}

// onlyTheGrant reports whether both are the same one grant, whatever it is made
// for.
func onlyTheGrant(fresh, rest plan.Steps) bool {
	if len(fresh) != 1 || len(rest) != 1 {
		return false
	}
	a, ok := fresh[0].(plan.CreateGrant)
	b, also := rest[0].(plan.CreateGrant)
	a.Why, b.Why = "", ""
	return ok && also && reflect.DeepEqual(a, b)
}

// complete records an earlier delivery's change.
func (e *Engine) complete(ctx context.Context, l *look, f plan.Finding, m Message, all []apply.Done) (audit.Record, error) {
	r := e.record(l, f, audit.Result)
	r.RemediationID, r.Digest = plan.RemediationID(m.Digest), m.Digest
	r.Session = sessionName(r.RemediationID)
	r.Plan = &plan.Plan{Target: m.Target, Steps: m.Steps, Digest: m.Digest, FactsDigest: m.FactsDigest}
	r.Reason = "an earlier delivery of this change had written it"
	if err := done(&r, all); err != nil {
		return r, err
	}
	if r.After != "" && !keypolicy.Equal(f.Facts.Policy.String(), r.After) {
		// Written by this change, with others' edits since, or by another one:
		// the policy doesn't tell. No write is claimed; the undo fits either.
		r.Before, r.After = "", ""
		return e.superseded(ctx, r, m, "Keymend's statements open the key to the role already, in a policy that others have edited since the plan was made")
	}
	return e.proven(ctx, l, f, r)
}
