package report

import (
	"slices"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/outcome"
)

// A Code is the program's exit code.
type Code int

// The exit codes.
const (
	Healed  Code = 0 // nothing to do, or healed
	Broke   Code = 1 // Keymend failed, and says why
	Misused Code = 2 // wrong usage
	Fixable Code = 3 // a fix is available and was not applied
	NotOurs Code = 4 // broken and not ours to fix, or refused
)

// With is the code of two things together: what failed goes first, then what can be done,
// then what can't.
func (c Code) With(o Code) Code {
	for _, first := range []Code{Broke, Misused, Fixable, NotOurs} {
		if c == first || o == first {
			return first
		}
	}
	return Healed
}

// A headline is what the first line says about a group.
type headline uint8

const (
	saysFailed headline = iota
	saysCopying
	saysUnknown
	saysBroken
	saysWillFail
	saysNotKMS
	saysSuspended
	saysFixed
	saysIgnored
	saysOpen
	saysWhole
	saysHealthy
)

// A status is a headline with its colour and exit code.
type status struct {
	says headline
	ink  screen.Ink
	code Code
}

// status sums up all keys; the first row that fits counts. A fix that a person
// can apply goes before what nobody here can: applying it is the next step.
//
//	Keymend failed, or wasn't permitted                failed     1
//	a copy is on its way, or was just moved to         copying    3
//	access may be there, and so may a fix be needed    unknown    3
//	a fix is there, may be applied, wasn't asked for   broken     3
//	a fix was refused, or would be                     broken     4
//	Keymend did its part, and a person has the rest    broken     4
//	no key is known to stand in the way for certain    unknown    4
//	a key stands in the way, only a person can help    broken     4
//	…, and the group has all the instances it wants    will fail  3 or 4
//	the launch fails for another reason                not KMS    4
//	open, but Auto Scaling or a person stopped Launch  suspended  4
//	written and proven                                 fixed      0
//	nothing for Keymend                                ignored    0
//	open, fewer in service or in the pool than wanted  open       0
//	all there, though not all of a key can be seen     whole      0
//	open, all there                                    healthy    0
func (g Group) status() status {
	switch {
	case g.any(outcome.Failed, outcome.NotPermitted, outcome.SettingsInvalid, outcome.Unproven):
		return status{saysFailed, screen.Bad, Broke}
	case g.any(outcome.Copying, outcome.Moved):
		return status{saysCopying, screen.Doubt, Fixable}
	case !g.Asked && !g.denied() && slices.ContainsFunc(g.Keys, Key.doubted) && !g.any(outcome.Superseded):
		return status{saysUnknown, screen.Doubt, Fixable}
	case g.any(outcome.Superseded), !g.Asked && slices.ContainsFunc(g.Keys, Key.fixable):
		return g.broken(Fixable)
	case g.any(outcome.NoFix) && !g.denied():
		return status{saysUnknown, screen.Doubt, NotOurs}
	case g.any(outcome.Of(outcome.StateProposed)...), g.any(outcome.Refused, outcome.NoFix, outcome.HandedOver):
		return g.broken(NotOurs)
	}
	return g.opened()
}

// broken is the status where a key stands in the way. A group that has all its instances
// isn't broken; its next launch fails, where that is known for certain.
func (g Group) broken(code Code) status {
	switch {
	case g.short():
		return status{saysBroken, screen.Bad, code}
	case g.denied():
		return status{saysWillFail, screen.Bad, code}
	}
	return status{saysUnknown, screen.Doubt, code}
}

// opened goes on where every key is open.
func (g Group) opened() status {
	switch {
	case g.any(outcome.CauseElsewhere, outcome.NotKMS), g.elsewhere():
		return status{saysNotKMS, screen.Doubt, NotOurs}
	case g.Head.Suspended != "" && g.short():
		return status{saysSuspended, screen.Doubt, NotOurs}
	case g.any(outcome.Fixed, outcome.Stands, outcome.InService, outcome.Undone):
		return status{saysFixed, screen.Good, Healed}
	case g.any(outcome.Ignored):
		return status{saysIgnored, screen.Doubt, Healed}
	case g.short():
		return status{saysOpen, screen.Doubt, Healed}
	case g.any(outcome.NothingToDo) && g.Head.Decision == access.Unknown:
		return status{saysWhole, screen.Doubt, Healed}
	}
	return status{saysHealthy, screen.Good, Healed}
}

// Code returns the exit code that the group calls for.
func (g Group) Code() Code { return g.status().code }

// fixable reports whether there is a fix that a person may have applied.
func (k Key) fixable() bool {
	return k.is(outcome.Of(outcome.StateProposed)...) && !k.is(outcome.Waiting) && !k.refused()
}

// doubted reports whether there is a fix that may not be needed.
func (k Key) doubted() bool {
	return k.fixable() && planOf(k.Finding).Doubt != ""
}

// refused reports whether the fix would be refused if it were asked for: a verdict
// at a terminal is one on what the person may have applied.
func (k Key) refused() bool {
	v := k.Finding.Verdict
	return v != nil && !v.Allowed && !v.Try
}

// denied reports whether a key stands in the way for certain.
func (g Group) denied() bool {
	return slices.ContainsFunc(g.Keys, func(k Key) bool { return k.Finding.Decision == access.Denied })
}

// elsewhere reports whether launches fail for something that has nothing to do
// with keys. A text that may be about a key says nothing here: all keys are
// open, and the group may not have tried again since they are.
func (g Group) elsewhere() bool {
	return g.any(outcome.NothingToDo) && g.History.Failed > 0 && !activity.Classify(g.History.Message).Cause.MayBeKey()
}

// short reports whether the group, or its warm pool, lacks instances.
func (g Group) short() bool {
	pool := g.Head.WarmPool
	return g.Head.Healthy < g.Head.Desired || pool != nil && pool.Has < pool.Wanted
}

func (g Group) any(outcomes ...outcome.Outcome) bool {
	return slices.ContainsFunc(g.Keys, func(k Key) bool { return k.is(outcomes...) })
}
