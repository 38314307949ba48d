// Package guard decides which plans may be carried out: by mode, by the key
// owner's consent, by ownership and by the switch that stops all writes. It fails closed.
//
// The package is pure: no I/O, no clock, no SDK.
package guard

import (
	"keymend/pkg/plan"
	"keymend/pkg/plan/copies"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
)

// Input is everything a verdict rests on. Its zero value permits nothing.
type Input struct {
	Mode        settings.Mode
	Scope       settings.Scope
	Switch      Switch   // stops all writes
	SwitchText  string   // how it was read, or why it couldn't be
	PersonAsked bool     // a person at a terminal, with their own credentials
	OwnCalls    bool     // that person writes through no role of Keymend's
	MaxHere     int      // changes that may be begun within an hour in the group's account and Region
	MaxInAll    int      // and in all
	Past        Past     // for what nobody asks for
	Approval    Approval // of a plan, by a person through the queue of changes
	Accounts    []string // the other accounts whose keys may be opened; none: no other's

	// Organization: Keymend is the hub of one. Then all accounts' keys may be opened that
	// its roles can reach, and Brakes are those of the accounts that a plan is about.
	Organization bool
	Brakes       []Brake
	modeText     string // why Mode is less than the settings'; "" = it isn't

	Finding   plan.Finding      // what the plan is about: key, role, and the tags where consent stands
	Also      []string          // other roles that the launch needs the key for, as in AWSServiceRoleForEC2Spot
	Dedicated string            // ARN of the role that the settings move groups to; "" = none
	GroupTags map[string]string // the group's
	Resume    int               // as many instances may be missing where a group is let launch again; 0 = none is
	Missing   int               // instances that the group lacks
}

// copyKey is the key that copies lie under, and sources what the data lies under
// that may be copied.
func (in Input) copyKey() copies.Key {
	if in.Finding.Copy == nil {
		return copies.Key{}
	}
	return in.Finding.Copy.CopyKey
}

func (in Input) sources() []copies.Key {
	if in.Finding.Copy == nil {
		return nil
	}
	return in.Finding.Copy.Keys
}

// Switch is the state of the one switch that stops all writes.
type Switch uint8

// The switch's positions. Nothing is written but at SwitchNone and SwitchOn.
const (
	SwitchNone    Switch = iota // none is configured
	SwitchOn                    // writes are on
	SwitchOff                   // writes are off
	SwitchMissing               // its parameter isn't there
	SwitchUnread                // its parameter may not be read
)

// A Verdict says whether a plan may be carried out, and why.
type Verdict struct {
	Allowed bool `json:"allowed"`
	Propose bool `json:"propose"` // not carried out, but shown to the owner
	// Try: whether it may be carried out hangs on what can't be read from here; who
	// carries out finds it out by a trial that writes nothing, and asks again.
	Try      bool         `json:"try,omitempty"`
	Reason   Reason       `json:"reason"`
	Text     string       `json:"text"`
	Gone     string       `json:"gone,omitempty"`     // the remediation whose change was taken away
	Enrolled string       `json:"enrolled,omitempty"` // the day in the key's tag; "" = there is none
	Consent  string       `json:"consent"`            // where consent was found, or why not
	Run      []quote.Task `json:"-"`                  // the commands by which the owners would consent
}
