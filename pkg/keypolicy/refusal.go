package keypolicy

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/arn"
)

// A RefusalReason names why KMS would refuse a policy.
type RefusalReason string

// The reasons.
const (
	RefusedDeadPrincipal RefusalReason = "dead-principal"
	RefusedPrincipal     RefusalReason = "no-valid-principal"
	RefusedAction        RefusalReason = "no-valid-action"
	RefusedResource      RefusalReason = "no-valid-resource"
	RefusedEffect        RefusalReason = "no-valid-effect"
	RefusedMember        RefusalReason = "unknown-member"
	RefusedDuplicateSid  RefusalReason = "duplicate-sid"
	RefusedVersion       RefusalReason = "unknown-version"
	RefusedCharacter     RefusalReason = "character"
	RefusedSize          RefusalReason = "too-long"
)

// A Refusal is one reason why PutKeyPolicy would refuse a document, whatever
// else the edit is about.
type Refusal struct {
	Statement string        `json:"statement,omitempty"` // Statement.Name; "" = the whole document
	Reason    RefusalReason `json:"reason"`
	Text      string        `json:"text"`
}

// maxBytes is the documented limit; the API model's 131,072 is not.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
const maxBytes = 32768

// Refusals returns why KMS would refuse the document if it were written back,
// as far as the document alone tells. Nobody but KMS knows which principals
// exist.
func Refusals(d *Document) []Refusal {
	var out []Refusal
	add := func(where string, why RefusalReason, format string, args ...any) {
		out = append(out, Refusal{where, why, fmt.Sprintf(format, args...)})
	}
	d.refuseDocument(add)
	sids := map[string]bool{}
	for _, s := range d.statements {
		if s.Sid != "" && sids[s.Sid] {
			add(s.Name(), RefusedDuplicateSid, "another statement has the same Sid")
		}
		sids[s.Sid] = true
		s.refuseMembers(add)
		s.refusePrincipals(add)
	}
	return out
}

type adder func(where string, why RefusalReason, format string, args ...any)

func (d *Document) refuseDocument(add adder) {
	if len(d.raw) > maxBytes {
		add("", RefusedSize, "it has %d bytes; KMS takes %d", len(d.raw), maxBytes)
	}
	if len(d.statements) == 0 {
		add("", RefusedAction, "it has no statement")
	}
	if d.version != "2012-10-17" && d.version != "2008-10-17" {
		add("", RefusedVersion, "no such policy language version: %q", d.version)
	}
	if len(d.unknown) > 0 {
		add("", RefusedMember, "members that the policy grammar doesn't know: %s", strings.Join(d.unknown, ", "))
	}
	if i := strings.IndexFunc(d.raw, isRefused); i >= 0 {
		add("", RefusedCharacter, "KMS doesn't take the character at byte %d", i)
	}
}

// isRefused: the API's pattern is [\t\n\r\u0020-\u00FF]+.
func isRefused(r rune) bool {
	return r > 0xFF || r < ' ' && !strings.ContainsRune("\t\n\r", r)
}

func (s Statement) refuseMembers(add adder) {
	if s.Effect != "Allow" && s.Effect != "Deny" {
		add(s.Name(), RefusedEffect, "Effect must be Allow or Deny, not %q", s.Effect)
	}
	if len(s.Unknown) > 0 {
		add(s.Name(), RefusedMember, "members that the policy grammar doesn't know: %s", strings.Join(s.Unknown, ", "))
	}
	s.refuseActions(add)
	s.refuseResources(add)
}

// Since 2025-08-18 KMS refuses a document with a statement that lacks a valid
// Action or NotAction, or Resource.
func (s Statement) refuseActions(add adder) {
	if len(s.Action) == 0 && len(s.NotAction) == 0 {
		add(s.Name(), RefusedAction, "it has neither Action nor NotAction")
	}
	if s.Action != nil && s.NotAction != nil {
		add(s.Name(), RefusedAction, "it has both Action and NotAction")
	}
	for _, a := range slices.Concat(s.Action, s.NotAction) {
		if a != "*" && !hasPrefixFold(a, "kms:") {
			add(s.Name(), RefusedAction, "%q is not an action of KMS", a)
		}
	}
}

func (s Statement) refuseResources(add adder) {
	if len(s.Resource) == 0 || s.NotResource != nil {
		add(s.Name(), RefusedResource, `it needs Resource "*"`)
	}
	for _, r := range s.Resource {
		if r != "*" {
			add(s.Name(), RefusedResource, `the only Resource that KMS takes in a key policy is "*", not %q`, r)
		}
	}
}

func (s Statement) refusePrincipals(add adder) {
	if s.Principal == nil && s.NotPrincipal == nil {
		add(s.Name(), RefusedPrincipal, "it has no Principal")
	}
	if s.Principal != nil && s.NotPrincipal != nil {
		add(s.Name(), RefusedPrincipal, "it has both Principal and NotPrincipal")
	}
	for _, p := range []*Principal{s.Principal, s.NotPrincipal} {
		if p == nil {
			continue
		}
		if len(p.AWS)+len(p.Service)+len(p.Federated)+len(p.CanonicalUser) == 0 {
			add(s.Name(), RefusedPrincipal, "it names no principal")
		}
		for _, name := range p.AWS {
			s.refuseName(name, add)
		}
	}
}

func (s Statement) refuseName(name string, add adder) {
	switch {
	case name == "*", arn.IsAccount(name):
	case IsUniqueID(name):
		add(s.Name(), RefusedDeadPrincipal, "%s is the id of a role or user that no longer exists", name)
	case strings.ContainsAny(name, "*?"):
		add(s.Name(), RefusedPrincipal, "%s: a principal can't contain a wildcard", name)
	case !strings.HasPrefix(name, "arn:"):
		add(s.Name(), RefusedPrincipal, "%q is neither an ARN nor an account", name)
	}
}
