package plan

import (
	"keymend/pkg/access"
	"keymend/pkg/kind/statements"
	"keymend/pkg/settings"
)

// Tidy returns the plan that takes ids of deleted roles out of Keymend's statements;
// false where there are none, where the settings or an owner's code keep Keymend from
// the policy, or where KMS would refuse it all the same, as it does for such an id in
// anyone else's statement. It is made of an open key only, and of one that stays open by it.
func (f Finding) Tidy(o Options) (Plan, bool) {
	p := Plan{Target: f.Facts.Key.ARN}
	if !f.OwnKey() || f.Facts.Policy == nil || o.OwnKey == settings.OwnKeyGrant || f.Refused != "" || f.ownedByCode(o) != "" || f.Decision() != access.Allowed {
		return p, false
	}
	edit, err := f.Facts.Policy.Tidied()
	if err != nil || len(edit.Removed) == 0 {
		return p, false
	}
	add, refused := f.edited(edit, nil, f.Principal.ARN)
	step := statements.Tidy{Key: add.Key, Principal: add.Principal, Before: add.Before, After: add.After, Gone: edit.Removed}
	facts, err := step.Simulate(f.Facts)
	if refused != "" || err != nil || access.Decide(f.evaluate(facts)) != access.Allowed {
		return p, false
	}
	p.Steps = append(p.Steps, step)
	return f.sealed(p), true
}
