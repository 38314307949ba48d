package keypolicy

import "strings"

// IsUniqueID reports whether a principal is written as the unique id of a role
// or user (AROA…, AIDA…). AWS shows a principal so once it no longer exists:
// the id matches nobody, and KMS refuses every new policy that still has it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func IsUniqueID(principal string) bool {
	const shortest = 16
	if len(principal) < shortest || !(strings.HasPrefix(principal, "AROA") || strings.HasPrefix(principal, "AIDA")) {
		return false
	}
	for _, r := range principal {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}
