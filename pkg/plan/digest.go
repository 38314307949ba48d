package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/kind/statements"
)

// digest identifies what the plan does to these facts; see Plan.Digest.
func (f Finding) digest(p Plan) string {
	reason := NoFixReason("")
	if p.NoFix != nil {
		reason = p.NoFix.Reason
	}
	return sum(f.Account, f.Region, p.Target, f.Principal.ARN, p.Steps.Effects(), reason, p.FactsDigest)
}

// FactsDigest identifies what the facts mean: KMS reorders policies and lists
// grants in any order.
func (f Finding) FactsDigest() string {
	policy := ""
	if f.Facts.Policy != nil {
		policy = statements.Meaning(f.Facts.Policy.String())
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
