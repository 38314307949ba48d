// Package guard decides which plans may be carried out: by mode, by the key
// owner's consent, by ownership and by the emergency switch. It fails closed.
//
// The package is pure: no I/O, no clock, no SDK.
package guard

import "keymend/pkg/owncopy/pipeline"

// A Mode says how far Keymend goes by itself. The zero value is Observe.
type Mode uint8

// The modes.
const (
	Observe Mode = iota // diagnose and record
	Propose             // publish the plan; a person approves
	Enforce             // carry it out
)

// Input is everything a verdict rests on. Its zero value permits nothing.
type Input struct {
	Mode           Mode
	Scope          string            // "tagged" or "all"; anything else counts as "tagged"
	Switch         Switch            // the emergency switch
	SwitchText     string            // how it was read, or why it couldn't be
	KeyTags        map[string]string // consent stands here
	TagsUnreadable string            // "" = the tags were read
	OwnKey         bool              // the key is of the group's account
	PersonAsked    bool              // a person at a terminal, with their own credentials
	Principal      string            // whom the plan opens the key to
	Account        string            // the group's account

	KeyAccount string   // the key's account
	Accounts   []string // the other accounts whose keys may be opened; none: no other's
	SharedBy   []string // accounts that shared with this one what the launch takes under this key

	Also      []string          // other roles that the launch needs the key for, as in AWSServiceRoleForEC2Spot
	Dedicated string            // ARN of the role that the settings move groups to; "" = none
	GroupTags map[string]string // the group's
	CopyKey   pipeline.Key      // what copies lie under
	Sources   []pipeline.Key    // what the data that may be copied lies under
}

// Switch is the state of the one switch that stops all writes.
type Switch uint8

// The switch's positions. None configured is SwitchNone; configured and not
// readable is SwitchOff.
const (
	SwitchNone Switch = iota
	SwitchOn          // writes are on
	SwitchOff         // writes are off
)

// A Verdict says whether a plan may be carried out, and why.
type Verdict struct {
	Allowed bool `json:"allowed"`
	Propose bool `json:"propose"` // not carried out, but shown to the owner
	// Try: whether it may be carried out hangs on what can't be read from here; who
	// carries out finds it out by a trial that writes nothing, and asks again.
	Try     bool   `json:"try,omitempty"`
	Reason  Reason `json:"reason"`
	Text    string `json:"text"`
	Consent string `json:"consent"` // where consent was found, or why not
}
