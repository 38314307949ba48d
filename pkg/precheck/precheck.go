// Package precheck says, before anything is deployed to an organization, what of it
// isn't as the settings say, and what would stop Keymend there.
//
// The package is pure: what was read of AWS is a value (Facts), and so is the answer.
package precheck

import (
	"keymend/infra/cdkcontext"
)

// A State says what a line comes to.
type State string

// The states.
const (
	Well   State = "ok"
	Wrong  State = "wrong"  // nothing is to be deployed until it is mended
	ToDo   State = "todo"   // what Keymend's own commands do next
	Unseen State = "unseen" // it couldn't be read
	Note   State = "note"   // to be known
)

// A Line is what is said of one matter.
type Line struct {
	Matter  string   `json:"check"`
	State   State    `json:"state"`
	Text    string   `json:"text"`
	Do      string   `json:"do,omitempty"`      // what mends it
	Command []string `json:"command,omitempty"` // the words of one that does, of the AWS CLI
	Account string   `json:"account,omitempty"` // whose credentials the command needs
	Stops   bool     `json:"-"`                 // it has to be seen before a wave is deployed
}

// Settings are what the organization is held to.
type Settings struct {
	cdkcontext.Organization
	Suffix  string // of the service-linked role that groups are moved to; "" = none
	Resumes bool   // groups that Auto Scaling stopped may be let launch again
}

// A Seen is what was read, or why it wasn't.
type Seen[T any] struct {
	Value   T
	Problem string // "" = it was read
}

// Facts are what was read of AWS.
type Facts struct {
	Account      string                    // of the caller
	Organization Seen[Membership]          // the caller's
	Delegated    Seen[bool]                // the caller administers StackSets for the organization
	Trusted      Seen[bool]                // StackSets may act in the organization
	Hub          Seen[string]              // state of the hub's account; "" = it is no member
	Tree         Seen[Tree]                // the units, with what is above and below them
	Regions      map[string]Seen[[]string] // Regions that are enabled, by account
	Buses        map[string]Seen[Bus]      // the hub's, by Region
	Alone        map[string]Seen[bool]     // whether an account has the stack for one that works alone, by account
	Policies     Seen[map[string][]Policy] // by what they are attached to
	Unread       int                       // accounts whose own policies weren't read, since there are many
}

// A Membership is an organization, as its accounts see it. "" = the caller is in none.
type Membership struct{ ID, Management string }

// A Tree is a part of an organization: what is above each unit and account, and the
// accounts.
type Tree struct {
	Parents  map[string]string // of units and accounts; the root has none
	Accounts []Member          // in the named units, and in those below them
	Missing  []string          // units that aren't there
}

// A Member is an account.
type Member struct{ ID, State string }

// Active is the state of an account that is in use.
const Active = "ACTIVE"

// A Bus is the hub's event bus in a Region.
type Bus struct {
	There  bool
	Policy string // JSON
}

// A Policy is an organization policy.
type Policy struct {
	ID, Name  string
	Resources bool // it bounds resources, not principals
	Text      string
}

// Check says everything, in the order in which it is to be mended.
func Check(s Settings, f Facts) []Line {
	var out []Line
	for _, part := range []func(Settings, Facts) []Line{caller, organization, trusted, hub, units, regions, buses, alone, walls, guard, hubGuard} {
		out = append(out, part(s, f)...)
	}
	return out
}

// unseen is the line about what wasn't read.
func unseen(matter, problem string) []Line {
	return []Line{{Matter: matter, State: Unseen, Text: problem}}
}
