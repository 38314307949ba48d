package plan

import (
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
)

// A move is a group's way from the role that it launches as to the one that the
// settings name. It is computed anew at every look, from what is there: first the
// role is made, then each key is opened to it, then the group launches as it. The
// findings are about the new role meanwhile.
type move struct {
	to     access.Principal // without ID while the role is missing
	turned []Finding
	step   Plan // has the group launch as the role
	unseen bool // the keys can't all be told
}

// Wanted reports whether the settings would have the group launch as another role:
// a key is known to be closed to its own, or is one that Keymend would open to it.
func (s Snapshot) Wanted(o Options) bool {
	return o.Dedicated != "" && s.DedicatedARN(o.Dedicated) != s.Launch.Principal.ARN && slices.ContainsFunc(s.Own(), func(f Finding) bool {
		p := For(f, o)
		return !f.Open() && s.Spared(f) == "" && (f.Decision() == access.Denied || p.NoFix == nil && p.Doubt == "")
	})
}

// Keeps says why the group keeps its role, though the settings would have it
// launch as another; "" = it doesn't, or nobody would have it.
func (s Snapshot) Keeps(o Options) string {
	if s.Launch.ManagedBy == "" || !s.Wanted(o) {
		return ""
	}
	return "the settings would have the group launch as " + s.DedicatedARN(o.Dedicated) + ", but " + s.Launch.ManagedBy + " manages it, so that it keeps its role"
}

// Moving returns the role that the group moves to; false where it doesn't move.
func (s Snapshot) Moving(o Options) (access.Principal, bool) {
	m, ok := s.move(o)
	return m.to, ok
}

// move decides whether the group is moved. A group whose keys are open stays as it
// is, and so does one that a service or a stack owns: its keys are opened to the
// role that it has.
func (s Snapshot) move(o Options) (move, bool) {
	if s.Dedicated.ARN == "" || s.Launch.ManagedBy != "" || !s.Wanted(o) {
		return move{}, false
	}
	step := group.Update{Group: s.Launch.GroupARN, Name: s.Launch.Group, Before: s.Launch.Principal.ARN, After: s.Dedicated.ARN}
	return move{s.Dedicated, s.Turned, s.one(step, sum(step.Before, s.Dedicated.ID)), len(s.Unseen) > 0}, true
}

// one is the plan of one step that is about no key.
func (s Snapshot) one(step change.Step, facts string) Plan {
	p := Plan{Target: step.At().Target, Steps: change.Steps{step}, FactsDigest: facts}
	p.Digest = sum(step.At().Account, s.Region, p.Target, step.Effect(), facts)
	return p
}

func (m move) missing() bool { return m.to.ID == "" }

// ToBeMade stands for the unique id of a role that is missing. A plan that has it
// shows what comes once the role is made, and is never sent.
const ToBeMade = "to be made"

// findings are those about the new role, as they will be once it is made.
func (m move) findings() []Finding {
	out := slices.Clone(m.turned)
	for i := range out {
		if m.missing() {
			out[i].Principal.ID = ToBeMade
		}
	}
	return out
}

func (m move) keysWait() string {
	if m.missing() {
		return "the role " + m.to.ARN + " has to be made first"
	}
	return ""
}

// proposal is the move's next step that isn't about a key. The role is made once
// every key may be opened to it (the guard's word on the other proposals), and the
// group updated once every key is open.
func (m move) proposal(s Snapshot, o Options) Proposal {
	p := Proposal{
		Finding: s.About(m.to), Plan: m.step,
		Because: []string{"the keys aren't open to " + s.Launch.Principal.ARN + ", and the settings have such groups launch as " + m.to.ARN},
	}
	if m.missing() {
		p.MakesRole, p.Plan = true, s.one(role.Ensure{Role: m.to.ARN, Suffix: o.Dedicated}, sum(m.to.ARN, "missing"))
		return p
	}
	if m.unseen || slices.ContainsFunc(m.turned, func(f Finding) bool { return !f.Open() }) {
		p.Waits = m.waits()
	}
	return p
}

func (m move) waits() string {
	what := "every key has to be open to " + m.to.ARN + " first"
	if m.missing() {
		what = "every key has to be one that may be opened to " + m.to.ARN
	}
	if m.unseen {
		what += "; which keys they are can't all be told"
	}
	return what
}

// WaitsForKeys says what the making of a role has to wait for, where the guard
// doesn't let every key be opened to it.
func (p Proposal) WaitsForKeys(s Snapshot) string {
	return move{to: p.Finding.Principal, unseen: len(s.Unseen) > 0}.waits()
}
