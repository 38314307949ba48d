package outcome

// A State says how far a remediation has come.
type State string

// The states, in the order in which a remediation goes through them.
const (
	StateNone       State = "nothing to do"
	StateProposed   State = "proposed"   // found, and not begun
	StateIntended   State = "intended"   // begun, and nothing was heard of it since: it may have written
	StateWritten    State = "written"    // the change stands; that it opens the key isn't proven
	StateProven     State = "proven"     // the change stands, and was seen to
	StateInService  State = "in service" // instances launched through it
	StateUndone     State = "undone"
	StateSuperseded State = "superseded" // the facts changed first; nothing was claimed
	StateStuck      State = "stuck"      // it failed for what trying again doesn't mend
)

// states are those that outcomes come to. What is only intended has none yet.
func states() map[State][]Outcome {
	return map[State][]Outcome{
		StateNone:       {Ignored, NothingToDo, NotKMS, CauseElsewhere},
		StateProposed:   {Proposed, Observed, Fixable, Sent, Waiting, TakenAway, Braked},
		StateWritten:    {Unproven, Copying, HandedOver, PartlyUndone},
		StateProven:     {Fixed, Moved, Stands},
		StateInService:  {InService, Recovered},
		StateUndone:     {Undone},
		StateSuperseded: {Superseded},
		StateStuck:      {NoFix, Refused, NotPermitted, Failed, SettingsInvalid, UnexplainedWrite, Overwritten, StillFailing, Suspended, GaveUp},
	}
}

// Of returns the outcomes that come to a state.
func Of(s State) []Outcome { return states()[s] }

// State is what the outcome comes to. One that only a newer version knows is stuck:
// a person has to look.
func (o Outcome) State() State {
	for state, all := range states() {
		for _, other := range all {
			if other == o {
				return state
			}
		}
	}
	return StateStuck
}

// Asks reports whether the outcome asks a person to do something: consent, approve,
// look. What is on its way asks for nothing.
func (o Outcome) Asks() bool {
	switch o { //nolint:exhaustive // the others are as their state is
	case Sent, Waiting, Copying:
		return false
	}
	s := o.State()
	return s == StateProposed || s == StateWritten || s == StateStuck
}
