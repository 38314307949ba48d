// Package record has the lines of the audit log: what Keymend saw, meant to do and
// did. docs/audit.md explains every field.
//
// The package is pure: no I/O, no clock, no SDK.
package record

import (
	"slices"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

// Schema is the version of Record. It changes when a field changes its meaning
// or goes; new fields may come without it.
const Schema = "keymend.audit/2"

// A Phase says at which point of a remediation a record was written.
type Phase string

// The phases: what was found; what is about to be written; what came of it;
// whether the group launched then. And, of an organization, whom a sweep went to.
const (
	Finding Phase = "finding"
	Intent  Phase = "intent"
	Result  Phase = "outcome"
	Proof   Phase = "proof"
	Swept   Phase = "sweep"
)

// UndoAsked is the reason of an intent by which a person takes a change back.
const UndoAsked = "undo asked for"

// A Record is one line of the audit log. Logs Insights finds 200 fields of a line,
// and counts each element of an array as one, hence the single strings.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
type Record struct {
	Schema        string          `json:"schema"`
	Phase         Phase           `json:"phase"`
	Outcome       outcome.Outcome `json:"outcome,omitempty"`
	Reason        string          `json:"reason,omitempty"`
	Run           Tasks           `json:"run,omitempty"`           // what people would have to run; the reason ends with it
	ID            string          `json:"id"`                      // of the finding: the same for the same group, key and principal
	RemediationID string          `json:"remediationId,omitempty"` // of the write: shared by intent and outcome
	RequestID     string          `json:"requestId,omitempty"`     // Lambda's, so that the log's other lines can be found
	Account       string          `json:"account"`
	Region        string          `json:"region"`
	Hub           string          `json:"hub,omitempty"` // account and Region of the organization's hub that looked; "" = the account is on its own
	Group         string          `json:"group"`
	Key           string          `json:"key,omitempty"`        // ARN
	KeyAccount    string          `json:"keyAccount,omitempty"` // where it isn't the group's
	Time          time.Time       `json:"time"`
	Failed        string          `json:"failed,omitempty"` // when the launch failed, RFC 3339
	ReadAt        string          `json:"readAt,omitempty"` // when the keys and templates were read, RFC 3339; "" = right before the record's time
	Version       string          `json:"version"`          // of Keymend
	Settings      string          `json:"settings"`         // digest of the settings

	Desired  int    `json:"desired"`
	Healthy  int    `json:"healthy"`
	WarmPool *Pool  `json:"warmPool,omitempty"` // nil = the group has none
	Signal   string `json:"signal"`
	EventIDs Lines  `json:"eventIds,omitempty"`
	Message  string `json:"message,omitempty"`
	Cause    string `json:"cause,omitempty"`
	// Suspended says who stopped the group from launching; a fix brings nothing
	// back while it stands.
	Suspended string `json:"suspended,omitempty"`
	ManagedBy string `json:"managedBy,omitempty"`
	// GroupRole is the role that the group launches as, where the finding is about
	// the one that the settings move it to; KeepsRole says why it isn't moved.
	GroupRole string `json:"groupRole,omitempty"`
	KeepsRole string `json:"keepsRole,omitempty"`

	Alias       string          `json:"alias,omitempty"`
	KeyState    string          `json:"keyState,omitempty"`
	Because     Lines           `json:"because,omitempty"`
	Principal   string          `json:"principal,omitempty"`
	PrincipalID string          `json:"principalId,omitempty"`
	Decision    access.Decision `json:"decision"`
	Allowed     Lines           `json:"allowed,omitempty"` // operations that the launch needs and the role may do
	Missing     Missing         `json:"missing,omitzero"`  // those that it may not, or may not for all that is known
	NearMisses  Misses          `json:"nearMisses,omitempty"`
	Instance    *Instance       `json:"instance,omitempty"` // nil = no statement denies it anything
	Trace       Lines           `json:"trace,omitempty"`
	CouldNotSee Lines           `json:"couldNotSee,omitempty"`
	// Bridges says which grants of Keymend's stand in for statements, and what ends
	// them.
	Bridges Lines `json:"bridges,omitempty"`

	Plan   *plan.Plan `json:"plan,omitempty"`
	Steps  Steps      `json:"steps,omitempty"` // the plan's; of a record of an undo, those that take back
	Digest string     `json:"digest,omitempty"`
	// Proposal is the plan's name where it is proposed; keymend approve takes it.
	Proposal string        `json:"proposal,omitempty"`
	Mode     settings.Mode `json:"mode"`
	Consent  string        `json:"consent,omitempty"`
	// Caller is the ARN of whose credentials wrote it, by STS, where that is a person at a
	// terminal; "" = Keymend's functions did.
	Caller string `json:"caller,omitempty"`
	// Approver is the name of the session that approved the plan, by SQS's word; Ticket
	// is what that person said of it.
	Approver string `json:"approver,omitempty"`
	Ticket   string `json:"ticket,omitempty"`
	// GroupMadeBy and TemplateMadeBy are the ARNs of who made what a key is opened for,
	// where that is known.
	GroupMadeBy    string         `json:"groupMadeBy,omitempty"`
	TemplateMadeBy Lines          `json:"templateMadeBy,omitempty"`
	Verdict        *guard.Verdict `json:"verdict,omitempty"`

	Before         string   `json:"before,omitempty"` // document
	After          string   `json:"after,omitempty"`  // document
	OthersAffected int      `json:"othersAffected"`
	Session        string   `json:"session,omitempty"` // role session name in CloudTrail
	Writes         Calls    `json:"writes,omitempty"`  // those that the session is for, as far as they are known beforehand
	Undo           Steps    `json:"undo,omitempty"`    // what takes the change back, in order
	Proof          *ProofOf `json:"proof,omitempty"`
	Sweep          *SweepOf `json:"sweep,omitempty"`
	// Shortened names the fields that were cut so that the record fits into one
	// event of the log.
	Shortened Lines `json:"shortened,omitempty"`
}

// A Pool is a group's warm pool: how many instances it is to hold, and how many
// it has.
type Pool struct {
	Wanted int `json:"wanted"`
	Has    int `json:"has"`
}

// An Instance says that a statement keeps the role as which EC2 decrypts the volumes of
// instances from kms:Decrypt, or may keep it from that.
type Instance struct {
	Role      string          `json:"role"`
	Decision  access.Decision `json:"decision"`
	DecidedBy string          `json:"decidedBy"` // statement name
}

// ProofOf is what was seen after a write.
type ProofOf struct {
	EqualReads int             `json:"equalReads"` // reads in a row that agreed
	Decision   access.Decision `json:"decision"`   // re-evaluated from the last one
	Instances  Lines           `json:"instances,omitempty"`
	GrantID    string          `json:"grantId,omitempty"` // what the repeated CreateGrant answered, where reads show nothing

	Fixed string `json:"fixed,omitempty"` // when the change was made, RFC 3339; "" = a person made it, or none was
	// Recovered says how long it took until the group launched; nil = that isn't told.
	Recovered *Recovered `json:"recovered,omitempty"`
}

// SweepOf is what a sweep over an organization did: to whom it was handed, or, with an
// account in the record, in which of its Regions there are groups.
type SweepOf struct {
	Full     bool   `json:"full,omitempty"`     // every group; else those that lack instances
	All      bool   `json:"all,omitempty"`      // to every account and Region; else where there are groups
	Asked    string `json:"asked"`              // when its schedule came, RFC 3339
	Accounts Lines  `json:"accounts,omitempty"` // that are active, by the list that counted
	Listed   string `json:"listed,omitempty"`   // when that was read, RFC 3339
	Unlisted bool   `json:"unlisted,omitempty"` // it couldn't be read now; the reason says why
	More     bool   `json:"more,omitempty"`     // the list goes on in the next record
	Regions  Lines  `json:"regions,omitempty"`  // that are governed from here; of an account those with groups
	Skipped  Lines  `json:"skipped,omitempty"`  // accounts or Regions, each with why
	Messages int    `json:"messages,omitempty"` // that were sent
}

// Recovered is the time until a group launched again, in seconds.
type Recovered struct {
	SinceFailure int `json:"sinceFailure,omitempty"` // since the failure that the change was made for; 0 = nothing had failed
	SinceFix     int `json:"sinceFix,omitempty"`     // 0 = it isn't known when: a person made the change
}

// Planned adds a plan and the verdict on it.
func (r *Record) Planned(p plan.Plan, v guard.Verdict) {
	r.Plan, r.Steps, r.Digest, r.OthersAffected = &p, Steps(p.Steps), p.Digest, p.OthersAffected
	r.Verdict, r.Consent, r.Run = &v, v.Consent, append(slices.Clip(r.Run), slices.Concat(p.Run, v.Run)...)
	p.Run, v.Run = nil, nil
	r.NearMisses = r.NearMisses.With(p.NearMisses...)
}
