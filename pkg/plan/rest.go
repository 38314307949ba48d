package plan

import (
	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/slr"
)

// rest returns what is left of AWS's eight operations, for each key that lacks some. A
// key that can't be told is the likelier cause, and so is what EC2 refuses; where the
// group has all its instances, a failure that is told late is from before.
func (s Snapshot) rest(o Options) []Proposal {
	var out []Proposal
	if len(s.Unseen) > 0 || s.Launch.Refused != "" || s.enough() {
		return nil
	}
	for _, f := range s.Findings {
		if p, ok := f.rest(o); ok {
			out = append(out, p)
		}
	}
	return out
}

// rest returns the proposal that gives the role what it lacks of AWS's eight
// operations, where all that launches are known to need is allowed and they fail with
// AWS's text for keys all the same; false where it lacks none, or where that isn't so.
// AWS nowhere says which operations a launch needs: see docs/unknowns.md.
func (f Finding) rest(o Options) (Proposal, bool) {
	if f.Cause != activity.KMSAccess || f.Decision() != access.Allowed {
		return Proposal{}, false
	}
	f.Operations = slr.Operations()
	f = f.Evaluate()
	p := For(f, o)
	if p.NoFix != nil || !p.Opens() {
		return Proposal{}, false
	}
	p.Doubt = "all that launches are known to need is allowed; they fail with AWS's text for keys, and AWS asks for the rest, too"
	return Proposal{Finding: f, Plan: p}, true
}
