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

// A State is how a group stands, in a list of many.
type State string

// The states, the worst first.
const (
	Fails     State = "fails"      // its launches fail now, or nothing lets it launch
	WouldFail State = "would-fail" // it has its instances, and its next launch fails
	Unknown   State = "unknown"    // it can't be told which of these, or whether any
	Fine      State = "fine"       // nothing that was seen stands in its way
)

// States returns all states, the worst first.
func States() []State { return []State{Fails, WouldFail, Unknown, Fine} }

// A Sum is how a group stands, for a list of many.
type Sum struct {
	State State
	Says  string // the first sentence of its screen, without the full stop
	Acts  string // who has to act, in a few words; "" = nobody
	Code  Code
}

// Sum sums the group up.
func (g Group) Sum() Sum {
	s := g.status()
	return Sum{State: g.stands(s.says), Says: strings.TrimRight(g.sentence(s.says), "."), Acts: g.acts(s), Code: s.code}
}

func (g Group) stands(of headline) State {
	switch of {
	case saysBroken, saysSuspended:
		return Fails
	case saysWillFail:
		return WouldFail
	case saysUnknown, saysCopying, saysFailed:
		if g.History.Failed > 0 && (g.short() || of == saysFailed) { // how many it has may not be known
			return Fails
		}
	case saysNotKMS:
		if g.short() {
			return Fails
		}
		return WouldFail // EC2 refuses what it launches from
	case saysOpen:
		if g.History.Failed == 0 {
			return Fine // it launches
		}
	case saysHealthy, saysFixed:
		return Fine
	case saysIgnored, saysWhole:
	}
	return Unknown
}

// acts says who has to do something about the group.
func (g Group) acts(s status) string {
	switch s.says { //nolint:exhaustive // of the others a key decides
	case saysHealthy, saysFixed, saysOpen, saysWhole, saysIgnored:
		return ""
	case saysCopying:
		return "Keymend, with the copy"
	case saysFailed:
		return "you, with more permissions"
	case saysNotKMS:
		return "the group's team"
	case saysSuspended:
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
