// Package launch answers, for an Auto Scaling group: which volumes will an
// instance get, which key encrypts each, which key decrypts its source, and
// which role will ask? pkg/observe reads from AWS what that depends on.
//
// The package is pure: no I/O, no clock, no SDK.
package launch

import (
	"errors"
	"strings"

	"keymend/pkg/launch/encryption"
	"keymend/pkg/quote"
)

// ErrGroupNotFound says that there is no such Auto Scaling group in the account
// and Region that were asked.
var ErrGroupNotFound = errors.New("no such Auto Scaling group")

// A Launch is what the next instance of a group will ask for.
type Launch struct {
	Account, Region, Group, GroupARN string

	Source    string       // where the volumes are written down, as in "lt-0c11aa22 v17"
	ImageID   string       // "" where it could not be told
	Principal Principal    // the role that will ask
	Also      []Principal  // further roles that will ask, each of which needs every key, too
	Keys      []Key        // each key as it is written down, once
	Refused   string       // EC2 would refuse the launch for this reason, whatever the keys; "" = no
	Partly    []string     // why EC2 would refuse some of the group's overrides, where it takes others
	Unknown   []string     // what could not be told, in words
	Run       []quote.Task `json:",omitempty"` // what would tell it
	NoNeed    []string     // a line for each volume that needs no key of the role's, in words
	Desired   int          // desired capacity, instances
	InService int          // instances with LifecycleState InService
	WarmPool  *WarmPool    // nil = the group has none
	Suspended *Suspension  // the suspension of the Launch process, if any
	ManagedBy string       // who owns the group and what that forbids, as in "eks (node group …)"; "" = nobody known
	Deleting  bool         // the group has a Status: it is being deleted

	Tags map[string]string `json:",omitempty"` // the group's
	// Hidden are the snapshots whose key the launch needs and which the account can't
	// see; Unknown says so in words.
	Hidden []Unseen `json:"-"`
	Ways   []Way    // each way in which it may launch that EC2 doesn't refuse
}

// A Way is one of the ways in which a group launches, and what it needs keys for.
type Way struct {
	Name          string // as people know it, "lt-0c11aa22 v17"
	TemplateID    string `json:",omitempty"` // "" = a launch configuration
	MadeBy        string `json:"-"`          // ARN of who made that version; "" = a launch configuration
	Version       int64  `json:",omitempty"` // that its name for the version stands for now
	Asked         string `json:",omitempty"` // $Latest, $Default or a number, as the group names it
	Configuration string `json:",omitempty"` // "" = a template
	ImageID       string
	Override      bool             `json:",omitempty"` // the image is named by an override of a mixed instances policy
	Mixed         bool             `json:",omitempty"` // named by a mixed instances policy
	Uses          []encryption.Use `json:",omitempty"`
	Hidden        []string         `json:",omitempty"` // snapshots of the image that the account can't see

	// What EC2 says of the image, and of the snapshots that the account sees, by id.
	Image Image                          `json:"-"`
	Seen  map[string]encryption.Snapshot `json:"-"`
}

// Principals returns every role that will ask for the keys, the group's own
// first.
func (l Launch) Principals() []Principal { return append([]Principal{l.Principal}, l.Also...) }

// A Principal is a role that launches, and why it is this one.
type Principal struct {
	ARN     string
	Because string
}

// A Key is a key that a launch needs.
type Key struct {
	ID         string           // as written: key id, key ARN, alias name or alias ARN
	Uses       []encryption.Use // one for each device that needs it
	Operations []string         // union over the uses, without "kms:", sorted
}

// A WarmPool is a group's pool of instances beside it. They are launched, and
// started again, as the same role and under the same keys.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html
type WarmPool struct {
	Wanted int // instances that Auto Scaling keeps in it
	Has    int // instances in it, in whatever state
}

// Resume is the command by which a person lets a group launch that was stopped.
func Resume(account, region, group string) quote.Task {
	return quote.Task{Account: account, Command: quote.Command(
		"aws", "autoscaling", "resume-processes", "--auto-scaling-group-name="+group, "--scaling-processes", "Launch", "--region", region)}
}

// Missing is how many instances the group, and its pool beside it, lack.
func (l Launch) Missing() int {
	out := max(l.Desired-l.InService, 0)
	if l.WarmPool != nil {
		out += max(l.WarmPool.Wanted-l.WarmPool.Has, 0)
	}
	return out
}

// A Suspension says why the group was stopped from launching.
type Suspension struct {
	Reason string // AWS's own text
}

// ByPerson reports whether a person did it: all recorded suspensions by a person say
// "User suspended at 2026-02-26T18:56:36Z".
func (s Suspension) ByPerson() bool { return strings.Contains(s.Reason, "User suspended") }

// Administrative reports whether Auto Scaling did it by itself, by what AWS calls that.
// AWS documents no text, and none is recorded: by a text that says neither, it isn't
// known who did.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
func (s Suspension) Administrative() bool {
	return !s.ByPerson() && strings.Contains(strings.ToLower(s.Reason), "administrative")
}
