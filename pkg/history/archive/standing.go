package archive

import (
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// A Standing says in a word how an entry stands.
type Standing string

// The standings.
const (
	Found        Standing = "found" // nothing was begun for it
	Proposed     Standing = "proposed"
	Sent         Standing = "sent" // to be carried out
	Begun        Standing = "begun"
	Written      Standing = "written"
	Proven       Standing = "proven"
	InService    Standing = "in-service"
	Stuck        Standing = "stuck"
	Undone       Standing = "undone"
	PartlyUndone Standing = "partly-undone"
	TakenAway    Standing = "taken-away"
	Superseded   Standing = "superseded"
)

// Standings returns them all.
func Standings() []Standing {
	return []Standing{Found, Proposed, Sent, Begun, Written, Proven, InService, Stuck, Undone, PartlyUndone, TakenAway, Superseded}
}

// Standing says how the entry stands. What was only found, or proposed and overtaken by a
// newer look, waits for nobody.
func (e Entry) Standing() Standing {
	of, remediation := e.Of()
	last := e.Last()
	switch {
	case e.Gone != nil:
		return TakenAway
	case last.Outcome == outcome.PartlyUndone:
		return PartlyUndone
	case !remediation:
		return found(last)
	}
	switch of.State() {
	case outcome.StateIntended:
		return Begun
	case outcome.StateWritten:
		return Written
	case outcome.StateProven:
		return Proven
	case outcome.StateInService:
		return InService
	case outcome.StateUndone:
		return Undone
	case outcome.StateStuck:
		return Stuck
	case outcome.StateSuperseded, outcome.StateNone:
		return Superseded
	case outcome.StateProposed:
	}
	return e.proposed()
}

// proposed: a change that wasn't begun, or that is proposed once more.
func (e Entry) proposed() Standing {
	switch last := e.Last(); {
	case e.Waits:
		return Proposed
	case last.Outcome == outcome.Proposed && last.Phase == record.Finding:
		return Superseded
	case last.Outcome == outcome.Sent:
		return Sent
	case last.Phase == record.Result: // the mode, or the switch, stood against it
		return Stuck
	}
	return Found
}

// found: a finding of which no change came. Versions that named no proposal proposed, too.
func found(last record.Record) Standing {
	switch {
	case last.Outcome == outcome.Proposed:
		return Proposed
	case last.Outcome == outcome.UnexplainedWrite, last.Outcome == outcome.Overwritten:
		return Stuck
	}
	return Found
}

// Wrote reports whether something was written, or may have been. What the log had of it
// first may be gone.
func (e Entry) Wrote() bool {
	switch e.Standing() {
	case Begun, Written, Proven, InService, Undone, PartlyUndone, TakenAway:
		return true
	case Found, Proposed, Sent, Stuck, Superseded:
	}
	return e.Begun()
}

// Matters reports whether a person wants to see the entry though they didn't ask for all:
// something was written, or may have been, or waits for somebody, or failed.
func (e Entry) Matters() bool {
	switch e.Standing() {
	case Found:
		return false
	case Superseded:
		return e.Last().Phase != record.Finding // else a proposal that a newer one stands for
	}
	return true
}
