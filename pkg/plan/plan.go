// Package plan turns a finding into the smallest set of steps that cures it,
// or says why there is none and what a person must do.
//
//	finding                                        → plan
//	no such key                                    → NoFix key-not-found
//	every operation Allowed                        → NoFix nothing-to-do
//	AWS managed key of another account             → NoFix aws-managed-key
//	key not usable (state, spec, another Region)   → NoFix, with the remedy
//	explicit Deny of the role or of the instance   → NoFix explicit-deny, with the statement
//	policy of an own key unreadable                → NoFix policy-unreadable
//	a Deny that may apply                          → NoFix not-known, with the statement
//	role without a unique id                       → NoFix role-missing
//	role of another service than Auto Scaling      → NoFix role-of-another-service, with the statements
//	own key, KMS would take the edited policy      → statements
//	own key, KMS would refuse it, or it is code's  → a grant
//	key of another account, its owner's half there → a grant
//	…, not there, and its policy can be edited     → statements, a grant
//	…, not there, and it can't                     → NoFix foreign-key, with the statements for its owner
//	…, and whether it is there can't be told       → a grant, to be tried
//	…, and the settings ask for copies             → what keymend/pkg/plan/copies has next
//	any, and access would still not be Allowed     → NoFix would-not-help
//	any, and nothing is denied for certain         → the plan, with the doubt whether it is needed
//
// The last row holds every plan to its purpose: it is tried on the facts with
// the evaluator before it is given out.
//
// The package is pure: no I/O, no clock, no SDK.
package plan

import (
	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/change"
	"keymend/pkg/plan/copies"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
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
	// Instance says whether the instance may decrypt its volumes as the role that AWS
	// gives it: see access.InstanceDecrypts. Zero = nobody asked.
	Instance       access.Result
	Tags           map[string]string
	TagsUnreadable string
	KeptOut        bool // the policy of an own key keeps Keymend out, whatever it may else
	// FailedSince: since Keymend saw policy and grants as they are now, a launch failed
	// for a key by AWS's text. So they don't give access enough.
	FailedSince bool
	KeyNotFound string // why there is no such key; "" = there is. Facts.Key.ARN is as written then
	Trial       Trial  // of the grant on another account's key
	// Copy is what is there to do without another account's key; nil = nobody
	// looked.
	Copy *copies.Case
	// CopiesUnread says what of that AWS refused to show; "" = nothing.
	CopiesUnread string
	// Refused says for what KMS refused the edited policy; "" = it wasn't tried.
	Refused string
}

// A Plan is what would cure a finding: steps on one target, or the reason why
// there are none.
type Plan struct {
	Target string       `json:"target"` // ARN of the key, role, group, copy or template that the steps change
	Steps  change.Steps `json:"-"`      // in order; empty where NoFix
	NoFix  *NoFix       `json:"noFix,omitempty"`
	Run    []quote.Task `json:"-"` // the commands that do what NoFix's remedy says, where some do
	// Doubt says why the steps may not be needed; "" = access is denied for certain.
	Doubt string `json:"doubt,omitempty"`
	// Digest identifies the plan's effect on these facts: SHA-256 over account,
	// Region, target, principal, what the steps come to, and what the facts mean.
	// No times, no ids: the same look at the same facts gives the same digest.
	Digest         string `json:"digest"`
	FactsDigest    string `json:"factsDigest"`
	OthersAffected int    `json:"-"` // other principals whose access would change; computed
	// Half says how the key owner's half stands, NearMisses what in the key policy
	// looks like it and isn't; only where the key is another account's. ForOwner is what
	// there is to do by hand there, and for an own key whose policy keeps Keymend out.
	Half       Half              `json:"half,omitempty"`
	NearMisses []access.NearMiss `json:"-"`
	ForOwner   *ForOwner         `json:"forOwner,omitempty"`
}

// Opens reports whether the plan opens a key, and changes nothing else.
func (p Plan) Opens() bool {
	return p.Steps.Only(func(c change.Claim) bool { return c.Consent == change.KeyOwner && !c.Closes })
}

// Copies reports whether the plan is one of copies: it opens no key, the launch
// is to do without it.
func (p Plan) Copies() bool {
	return p.Steps.Only(func(c change.Claim) bool { return c.Consent == change.DataOwners || c.Consent == change.OwnCopyOnly })
}

// Clears reports whether the plan takes away a copy of Keymend's own that failed, and
// changes nothing else.
func (p Plan) Clears() bool {
	return p.Steps.Only(func(c change.Claim) bool { return c.Consent == change.OwnCopyOnly })
}

// Tries reports whether only KMS can tell whether the plan's grant may be made.
func (p Plan) Tries() bool { return p.Half == HalfUnknown && len(p.Steps) > 0 }

// NoFix says why Keymend has nothing to apply.
type NoFix struct {
	Reason NoFixReason `json:"reason"`
	Text   string      `json:"text"`   // what is wrong, and where
	Remedy string      `json:"remedy"` // what a person must do; "" = nothing
}

// Options are the settings that bear on planning.
type Options struct {
	OwnKey        settings.OwnKey
	OwnershipTags []string // tag keys by which an owner's code marks its keys
	RetiringRole  string   // ARN of the role that may retire our grants; "" = none

	ForeignKey        settings.ForeignKey
	ForeignStatements settings.ForeignStatements
	// Owners says of other accounts what may be done to their keys' policies, where each
	// has a word of its own: in an organization. nil: ForeignKey says it of all.
	Owners    map[string]settings.ForeignKey
	Resume    int    // groups that Auto Scaling stopped are let launch again; 0 = they aren't
	Dedicated string // suffix of the role that groups are moved to; "" = they keep theirs

	Reader  access.Principal // who reads the keys of the group's account
	Writer  access.Principal // who writes their policies
	Granter access.Principal // who calls CreateGrant in the group's account
	Copier  access.Principal // who copies, in the group's account

	Known *Memo // of plans that were made before; nil = none. It changes none
}
