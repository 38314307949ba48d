// Package grant has the change that opens a key by a grant, the one that ends a
// grant which isn't needed any more, and the one that revokes.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
package grant

import (
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/change/code"
	"keymend/pkg/permission"
)

// Prefix begins the name of every grant of Keymend's.
const Prefix = "keymend-"

// Create gives the principal a grant on the key.
type Create struct {
	Key        string   `json:"key"`
	Principal  string   `json:"principal"`
	Name       string   `json:"name"`       // deterministic: the same grant twice is one grant
	Operations []string `json:"operations"` // without "kms:"
	Retiring   string   `json:"retiring,omitempty"`
	Why        string   `json:"why"` // why a grant and not statements
}

// Retire ends a grant: one that stood in for statements, once the policy gives the
// access without it; or one on another account's key, for which RevokeGrant would
// ask for a permission there.
// https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html
type Retire struct {
	GrantID string `json:"grantId,omitempty"` // "" = not known: the grant's name tells
	Grant   Create `json:"grant"`             // the grant as it was, and as it is made again
}

// Revoke ends a grant on a key of the grantee's own account.
type Revoke struct {
	change.Back
	GrantID string `json:"grantId,omitempty"` // "" = not known: the grant's name tells
	Grant   Create `json:"grant"`
}

// Kind implements change.Step.
func (Create) Kind() string { return "CreateGrant" }

// Kind implements change.Step.
func (Retire) Kind() string { return "RetireGrant" }

// Kind implements change.Step.
func (Revoke) Kind() string { return "RevokeGrant" }

// At implements change.Step: a grant is issued in the grantee's account.
func (s Create) At() change.Place {
	return change.Place{Account: arn.Account(s.Principal), Target: s.Key, Key: s.Key}
}

// At implements change.Step.
func (s Retire) At() change.Place { return s.Grant.of(s.GrantID) }

// At implements change.Step.
func (s Revoke) At() change.Place { return s.Grant.of(s.GrantID) }

// of is the place of a grant that is known by its id or its name.
func (s Create) of(id string) change.Place {
	if id == "" && s.Name == "" {
		return change.Place{} // it would be any grant
	}
	return s.At()
}

// Effect implements change.Step.
func (s Create) Effect() any {
	return []any{s.Kind(), s.Key, s.Principal, s.Name, s.Operations, s.Retiring}
}

// Effect implements change.Step.
func (s Retire) Effect() any { return s.Grant.end(s.Kind(), s.GrantID) }

// Effect implements change.Step.
func (s Revoke) Effect() any { return s.Grant.end(s.Kind(), s.GrantID) }

func (s Create) end(kind, id string) any { return []string{kind, s.Key, s.Principal, s.Name, id} }

// Calls implements change.Writes.
func (s Create) Calls() []change.Call { return s.call("kms:CreateGrant") }

// Calls implements change.Writes.
func (s Retire) Calls() []change.Call { return s.Grant.call("kms:RetireGrant") }

// Calls implements change.Writes.
func (s Revoke) Calls() []change.Call { return s.Grant.call("kms:RevokeGrant") }

func (s Create) call(action string) []change.Call {
	return []change.Call{{Role: permission.Granter, Account: s.At().Account, Action: action, Target: s.Key}}
}

// Undo implements change.Writes. Before the write KMS hasn't given the id; the
// grant is found by its name then, where somebody may list it.
func (s Create) Undo(_ change.Mark, done change.Result) change.Steps {
	switch owner := arn.Account(s.Key); {
	case owner == s.At().Account || owner == "":
		return change.Steps{Revoke{GrantID: done.ID, Grant: s}}
	case done.ID == "" && s.Retiring == "":
		return nil
	}
	return change.Steps{Retire{GrantID: done.ID, Grant: s}}
}

// Undo implements change.Writes.
func (s Retire) Undo(change.Mark, change.Result) change.Steps { return change.Steps{s.Grant} }

// Claim implements change.Writes.
func (s Create) Claim() change.Claim {
	return change.Claim{Consent: change.KeyOwner, Key: s.Key, Principal: s.Principal, Back: true}
}

// Claim implements change.Writes.
func (s Retire) Claim() change.Claim {
	return change.Claim{Consent: change.KeyOwner, Key: s.Grant.Key, Principal: s.Grant.Principal, Closes: true, Back: true}
}

// Words implements change.Writes.
func (s Create) Words() change.Words {
	return change.Words{
		Brief: "1 grant", What: "1 grant", Would: "grant " + s.Name + " would be made again",
		Why: "a grant because: " + s.Why, Then: "the grant lets the role use the key, beside what else does",
	}
}

// Words implements change.Writes.
func (Retire) Words() change.Words {
	return change.Words{Brief: "grant ended", What: "1 grant retired", Shuts: true}
}

// Words implements change.Writes.
func (Revoke) Words() change.Words {
	return change.Words{Brief: "grant ended", What: "1 grant revoked", Shuts: true}
}

// Code implements code.Coder.
func (s Create) Code() code.Code {
	arguments := code.Arguments{{Name: "KeyId", Value: s.Key}, {Name: "GranteePrincipal", Value: s.Principal}, {Name: "Operations", Value: s.Operations}}
	for _, a := range (code.Arguments{{Name: "Name", Value: s.Name}, {Name: "RetiringPrincipal", Value: s.Retiring}}) {
		if a.Value != "" {
			arguments = append(arguments, a)
		}
	}
	return code.Code{Service: "kms", Action: "CreateGrant", Arguments: arguments, Terraform: code.Resource{Type: "aws_kms_grant"}}
}

// Simulate implements what change.Simulate asks for.
func (s Create) Simulate(f access.Facts) (access.Facts, error) {
	f.Grants = append(slices.Clone(f.Grants), access.Grant{
		ID: s.Name, Name: s.Name, GranteePrincipal: s.Principal, RetiringPrincipal: s.Retiring,
		IssuingAccount: arn.Root(arn.Partition(s.Key), arn.Account(s.Principal)), Operations: s.Operations,
	})
	return f, nil
}

// Simulate implements what change.Simulate asks for.
func (s Retire) Simulate(f access.Facts) (access.Facts, error) {
	f.Grants = slices.DeleteFunc(slices.Clone(f.Grants), func(g access.Grant) bool { return g.ID == s.GrantID })
	return f, nil
}

// Ours reports whether a grant is Keymend's, by its name.
func Ours(g access.Grant) bool { return strings.HasPrefix(g.Name, Prefix) }

// Find returns the grant among others by its name, which holds the role's unique id;
// false where there is none.
func Find(all []access.Grant, s Create) (access.Grant, bool) {
	at := slices.IndexFunc(all, func(g access.Grant) bool { return s.Name != "" && g.Name == s.Name })
	if at < 0 {
		return access.Grant{}, false
	}
	return all[at], true
}
