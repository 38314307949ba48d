// Package statements has the change that opens a key by statements in its policy,
// and the one that takes it back.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
package statements

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/change/code"
	"keymend/pkg/keypolicy"
	"keymend/pkg/permission"
)

// Add replaces the key's policy by one that differs only in statements of
// Keymend's own.
type Add struct {
	Key       string   `json:"key"`       // key ARN
	Principal string   `json:"principal"` // the service-linked role that the key is opened to; the root of the group's account, where the key is another's
	Before    string   `json:"before"`    // the policy as it was read
	After     string   `json:"after"`
	Added     []string `json:"added"` // the statements as they will stand, JSON
	Sids      []string `json:"sids"`  // the statements that the principal is put into
}

// Remove takes a principal out of Keymend's statements, in the policy as it is by
// then.
type Remove struct {
	change.Back
	Key       string   `json:"key"`
	Principal string   `json:"principal"`
	Sids      []string `json:"sids,omitempty"` // out of these only; none: out of all of Keymend's
}

// Kind implements change.Step.
func (Add) Kind() string { return "EditKeyPolicy" }

// Kind implements change.Step.
func (Remove) Kind() string { return "RemoveStatements" }

// At implements change.Step: a key policy is written in the key's account.
func (s Add) At() change.Place { return at(s.Key) }

// At implements change.Step.
func (s Remove) At() change.Place {
	if s.Principal == "" {
		return change.Place{} // it would be about anyone
	}
	return at(s.Key)
}

func at(key string) change.Place {
	return change.Place{Account: arn.Account(key), Target: key, Key: key}
}

// Effect implements change.Step.
func (s Add) Effect() any { return []string{s.Kind(), s.Key, s.Principal, Meaning(s.After)} }

// Effect implements change.Step.
func (s Remove) Effect() any { return change.Typed{Step: s} }

// Calls implements change.Writes.
func (s Add) Calls() []change.Call { return calls(s.Key) }

// Calls implements change.Writes.
func (s Remove) Calls() []change.Call { return calls(s.Key) }

func calls(key string) []change.Call {
	return []change.Call{{Role: permission.PolicyWriter, Account: arn.Account(key), Action: "kms:PutKeyPolicy", Target: key}}
}

// Undo implements change.Writes.
func (s Add) Undo(change.Mark, change.Result) change.Steps {
	return change.Steps{Remove{Key: s.Key, Principal: s.Principal, Sids: s.Sids}}
}

// Claim implements change.Writes.
func (s Add) Claim() change.Claim {
	return change.Claim{Consent: change.KeyOwner, Key: s.Key, Principal: s.Principal, Edits: true}
}

// Words implements change.Writes.
func (s Add) Words() change.Words {
	brief := "1 statement"
	if n := len(s.Added); n != 1 {
		brief = fmt.Sprintf("%d statements", n)
	}
	return change.Words{What: brief + " added", Brief: brief, Which: strings.Join(s.Sids, ", ")}
}

// Words implements change.Writes.
func (s Remove) Words() change.Words {
	return change.Words{Brief: "role out", What: s.Principal + " taken out of Keymend's statements", Shuts: true}
}

// Code implements code.Coder.
func (s Add) Code() code.Code {
	return code.Code{
		Service: "kms", Action: "PutKeyPolicy", Policy: &code.Policy{Statements: s.Added, Before: s.Before, After: s.After},
		Arguments: code.Arguments{{Name: "KeyId", Value: s.Key}, {Name: "PolicyName", Value: "default"}},
	}
}

// Simulate implements what change.Simulate asks for.
func (s Add) Simulate(f access.Facts) (access.Facts, error) {
	policy, err := keypolicy.Parse(s.After)
	if err != nil {
		return f, err
	}
	f.Policy = policy
	return f, nil
}

// Short implements what Steps.Short asks for.
func (s Add) Short() change.Step {
	s.Before, s.After = "", ""
	return s
}

// Documents implements what Steps.Documents asks for.
func (s Add) Documents() (before, after string) { return s.Before, s.After }

// In reports whether a policy has the statements, and they are still Keymend's own.
func (s Add) In(policy *keypolicy.Document) bool {
	if policy == nil || len(s.Sids) == 0 {
		return false
	}
	for _, sid := range s.Sids {
		if !slices.ContainsFunc(policy.Statements(), func(o keypolicy.Statement) bool {
			return o.Sid == sid && keypolicy.Owned(o) && slices.Contains(o.Principal.AWS, s.Principal)
		}) {
			return false
		}
	}
	return true
}

// Meaning is a policy's semantic digest; a text that is no policy stands for itself.
func Meaning(policy string) string {
	digest, err := keypolicy.Digest(policy)
	if err != nil {
		return policy
	}
	return digest
}
