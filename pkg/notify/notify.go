// Package notify says by which events people are told who have to act, for what puts
// them and for the rule that takes them. docs/events.md explains it. It depends on
// nothing.
package notify

// Source is the source of every event of Keymend's. No rule of its own brings them back
// to it: nothing that comes by a bus has Keymend do anything.
const Source = "keymend"

// The detail types of Keymend's events.
const (
	Changed   = "Keymend Change"    // something was written, or taken back
	Proposed  = "Keymend Proposal"  // a fix exists, and a person has to do something
	Waiting   = "Keymend Waiting"   // a fix exists or stands, and something else comes first
	GaveUp    = "Keymend Gave Up"   // nothing more is done unless a person does something
	Recovered = "Keymend Recovered" // what was told of is over
	Alarm     = "Keymend Alarm"     // Keymend itself, or what it did, needs a person
)

// DetailTypes returns all of them.
func DetailTypes() []string { return []string{Changed, Proposed, Waiting, GaveUp, Recovered, Alarm} }

// A State says what people are told who have to act. It is there only where the settings
// name a topic for them.
type State string

// What people are told.
const (
	Opened State = "opened" // it has to be acted on, and wasn't before
	Open   State = "open"   // it still has to be
	Closed State = "closed" // what they were told of is over
)

// Pattern is of the rule that sends to the people's topic: what opens and what closes.
func Pattern() map[string]any {
	return map[string]any{"source": []any{Source}, "detail": map[string]any{"notify": []any{string(Opened), string(Closed)}}}
}
