// Package keypolicy reads and edits KMS key policies without disturbing them.
//
// A key policy belongs to its key's owner. Keymend adds statements of its own,
// extends those, and takes them away again; every other byte of the document
// stays as it was. KMS itself reorders and normalises what it stores, so two
// documents are compared by meaning (Equal, Digest), never by bytes.
//
// The package is pure: no I/O, no clock, no SDK. The same parser reads IAM
// identity, session and trust policies, whose grammar is the same.
//
// Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
// Key policies: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
package keypolicy

import (
	"slices"
	"strconv"
)

// A Document is a parsed policy together with the exact text it came from.
// It is immutable.
type Document struct {
	raw        string
	version    string
	id         string
	statements []Statement
	unknown    []string // members of the document that the grammar doesn't know
	layout     layout
}

// A layout says where in the text the statements stand, for edits.
type layout struct {
	list       span   // the value of Statement
	isArray    bool   // false: one statement object without brackets
	statements []span // each statement object
	aws        []span // each statement's Principal.AWS value; zero where there is none
}

// A span is a range of bytes of the text.
type span struct{ start, end int }

// of returns the span's text.
func (s span) of(text string) string { return text[s.start:s.end] }

// String returns the text the document was parsed from, byte for byte.
func (d *Document) String() string { return d.raw }

// Version returns the policy language version. A document without one has
// IAM's default, "2008-10-17".
func (d *Document) Version() string { return d.version }

// Statements returns the statements in document order. The caller must not
// change them.
func (d *Document) Statements() []Statement { return d.statements }

// A Statement is one statement of a policy. A nil slice means that the member
// is absent; an empty one that it is there and empty.
type Statement struct {
	Index                   int // position in the document, from 0
	Sid                     string
	Effect                  string // as written; only "Allow" and "Deny" have an effect
	Principal, NotPrincipal *Principal
	Action, NotAction       []string
	Resource, NotResource   []string
	Condition               []Condition
	Unknown                 []string // members the policy grammar doesn't know

	unknownValues []string // their values, JSON
}

// Name returns how a person finds the statement: its index and its Sid, as in
// `#0 "EnableRoot"`, or only `#0`.
func (s Statement) Name() string {
	if s.Sid == "" {
		return "#" + strconv.Itoa(s.Index)
	}
	return "#" + strconv.Itoa(s.Index) + ` "` + s.Sid + `"`
}

// A Principal holds the names under each kind of principal. The bare string
// "*" is kept as AWS: ["*"], which means the same.
type Principal struct {
	AWS, Service, Federated, CanonicalUser []string
}

// Any reports whether the principal is everyone ("*").
func (p *Principal) Any() bool { return slices.Contains(p.AWS, "*") }

// A Condition is one operator applied to one condition key. Values are as AWS
// compares them: booleans and numbers are written out ("true", "3").
type Condition struct {
	Operator, Key string
	Values        []string
}
