package report

import (
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

// Fault says what is the matter with a key that stands in the way, as the group's: "its
// key x isn't open to y".
func (k Key) Fault() string {
	r, its, role := k.Finding, k.its(), arn.Last(k.Finding.Principal)
	switch k.noFix().Reason { //nolint:exhaustive // of the others the key isn't open, and the cause says why
	case plan.KeyNotFound:
		return its + " doesn't exist"
	case plan.KeyNotUsable:
		return its + " is " + stateWords(r.KeyState)
	case plan.ManagedByAWS:
		return its + " is managed by AWS there, and can't be shared"
	case plan.OtherRegion:
		return its + " is in " + arn.Region(r.Key) + ", and EBS takes keys of its own Region only"
	case plan.KeyNotSymmetric:
		return its + " isn't a symmetric encryption key, and EBS takes no other"
	case plan.RoleMissing:
		return "its role " + role + " doesn't exist, or can't be read"
	case plan.ExplicitDeny:
		if by := k.denier(); by != "" {
			return "statement " + by + " of " + its + " denies it to " + k.denied()
		}
	}
	return its + " isn't open to " + role
}

// unusable reports whether the key's state alone keeps everyone from using it.
func (k Key) unusable() bool {
	return k.Finding.KeyState != "" && k.noFix().Reason == plan.KeyNotUsable
}

// denied is the name of the role that a statement denies the key to.
func (k Key) denied() string {
	if i := k.Finding.Instance; i != nil && i.Decision == access.Denied {
		return arn.Last(i.Role) + ", as which EC2 decrypts volumes"
	}
	return arn.Last(k.Finding.Principal)
}

// denier is the name of the statement that denies the use of the key, or may.
func (k Key) denier() string {
	if i := k.Finding.Instance; i != nil && i.Decision != access.Allowed {
		return i.DecidedBy
	}
	at := slices.IndexFunc(k.Finding.NearMisses, func(m access.NearMiss) bool {
		return m.Reason == access.DeniedByStatement || m.Reason.Denies()
	})
	if at < 0 {
		return ""
	}
	return k.Finding.NearMisses[at].Source
}

// its names the key as the group's: which one it is, and whose.
func (k Key) its() string {
	r := k.Finding
	text := "its key "
	if slices.ContainsFunc(r.Because, func(b string) bool { return strings.Contains(b, "default EBS key") }) {
		text = "its default EBS key "
	}
	text += shortKey(r)
	if owner := arn.Account(r.Key); owner != "" && owner != r.Account {
		text += " of account " + owner
	}
	return text
}

// shortKey is a key's alias, or else its id.
func shortKey(r record.Record) string {
	if r.Alias != "" {
		return strings.TrimPrefix(r.Alias, "alias/")
	}
	if _, id, found := strings.Cut(r.Key, ":key/"); found {
		return id
	}
	return r.Key
}

// stateWords says in words what state a key is in.
func stateWords(state string) string {
	words := map[string]string{
		"Enabled":                "enabled",
		"Disabled":               "disabled",
		"PendingDeletion":        "about to be deleted",
		"PendingReplicaDeletion": "about to be deleted, once its replicas are",
		"PendingImport":          "without its key material",
		"Unavailable":            "out of reach: its key store isn't connected",
		"Creating":               "still being made",
		"Updating":               "being updated",
	}
	if said, ok := words[state]; ok {
		return said
	}
	if state == "" {
		return "in a state that isn't known"
	}
	return "in the state " + state
}

// copyWords says how far a copy under a key of the group's account is.
func (k Key) copyWords() string {
	if k.Outcome() == "moved" {
		return "its launch template has a version that launches from the copies"
	}
	return "a copy under a key of its own account is on its way"
}
