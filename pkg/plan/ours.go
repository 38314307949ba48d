package plan

import (
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
)

// ours reports whether a statement is Keymend's and names the principal.
func (f Finding) ours(s keypolicy.Statement) bool {
	return keypolicy.Owned(s) && slices.Contains(s.Principal.AWS, f.Principal.ARN)
}

// ByKeymend reports whether a statement or grant of Keymend's decides any of
// what the principal may do. On another account's key that can't be looked at, a
// grant of Keymend's is all there is.
func (f Finding) ByKeymend() bool {
	if !f.OwnKey() && f.Facts.Policy == nil {
		return slices.ContainsFunc(f.Facts.Grants, func(g access.Grant) bool {
			return grant.Ours(g) && g.GranteePrincipal == f.Principal.ARN
		})
	}
	if f.Decision() != access.Allowed {
		return false
	}
	return slices.ContainsFunc(f.Results, func(r access.Result) bool {
		return f.decidedByStatement(r.DecidedBy) || f.decidedByGrant(r.DecidedBy)
	})
}

func (f Finding) decidedByStatement(by string) bool {
	return f.Facts.Policy != nil && slices.ContainsFunc(f.Facts.Policy.Statements(), func(s keypolicy.Statement) bool {
		return s.Name() == by && f.ours(s)
	})
}

func (f Finding) decidedByGrant(by string) bool {
	return slices.ContainsFunc(f.Facts.Grants, func(g access.Grant) bool {
		return by == "grant "+g.ID && grant.Ours(g)
	})
}

// Lacks reports whether a statement or grant that steps gave the principal on the key isn't
// there any more. One that can't be seen isn't gone; one that a step ended isn't lacking.
func (f Finding) Lacks(steps change.Steps) bool {
	return slices.ContainsFunc(steps, func(s change.Step) bool {
		switch s := s.(type) {
		case statements.Add:
			return f.Facts.Policy != nil && len(s.Sids) > 0 && !s.In(f.Facts.Policy)
		case grant.Create:
			return f.Facts.GrantsUnreadable == "" && len(f.ourGrants()) == 0
		}
		return false
	})
}

// GrantIDs returns the ids of the grants that an undo takes away.
func GrantIDs(undo change.Steps) []string {
	var out []string
	for _, s := range undo {
		switch s := s.(type) {
		case grant.Revoke:
			out = append(out, s.GrantID)
		case grant.Retire:
			out = append(out, s.GrantID)
		}
	}
	return out
}
