// Package access decides whether a principal may do KMS operations on a key,
// and explains every answer.
//
// The inputs are what AWS returns: the key's metadata, its policy, its grants.
// The answer has three values: what depends on something that isn't known is
// Unknown, and Unknown never turns into Allowed.
//
// The package is pure: no I/O, no clock, no SDK.
//
// Rules: https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
package access

import (
	"time"

	"keymend/pkg/keypolicy"
)

// A Decision is the answer for one operation. The zero value is Unknown.
type Decision uint8

// The three decisions.
const (
	Unknown Decision = iota
	Denied
	Allowed
)

// A Key is what DescribeKey says about a key, in DescribeKey's own words.
type Key struct {
	ARN             string `json:"Arn"`
	State           string `json:"KeyState,omitempty"`   // Enabled, Disabled, PendingDeletion, …
	Manager         string `json:"KeyManager,omitempty"` // CUSTOMER or AWS
	Spec            string `json:"KeySpec,omitempty"`    // SYMMETRIC_DEFAULT, …
	Usage           string `json:"KeyUsage,omitempty"`   // ENCRYPT_DECRYPT, …
	Origin          string `json:"Origin,omitempty"`     // AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE
	MultiRegion     bool   `json:"MultiRegion,omitempty"`
	MultiRegionType string `json:"-"` // PRIMARY or REPLICA, from MultiRegionConfiguration
}

// A Grant is a grant as ListGrants returns it.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html
type Grant struct {
	ID                      string       `json:"GrantId"`
	Name                    string       `json:"Name,omitempty"`
	GranteePrincipal        string       `json:"GranteePrincipal,omitempty"`
	GranteeServicePrincipal string       `json:"GranteeServicePrincipal,omitempty"`
	RetiringPrincipal       string       `json:"RetiringPrincipal,omitempty"`
	IssuingAccount          string       `json:"IssuingAccount,omitempty"`
	Operations              []string     `json:"Operations"`
	Constraints             *Constraints `json:"Constraints,omitempty"`

	Created time.Time `json:"-"` // CreationDate, to be shown; it decides nothing
}

// Constraints narrow a grant to requests with an encryption context.
type Constraints struct {
	EncryptionContextEquals map[string]string `json:"EncryptionContextEquals,omitempty"`
	EncryptionContextSubset map[string]string `json:"EncryptionContextSubset,omitempty"`
	SourceARN               string            `json:"SourceArn,omitempty"`
}

// Facts is what was read about one key.
type Facts struct {
	Key    Key
	Policy *keypolicy.Document // nil: not readable, PolicyUnreadable says why
	Grants []Grant

	PolicyUnreadable string   // why the policy couldn't be read; "" = it was
	GrantsUnreadable string   // why the grants couldn't be listed; "" = they were
	CouldNotSee      []string // what else wasn't visible, in words
}

// A Principal is who asks.
type Principal struct {
	ARN        string // role, user or account root ARN, never a session's
	SessionARN string // the assumed-role session's ARN; "" = not known
	ID         string // unique id (AROA…, AIDA…); "" = not known
	Service    string // an AWS service asking as itself (lambda.amazonaws.com); then ARN is empty

	Created time.Time // by IAM's clock; zero = not known. It decides nothing: new roles aren't known everywhere
}

// A Context holds the request's condition keys by lower-case name. A name that
// is missing is unknown, unless Complete; a nil value is known to be absent
// from the request.
type Context struct {
	Values   map[string][]string
	Complete bool // every name that is missing is known to be absent
}

// A Request asks for operations ("Decrypt", without "kms:") on one key.
type Request struct {
	Principal  Principal
	Operations []string
	Context    Context

	// IdentityPolicies are the principal's own. Nil: not known; empty: it has
	// none. A service-linked role has none for KMS, whatever stands here.
	IdentityPolicies []*keypolicy.Document

	Walls
}

// A Result is the answer for one operation, with its reasons.
type Result struct {
	Operation  string     `json:"operation"`
	Decision   Decision   `json:"decision"`
	Explicit   bool       `json:"explicit"`  // an explicit Deny, or a key state, decided
	Reason     Reason     `json:"reason"`    // the deciding reason
	DecidedBy  string     `json:"decidedBy"` // statement name or grant id
	NearMisses []NearMiss `json:"nearMisses"`

	Element     element  `json:"element,omitzero"` // what decides in the Deny that decided; zero = none did
	UnknownKeys []string `json:"unknownKeys"`      // condition keys whose values decide
	CouldNotSee []string `json:"couldNotSee"`
	Trace       []string `json:"trace"` // one line a statement or grant looked at
}

// A NearMiss is a statement or grant that looks like access and isn't.
type NearMiss struct {
	Source string `json:"source"` // statement name or grant id
	Reason Reason `json:"reason"`
	Text   string `json:"text"` // in words an operator understands

	Element element `json:"element,omitzero"` // what decides in the statement; zero = no single element does
}
