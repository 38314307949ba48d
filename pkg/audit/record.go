// Package audit writes down what Keymend saw, meant to do and did: one JSON
// object a line, so that CloudWatch Logs is the archive. docs/audit.md explains
// every field.
package audit

import (
	"encoding/json"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
)

// Schema is the version of Record. It changes when a field changes its meaning
// or goes; new fields may come without it.
const Schema = "keymend.audit/1"

// A Phase says at which point of a remediation a record was written.
type Phase string

// The phases: what was found; what is about to be written; what came of it;
// that the group launched.
const (
	Finding Phase = "finding"
	Intent  Phase = "intent"
	Result  Phase = "outcome"
	Proof   Phase = "proof"
)

// A Record is one line of the audit log.
type Record struct {
	Schema        string    `json:"schema"`
	ID            string    `json:"id"`                      // of the finding: the same for the same group, key and principal
	RemediationID string    `json:"remediationId,omitempty"` // of the write: shared by intent and outcome
	RequestID     string    `json:"requestId,omitempty"`     // Lambda's, so that the log's other lines can be found
	Phase         Phase     `json:"phase"`
	Time          time.Time `json:"time"`
	Version       string    `json:"version"`  // of Keymend
	Settings      string    `json:"settings"` // digest of the settings

	Account  string   `json:"account"`
	Region   string   `json:"region"`
	Group    string   `json:"group"`
	Desired  int      `json:"desired"`
	Healthy  int      `json:"healthy"`
	WarmPool *Pool    `json:"warmPool,omitempty"` // nil = the group has none
	Signal   string   `json:"signal"`
	EventIDs []string `json:"eventIds,omitempty"`
	Failed   string   `json:"failed,omitempty"` // when the launch failed, RFC 3339
	Message  string   `json:"message,omitempty"`
	Cause    string   `json:"cause,omitempty"`
	// Suspended says who stopped the group from launching; a fix brings nothing
	// back while it stands.
	Suspended string `json:"suspended,omitempty"`
	ManagedBy string `json:"managedBy,omitempty"`
	// GroupRole is the role that the group launches as, where the finding is about
	// the one that the settings move it to; KeepsRole says why it isn't moved.
	GroupRole string `json:"groupRole,omitempty"`
	KeepsRole string `json:"keepsRole,omitempty"`

	Key         string            `json:"key,omitempty"`        // ARN
	KeyAccount  string            `json:"keyAccount,omitempty"` // where it isn't the group's
	Alias       string            `json:"alias,omitempty"`
	KeyState    string            `json:"keyState,omitempty"`
	Because     []string          `json:"because,omitempty"`
	Principal   string            `json:"principal,omitempty"`
	PrincipalID string            `json:"principalId,omitempty"`
	Decision    access.Decision   `json:"decision"`
	Missing     []string          `json:"missing,omitempty"`
	NearMisses  []access.NearMiss `json:"nearMisses,omitempty"`
	Trace       []string          `json:"trace,omitempty"`
	CouldNotSee []string          `json:"couldNotSee,omitempty"`
	// Bridges says which grants of Keymend's stand in for statements, and what ends
	// them.
	Bridges []string `json:"bridges,omitempty"`

	Plan    *plan.Plan     `json:"plan,omitempty"`
	Digest  string         `json:"digest,omitempty"`
	Mode    string         `json:"mode"`
	Consent string         `json:"consent,omitempty"`
	Verdict *guard.Verdict `json:"verdict,omitempty"`

	Outcome        Outcome         `json:"outcome,omitempty"`
	Reason         string          `json:"reason,omitempty"`
	Before         string          `json:"before,omitempty"` // document
	After          string          `json:"after,omitempty"`  // document
	OthersAffected int             `json:"othersAffected"`
	Session        string          `json:"session,omitempty"`  // role session name in CloudTrail
	Sessions       []SessionOf     `json:"sessions,omitempty"` // each write, where they are in several accounts
	Undo           json.RawMessage `json:"undo,omitempty"`     // see pkg/apply.Undos
	Proof          *ProofOf        `json:"proof,omitempty"`
	// Shortened names the fields that were cut so that the record fits into one
	// event of the log.
	Shortened []string `json:"shortened,omitempty"`
}

// A Pool is a group's warm pool: how many instances it is to hold, and how many
// it has.
type Pool struct {
	Wanted int `json:"wanted"`
	Has    int `json:"has"`
}

// SessionOf says where CloudTrail shows a write, and under which name.
type SessionOf struct {
	Account string `json:"account"`
	Action  string `json:"action"` // as in "kms:PutKeyPolicy"
	Name    string `json:"name"`   // role session name
}

// ProofOf is what was seen after a write.
type ProofOf struct {
	EqualReads int             `json:"equalReads"` // consecutive reads that agreed
	Decision   access.Decision `json:"decision"`   // re-evaluated from the last one
	Instances  []string        `json:"instances,omitempty"`
	GrantID    string          `json:"grantId,omitempty"` // what the repeated CreateGrant answered, where reads show nothing
}
