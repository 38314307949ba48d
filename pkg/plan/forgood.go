package plan

import (
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/statements"
	"keymend/pkg/settings"
)

// ForGood returns what keeps a group's keys open for good, in the order in which it is
// done, whoever may do it:
//
//	a plan that has steps                        → these
//	a grant that stands in for statements, there or planned → the statements
//	another account's key, its owner's half missing → both halves
//	a policy that keeps Keymend out              → the statements that its keeper adds
//	a move to another role                       → the role, the keys, the group
//
// Two roles that one policy is opened to are two proposals, the second made of what the
// first comes to. A statement of a policy that couldn't be read is in a step without the
// policy. Nothing of it is for Keymend to carry out.
func (s Snapshot) ForGood(o Options) []Proposal {
	policies := map[string]*keypolicy.Document{}
	var out []Proposal
	for _, p := range s.lasting(o) {
		f := p.Finding
		if now := policies[f.Facts.Key.ARN]; now != nil && f.Facts.Policy != nil {
			f.Facts.Policy = now
		}
		p.Plan.Steps = f.lasting(o, p.Plan)
		if len(p.Plan.Steps) == 0 {
			continue
		}
		for _, step := range p.Plan.Steps {
			if add, ok := step.(statements.Add); ok && add.After != "" {
				policies[add.Key], _ = keypolicy.Parse(add.After) // it was made by an edit
			}
		}
		out = append(out, p)
	}
	return out
}

// lasting are the proposals, with those about grants that stand in, and the whole of a
// move.
func (s Snapshot) lasting(o Options) []Proposal {
	var out []Proposal
	m, moves := s.move(o)
	for _, p := range All(s, o) {
		if !p.Quiet && !(moves && p.Finding.Facts.Key.ARN == "") {
			out = append(out, p)
		}
	}
	for _, f := range s.Findings {
		if f.bridged(o) && f.withoutOurs() != access.Allowed {
			out = append(out, Proposal{Finding: f, Because: f.Bridges(o)})
		}
	}
	if !moves {
		return out
	}
	if m.missing() {
		out = append([]Proposal{m.proposal(s, o)}, out...)
	}
	last := m.proposal(s, o)
	last.Plan, last.MakesRole = m.step, false
	return append(out, last)
}

// lasting are the steps that cure a finding for good.
func (f Finding) lasting(o Options, p Plan) change.Steps {
	switch {
	case f.Facts.Key.ARN == "" || p.Copies():
		return p.Steps
	case f.OwnKey():
		return f.lastingOwn(o, p)
	case p.ForOwner == nil || p.NoFix != nil && p.NoFix.Reason != ForeignKey || !strings.Contains(f.Facts.Key.ARN, ":key/"):
		return p.Steps
	}
	halves := change.Steps{f.Grant(o)}
	if len(p.ForOwner.Statements) == 0 {
		return halves
	}
	half := statements.Add{Key: f.Facts.Key.ARN, Principal: arn.Root(arn.Partition(f.Facts.Key.ARN), f.Account), Added: p.ForOwner.Statements}
	if edit, refused := f.delegation(o); f.Facts.Policy != nil && refused == "" {
		half = edit
	}
	if len(half.Added) == 0 { // another role's proposal has it
		return halves
	}
	return append(change.Steps{half}, halves...)
}

// lastingOwn: a grant is for good only where the settings ask for grants, or KMS would
// refuse the statements.
func (f Finding) lastingOwn(o Options, p Plan) change.Steps {
	if p.NoFix != nil && p.ForOwner == nil || len(p.Steps) > 0 && o.OwnKey == settings.OwnKeyGrant {
		return p.Steps
	}
	if f.Facts.Policy == nil {
		two := f.twoStatements()
		if len(two) == 0 {
			return p.Steps
		}
		return change.Steps{statements.Add{Key: f.Facts.Key.ARN, Principal: f.Principal.ARN, Added: two}}
	}
	step, refused := f.statements()
	if refused != "" || f.Refused != "" || len(step.Added) == 0 {
		return p.Steps
	}
	return change.Steps{step}
}
