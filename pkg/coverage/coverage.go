// Package coverage holds what stands in the accounts of an organization to what its
// settings say: accounts by Regions, what isn't as it shall be, and what a person runs to
// mend it.
//
// What shall stand follows from the settings, not from what was synthesised or deployed
// once: the committed templates of the members (infra/template) are the same for every
// organization but for parameters and the mapping of Regions, and these are filled in
// here. So it needs neither Node nor the files of `make synth`.
//
// The package is pure: no I/O, no clock, no SDK. pkg/census reads the facts.
package coverage

import (
	"time"

	"keymend/pkg/blueprint"
)

// An Answer is what AWS said, or why it isn't known. What isn't known is no fault of what
// was asked about, and isn't whole either.
type Answer[T any] struct {
	Is      T
	Problem string // why it isn't known; "" = it is
	Refused bool   // AWS refused to say
}

// Active is the state of an account that is looked at.
const Active = "ACTIVE"

// An Account is one that the settings' units have.
type Account struct {
	ID, Name string
	State    string // as Organizations has it: ACTIVE, SUSPENDED, …
	Wave     string // name of the wave; "" is the main one
	Unit     string // the one of the settings that it is in, or below
}

// Facts are what was read about an account in one Region. What is the account's own, as
// its roles, is the same in each.
type Facts struct {
	Account Account
	Region  string

	Roles, Rules Answer[Instance]                  // of the wave's two StackSets
	Members      Answer[map[string]blueprint.Role] // Keymend's roles there, by name
	Matched      Answer[[]blueprint.Rule]          // the rules whose names begin with keymend-
	Lost         Answer[int]                       // events that they couldn't send within a day
	Trails       Answer[[]Trail]
	Parameters   map[string]Answer[string] // by name; "" = it isn't there
	Heard        Answer[Heard]
}

// An Instance is a StackSet's in an account and Region; the zero value: there is none.
type Instance struct {
	Status string // CURRENT, OUTDATED, INOPERABLE
	Reason string
	Stack  string            // ARN
	NoSet  bool              // there isn't even the StackSet
	Given  map[string]string // what the StackSet gives for the template's parameters
}

// Heard is what the hub has on record of an account and Region, of the last day.
type Heard struct {
	Event, Look time.Time // when what an event brought, and anything, was last recorded; zero = not within the day
	Open        int       // findings that aren't ended
	Version     string    // of the Keymend that recorded it
}
