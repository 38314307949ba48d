package statements

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
)

// Tidy takes ids of principals that were deleted out of Keymend's own statements. Such
// an id matches nobody, and KMS refuses every policy that has one: so nothing puts it
// back, and nobody misses it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
type Tidy struct {
	Key       string   `json:"key"`       // key ARN
	Principal string   `json:"principal"` // the service-linked role of the group by which the key was looked at; it keeps all that it may
	Before    string   `json:"before"`    // the policy as it was read
	After     string   `json:"after"`
	Gone      []string `json:"gone"` // the ids
}

// Kind implements change.Step.
func (Tidy) Kind() string { return "TidyStatements" }

// At implements change.Step.
func (s Tidy) At() change.Place { return at(s.Key) }

// Effect implements change.Step.
func (s Tidy) Effect() any { return []string{s.Kind(), s.Key, Meaning(s.After)} }

// Calls implements change.Writes.
func (s Tidy) Calls() []change.Call { return calls(s.Key) }

// Undo implements change.Writes: KMS takes no such id.
func (Tidy) Undo(change.Mark, change.Result) change.Steps { return nil }

// Claim implements change.Writes.
func (s Tidy) Claim() change.Claim {
	return change.Claim{Consent: change.KeyOwner, Key: s.Key, Principal: s.Principal, Edits: true, Closes: true}
}

// Words implements change.Writes.
func (s Tidy) Words() change.Words {
	return change.Words{Brief: "dead ids out", What: fmt.Sprintf("ids of deleted roles taken out of Keymend's statements (%s); KMS takes none back, and they let nobody in", strings.Join(s.Gone, ", "))}
}

// Simulate implements what change.Simulate asks for.
func (s Tidy) Simulate(f access.Facts) (access.Facts, error) { return Add{After: s.After}.Simulate(f) }

// Short implements what Steps.Short asks for.
func (s Tidy) Short() change.Step {
	s.Before, s.After = "", ""
	return s
}

// Documents implements what Steps.Documents asks for.
func (s Tidy) Documents() (before, after string) { return s.Before, s.After }

// In reports whether a policy has none of the ids in a statement of Keymend's.
func (s Tidy) In(policy *keypolicy.Document) bool {
	return !slices.ContainsFunc(policy.Statements(), func(o keypolicy.Statement) bool {
		return keypolicy.Owned(o) && slices.ContainsFunc(s.Gone, func(id string) bool { return slices.Contains(o.Principal.AWS, id) })
	})
}
