// Package signal is the closed set of events that make Keymend look at something.
// Each kind has one file: its EventBridge rule, how its events are read, and which
// look at a group it asks for. Captured samples are in testdata/events.
//
// Events are hints. Only names and ids are taken from them; everything else is
// read back from AWS.
//
// The package is pure: no I/O, no clock, no SDK.
package signal

import "time"

// A Signal is one event, as far as it tells Keymend anything: a LaunchFailed,
// GroupChanged, ImageChanged, OwnWrite, Sweep or Looks.
type Signal interface {
	// Name returns the name of the signal's kind, as in "launch-unsuccessful".
	Name() string
	// From returns the envelope.
	From() Event
	sealed()
}

// An Event is the part that all events have in common: the envelope, which members
// of an organization can't forge for sources of AWS.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
type Event struct {
	ID      string // EventBridge's id of the event; "" = it had none
	Account string // 12 digits
	Region  string
	Time    time.Time // when AWS says it happened; zero = not known

	rule string // ARN of the rule whose schedule made it
}

// From implements Signal.
func (e Event) From() Event { return e }

func (Event) sealed() {}

// look begins a look at a group.
func (e Event) look(why Why, group string) Look {
	l := Look{Why: why, Account: e.Account, Region: e.Region, Group: group}
	if e.ID != "" {
		l.EventIDs = []string{e.ID}
	}
	return l
}
