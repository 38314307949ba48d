// Package plan turns a finding into the smallest set of steps that cures it,
// or says why there is none and what a person must do.
//
//	finding                                        → plan
//	every operation Allowed                        → NoFix nothing-to-do
//	key not usable (state, spec, AWS managed …)    → NoFix, with the remedy
//	explicit Deny, or an answer that is Unknown    → NoFix, with the statement or what wasn't seen
//	key of another account                         → NoFix (foreign keys)
//	own key, KMS would take the edited policy      → EditKeyPolicy
//	own key, KMS would refuse it, or it is code's  → CreateGrant
//
// The package is pure: no I/O, no clock, no SDK.
package plan

import (
	"keymend/pkg/access"
	"keymend/pkg/activity"
)

// A Finding is one key that a launch of one group needs, as it stands.
type Finding struct {
	Account, Region, Group string
	Cause                  activity.Cause
	KeyID                  string   // as written in template, image or settings
	Alias                  string   // "" = none known
	Because                []string // a line for each device that needs the key
	Principal              access.Principal
	Operations             []string // what the launch needs on this key
	Facts                  access.Facts
	Results                []access.Result // one for each operation
	Tags                   map[string]string
	TagsUnreadable         string
}

// A Plan is what would cure a finding: steps on one target, or the reason why
// there are none.
type Plan struct {
	Target string `json:"target"`          // ARN of the key or group that the steps change
	Steps  Steps  `json:"steps,omitempty"` // in order; empty where NoFix
	NoFix  *NoFix `json:"noFix,omitempty"`
	Digest string `json:"digest"` // identifies the plan's effect on these facts; see Digest
}

// NoFix says why Keymend has nothing to apply.
type NoFix struct {
	Reason NoFixReason `json:"reason"`
	Text   string      `json:"text"`   // what is wrong, and where
	Remedy string      `json:"remedy"` // what a person must do; "" = nothing
}

// A Step is one change. The set is closed: EditKeyPolicy, CreateGrant.
type Step interface {
	// Type is the step's name on the wire.
	Type() string
	sealed()
}

// Steps are written as JSON objects with a "type" member.
type Steps []Step

// EditKeyPolicy replaces the key's policy by one that differs only in
// statements of Keymend's own.
type EditKeyPolicy struct {
	Key       string   `json:"key"`       // key ARN
	Principal string   `json:"principal"` // the service-linked role it opens the key to
	Before    string   `json:"before"`    // the policy as it was read
	After     string   `json:"after"`
	Added     []string `json:"added"` // the statements as they will stand, JSON
}

// CreateGrant gives the principal a grant on the key.
type CreateGrant struct {
	Key        string   `json:"key"`
	Principal  string   `json:"principal"`
	Name       string   `json:"name"`       // deterministic: the same grant twice is one grant
	Operations []string `json:"operations"` // without "kms:"
	Retiring   string   `json:"retiring,omitempty"`
	Why        string   `json:"why"` // why a grant and not statements
}

// Type implements Step.
func (EditKeyPolicy) Type() string { return "EditKeyPolicy" }

// Type implements Step.
func (CreateGrant) Type() string { return "CreateGrant" }

func (EditKeyPolicy) sealed() {}
func (CreateGrant) sealed()   {}

// Options are the settings that bear on planning.
type Options struct {
	OwnKey        string   // auto, policy or grant
	OwnershipTags []string // tag keys by which an owner's code marks its keys
	RetiringRole  string   // ARN of the role that may retire our grants; "" = none
}
