package plan

import (
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/change"
)

// A Proposal is a plan, and the finding that it is about.
type Proposal struct {
	Finding   Finding
	Plan      Plan
	Because   []string // why the group is to be changed; nil for a key, whose finding says it
	Waits     string   // what has to stand before it may be carried out; "" = nothing
	MakesRole bool     // it makes the role that a group moves to
	Quiet     bool     // nothing is broken: nobody is asked, and only what is carried out is on record
	Moves     *Plan    // the group's own step of the move that this one is part of; nil = of none
}

// A Planner says what there is to do about a group. It is pure: the same snapshot
// gives the same proposals.
type Planner func(Snapshot, Options) []Proposal

var _ Planner = All

// All is the Planner of Keymend's own kinds. It returns what there is to do about a group, in the order of the findings:
//
//	a key that isn't open, unless it is spared     → its plan, by For
//	a group that moves to another role             → that for the new role, and the next step of the move
//	every key open, and launches fail with AWS's text for keys
//	                                               → what is left of AWS's eight operations
//	every key open, and Auto Scaling stopped the group → Launch is resumed, where the settings say so
//	every key open, a grant that stands in for nothing any more
//	                                               → its end
//	every key open, ids of deleted roles in Keymend's statements
//	                                               → they are taken out
//
// Planning happens once in a pass: Diagnose and Remediate see the same proposals.
func All(s Snapshot, o Options) []Proposal {
	findings := s.Findings
	m, moves := s.move(o)
	if moves {
		findings = append(m.findings(), slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Principal.ARN == s.Launch.Principal.ARN })...)
	}
	var out []Proposal
	for _, f := range findings {
		if f.Decision() == access.Allowed || s.Spared(f) != "" {
			continue
		}
		p := Proposal{Finding: f, Plan: For(f, o)}
		if moves && f.Principal.ARN == m.to.ARN {
			p.Moves, p.Waits = &m.step, m.keysWait()
		}
		out = append(out, p)
	}
	if moves {
		out = append(out, m.proposal(s, o))
	}
	if len(out) > 0 {
		return out
	}
	if out = s.rest(o); len(out) > 0 {
		return out
	}
	if p, ok := s.resume(o); ok {
		out = append(out, p)
	}
	for _, f := range s.Findings {
		if p, ok := f.Retire(o); ok {
			out = append(out, Proposal{Finding: f, Plan: p, Quiet: true})
		} else if p, ok := f.Tidy(o); ok {
			out = append(out, Proposal{Finding: f, Plan: p, Quiet: true})
		}
	}
	return out
}

// Subject returns the position of the proposal for what a plan of these steps was
// about: the one with its digest, else the one that is about the same key and role,
// or that takes the same word where no key is named; -1 where there is none.
func Subject(all []Proposal, digest, key, principal string, steps change.Steps) int {
	closes := steps.Only(func(c change.Claim) bool { return c.Closes })
	word := func(c change.Claim) bool { return c.Consent == steps[0].Claim().Consent }
	fresh := func(c change.Claim) bool { return word(c) || c.Consent == change.Nobody } // which the guard refuses
	fits := func(p Proposal) bool {
		if p.Finding.Facts.Key.ARN == "" {
			return steps.Only(word) && p.Plan.Steps.Only(fresh)
		}
		return p.Finding.Facts.Key.ARN == key && (principal == "" || p.Finding.Principal.ARN == principal) && closes == p.Quiet
	}
	at := slices.IndexFunc(all, func(p Proposal) bool { return p.Plan.Digest == digest })
	if at < 0 {
		at = slices.IndexFunc(all, fits)
	}
	return at
}
