package report

import (
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
)

// A Sum is how a group stands, for a list of many.
type Sum struct {
	State string // fails, would-fail, unknown or fine
	Says  string // the first sentence of its screen, without the full stop
	Acts  string // who has to act, in a few words; "" = nobody
	Code  Code
}

// Sum sums the group up.
//
//	fails       its launches fail now, or nothing lets it launch
//	would-fail  it has its instances, and its next launch fails
//	unknown     it can't be told which of these, or whether any
//	fine        nothing that was seen stands in its way
func (g Group) Sum() Sum {
	s := g.status()
	return Sum{State: g.stands(s.state), Says: strings.TrimRight(g.sentence(s.state), "."), Acts: g.acts(s), Code: s.code}
}

func (g Group) stands(of state) string {
	const fails, wouldFail, unknown, fine = "fails", "would-fail", "unknown", "fine"
	switch of {
	case stateBroken, stateSuspended:
		return fails
	case stateWillFail:
		return wouldFail
	case stateUnknown, stateCopying, stateFailed:
		if g.History.Failed > 0 && (g.short() || of == stateFailed) { // how many it has may not be known
			return fails
		}
	case stateNotKMS:
		if g.short() {
			return fails
		}
		return wouldFail // EC2 refuses what it launches from
	case stateOpen:
		if g.History.Failed == 0 {
			return fine // it launches
		}
	case stateHealthy, stateFixed:
		return fine
	case stateIgnored, stateWhole:
	}
	return unknown
}

// acts says who has to do something about the group.
func (g Group) acts(s status) string {
	switch s.state { //nolint:exhaustive // of the others a key decides
	case stateHealthy, stateFixed, stateOpen, stateWhole, stateIgnored:
		return ""
	case stateCopying:
		return "Keymend, with the copy"
	case stateFailed:
		return "you, with more permissions"
	case stateNotKMS:
		return "the group's team"
	case stateSuspended:
		if (launch.Suspension{Reason: g.Head.Suspended}).ByPerson() {
			return "whoever stopped it"
		}
		return "the group's team"
	}
	if s.code == Fixable {
		return "you, with --apply"
	}
	return g.first(func(k Key) bool { return k.Shut() || k.Finding.Decision != access.Allowed }).acts()
}

// acts says who can open the key that nobody here can.
func (k Key) acts() string {
	r, owner := k.Finding, arn.Account(k.Finding.Key)
	switch of := planOf(r).ForOwner; {
	case of != nil && of.Account != "":
		return "account " + of.Account
	case owner != "" && owner != r.Account:
		return "account " + owner
	case slices.Contains([]plan.NoFixReason{plan.KeyNotFound, plan.OtherRegion, plan.KeyNotSymmetric, plan.ManagedByAWS, plan.RoleMissing}, k.noFix().Reason):
		return "the group's team"
	case k.unusable():
		return "the key's administrators"
	case r.Key == "":
		return "you, with more permissions"
	case r.Verdict != nil && !r.Verdict.Allowed && k.is(outcome.Refused):
		return "the key's owner"
	}
	return "whoever keeps the key policy"
}

// Fix says in a few words what would open the key; "" = nothing that Keymend can write.
func (k Key) Fix() string {
	if len(planOf(k.Finding).Steps) == 0 {
		return ""
	}
	return added(planOf(k.Finding))
}

// Why says of each statement and grant why it doesn't let the role use the key, or why it
// keeps it out.
func (k Key) Why() []string {
	var out []string
	for _, m := range k.misses() {
		text := said(m)
		if e := m.Element; e.Member != "" {
			text = `"` + e.Member + `": ` + e.Value + ": " + text
		}
		out = append(out, m.Source+": "+text)
	}
	if k.unusable() {
		out = append(out, "the key is "+stateWords(k.Finding.KeyState))
	}
	return out
}

// NotSeen says briefly what couldn't be read.
func (k Key) NotSeen() []string {
	out := notSeen(k.Finding.CouldNotSee)
	if k.is(outcome.NotPermitted, outcome.Failed) {
		refused, _, _ := strings.Cut(k.reason(), ": look at ") // AWS's own words follow
		out = append(out, k.plainly(refused))
	}
	return out
}

// Remedy says what a person does whose part it is; "" = nothing, or what Fix says.
func (k Key) Remedy() string {
	return k.plainly(strings.TrimSpace(k.noFix().Remedy))
}

// Tasks are the commands that do it: Keymend's own about the group, where it can; else
// those of other people, by whose account they are run.
func (g Group) Tasks(k Key) []quote.Task {
	var out []quote.Task
	if k.fixable() {
		out = append(out, quote.Task{Account: g.Head.Account, Command: g.again()})
	}
	for _, t := range k.Finding.Run {
		out = append(out, quote.Task{Account: t.Account, Command: g.Place.AWS(t)})
	}
	return out
}
