// Package change says what all kinds of change have in common. A kind is a type
// that implements Step, in a room of its own under pkg/kind; its other half, under
// pkg/apply, talks to AWS. pkg/apply/table lists all kinds.
//
// The package is pure: no I/O, no clock, no SDK.
package change

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"keymend/pkg/quote"

	"keymend/pkg/access"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

// A Step is one change, as plain data that JSON carries.
type Step interface {
	// Kind is the name of the step's kind on the wire, as in "CreateGrant".
	Kind() string
	At() Place
	// Effect is the name of the kind and what the step comes to, without how that is
	// written. Equal effects are one change; the effect goes into the plan's digest.
	Effect() any
	Writes
}

// Writes is what a step does to an account.
type Writes interface {
	// Calls are the calls that change something, as far as they are known
	// beforehand, in order.
	Calls() []Call
	// Undo returns the steps that take this one back: before the write, as far as
	// they are known by then (done is zero), and after it. None: it can't be.
	Undo(by Mark, done Result) Steps
	// Claim is what the guard holds the step to.
	Claim() Claim
	Words() Words
}

// Back is for a step that only takes another one back: nothing takes it back in turn, and
// the guard lets no plan have it.
type Back struct{}

// Undo implements Writes.
func (Back) Undo(Mark, Result) Steps { return nil }

// Claim implements Writes.
func (Back) Claim() Claim { return Claim{Back: true} }

// Token identifies a call of the remediation, so that AWS carries it out once however
// often it is sent. It has 64 characters, as many as a client token may.
func (m Mark) Token(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(append(parts, m.Remediation), "\x00")))
	return hex.EncodeToString(sum[:])
}

// A Place says where a step is carried out.
type Place struct {
	Account string // in which the calls are made
	Target  string // ARN of what is changed; the lock
	Key     string // ARN of the key that it is about; "" = of none
}

// A Call is one call that changes something. The session that makes it may do
// nothing else, and CloudTrail shows it so.
type Call struct {
	Role    permission.Role `json:"-"`
	Account string          `json:"account"`
	Action  string          `json:"action"` // as in "kms:PutKeyPolicy"
	Target  string          `json:"target"` // ARN of a key, role or group; id of an image, snapshot or template
	ARN     string          `json:"-"`      // of the target, where Target is an id; "" = Target
	Shown   string          `json:"-"`      // the target as CloudTrail names it; "" = as Target
	Pass    string          `json:"-"`      // ARN of the role that a group is given; "" = none
	Keys    []string        `json:"-"`      // ARNs of the keys that EC2 uses with the session's credentials
}

// A Mark says for which remediation a step is carried out.
type Mark struct {
	Remediation string    // id; copies and template versions carry it
	Occasion    string    // why now: each occasion makes one copy at most
	Sent        time.Time // when the message was sent; zero = not known
}

// A Result is what came of a step.
type Result struct {
	Changed       bool   // this remediation wrote; of what stands already: it may have
	Unsure        bool   // Changed, and it may have been somebody else: the write's answer didn't arrive
	ID            string // by which AWS knows what was made: a grant's, a copy's, a version's number; "" = nothing has one
	Before, After string // key policies; "" where none was edited
	// Left names the statements that name the principal still, which aren't
	// Keymend's to take away.
	Left []string
}

// Words are how people read a step.
type Words struct {
	What  string // what it writes, as in "2 statements added"
	Brief string // the same in a word or two, for a column of 12: as in "2 statements"
	Which string // the parts of it by name, as in "KeymendUse, KeymendCreateGrant"; "" = it has none
	Would string // what an undo by it would do; "" = What
	Why   string // why this and nothing else; "" = it goes without saying
	Then  string // what it comes to afterwards; "" = nothing that What doesn't say
	Shuts bool   // a role may then use a key no longer, unless something else lets it
}

// An End is what a plan's last step comes to once it is carried out.
type End struct {
	Outcome outcome.Outcome
	Reason  string
	Unseen  bool       // nothing is waited for that could be seen by now
	Run     quote.Task // what a person does then
	Last    bool       // no other step follows in a group's move to another role
}

// An Ender is a step that doesn't end as outcome.Fixed.
type Ender interface {
	End(done Result) End
}

// A simulator is a step that changes what is known of a key.
type simulator interface {
	// Simulate returns the facts as they will be once the step is carried out.
	Simulate(access.Facts) (access.Facts, error)
}

// A documented step carries whole policies.
type documented interface {
	// Short returns the step without them.
	Short() Step
	// Documents are the policy before and after.
	Documents() (before, after string)
}
