package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/owncopy"
)

// digest identifies what the plan does to these facts; see Plan.Digest.
func (f Finding) digest(p Plan) string {
	effects := make([]any, 0, len(p.Steps))
	for _, step := range p.Steps {
		effects = append(effects, effect(step))
	}
	reason := NoFixReason("")
	if p.NoFix != nil {
		reason = p.NoFix.Reason
	}
	return sum(f.Account, f.Region, p.Target, f.Principal.ARN, effects, reason, p.FactsDigest)
}

// effect is what a step comes to, without how it is written.
func effect(step Step) any {
	switch s := step.(type) {
	case EditKeyPolicy:
		return []string{s.Type(), s.Key, s.Principal, meaning(s.After)}
	case CreateGrant:
		return []any{s.Type(), s.Key, s.Principal, s.Name, s.Operations, s.Retiring}
	case RetireGrant:
		return []any{s.Type(), s.Grant.Key, s.Grant.Principal, s.Grant.Name, s.GrantID}
	case EnsureServiceLinkedRole:
		return []string{s.Type(), s.Role}
	case UpdateGroup:
		return []string{s.Type(), s.Group, s.Before, s.After}
	case owncopy.Step:
		return s // all of it is effect
	}
	return step.Type()
}

// FactsDigest identifies what the facts mean: KMS reorders policies and lists
// grants in any order.
func (f Finding) FactsDigest() string {
	policy := ""
	if f.Facts.Policy != nil {
		policy = meaning(f.Facts.Policy.String())
	}
	grants := make([]string, 0, len(f.Facts.Grants))
	for _, g := range f.Facts.Grants {
		grants = append(grants, grantMeaning(g))
	}
	slices.Sort(grants)
	return sum(f.Facts.Key, f.Principal.ID, policy, grants)
}

// grantMeaning leaves the grant's id out, but not its name: by the name ours are
// known.
func grantMeaning(g access.Grant) string {
	g.ID = ""
	g.Operations = slices.Sorted(slices.Values(g.Operations))
	return sum(g)
}

// meaning is the policy's semantic digest; a text that is no policy stands for
// itself.
func meaning(policy string) string {
	digest, err := keypolicy.Digest(policy)
	if err != nil {
		return policy
	}
	return digest
}

// sum is SHA-256 over JSON, which writes structs, sorted maps and lists one way
// only.
func sum(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		return "" // strings, lists and maps of strings can always be written
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}
