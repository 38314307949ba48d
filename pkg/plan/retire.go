package plan

import (
	"cmp"
	"fmt"
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/kind/grant"
	"keymend/pkg/settings"
	"keymend/pkg/slr"
)

// Bridges says of each grant of Keymend's that stands in for statements on a key
// of the own account what ends it; nil where none does, or where the settings ask
// for grants. One that isn't needed any more, and that Keymend can't end, is among them.
func (f Finding) Bridges(o Options) []string {
	if !f.bridged(o) {
		return nil
	}
	needless := f.withoutOurs() == access.Allowed
	var out []string
	for _, g := range f.ourGrants() {
		until, ends := "until the policy's owner adds the two statements", "then Keymend retires it"
		switch mine := retirable(g, o); {
		case mine && needless:
			continue
		case !mine:
			ends = fmt.Sprintf("Keymend's granter isn't the role that may retire it, but %s was; whoever keeps the key ends it: aws kms revoke-grant --key-id %s --grant-id %s",
				cmp.Or(g.RetiringPrincipal, "nobody"), f.Facts.Key.ARN, g.ID)
		}
		if needless {
			until = "and isn't needed any more, by the key's policy"
		}
		since := ""
		if !g.Created.IsZero() {
			since = ", made " + g.Created.UTC().Format("2006-01-02") + ","
		}
		out = append(out, fmt.Sprintf("grant %s%s lets %s use %s %s; %s", g.ID, since, f.Principal.ARN, f.Facts.Key.ARN, until, ends))
	}
	return out
}

// retirable reports whether a grant may be retired as the granter. A role that was
// deleted and made again is another: a grant that the former may retire shows its id.
// Without roles it is whoever asks, by IAM.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
func retirable(g access.Grant, o Options) bool {
	return o.RetiringRole == "" || g.RetiringPrincipal == o.RetiringRole
}

// Retire returns the plan that ends the grants which aren't needed any more,
// since the policy, or someone else's grant, gives all that a launch needs; false
// where there are none that the granter may end. It is made of an open key only, and of one that stays
// open by it.
func (f Finding) Retire(o Options) (Plan, bool) {
	p := Plan{Target: f.Facts.Key.ARN}
	if !f.bridged(o) || f.withoutOurs() != access.Allowed {
		return p, false
	}
	for _, g := range f.ourGrants() {
		if !retirable(g, o) {
			continue
		}
		ops := slices.Sorted(slices.Values(g.Operations))
		p.Steps = append(p.Steps, grant.Retire{GrantID: g.ID, Grant: grant.Create{
			Key: f.Facts.Key.ARN, Principal: f.Principal.ARN, Name: g.Name, Operations: ops, Retiring: g.RetiringPrincipal,
			Why: "it was retired by Keymend",
		}})
	}
	if len(p.Steps) == 0 {
		return p, false
	}
	return f.sealed(p), true
}

// Needless says why what a quiet plan takes away isn't needed.
func (p Plan) Needless() string {
	if p.Steps.Only(func(c change.Claim) bool { return c.Edits }) {
		return "ids of deleted roles stand in Keymend's statements: they let nobody in, and KMS refuses every policy that has one"
	}
	return "the key policy gives the access without Keymend's grant"
}

// bridged reports whether grants of Keymend's to the role are there that the
// settings didn't ask for. Another account's key is opened by grants alone.
func (f Finding) bridged(o Options) bool {
	return f.OwnKey() && o.OwnKey != settings.OwnKeyGrant && f.Decision() == access.Allowed && len(f.ourGrants()) > 0
}

// ourGrants are those that name the role as it is now: one to a role that was
// deleted since names an id.
func (f Finding) ourGrants() []access.Grant {
	return slices.DeleteFunc(slices.Clone(f.Facts.Grants), func(g access.Grant) bool {
		return !grant.Ours(g) || g.GranteePrincipal != f.Principal.ARN || g.Constraints != nil
	})
}

// withoutOurs is what the role may do without them. All eight operations count: the
// launch after the next may need others than the next.
func (f Finding) withoutOurs() access.Decision {
	facts, ours := f.Facts, f.ourGrants()
	facts.Grants = slices.DeleteFunc(slices.Clone(facts.Grants), func(g access.Grant) bool {
		return slices.ContainsFunc(ours, func(o access.Grant) bool { return o.ID == g.ID })
	})
	f.Operations = slr.Operations()
	return access.Decide(f.evaluate(facts))
}
