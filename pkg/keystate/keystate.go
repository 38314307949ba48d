// Package keystate reads from KMS what pkg/access needs to know about a key, and
// from IAM what it needs to know about a role. It changes nothing.
package keystate

import "keymend/pkg/access"

// A State is a key as it is now.
type State struct {
	Facts access.Facts
	Alias string            // the first by name, as in "alias/platform-ebs"; "" = none, or not readable
	Tags  map[string]string // nil where TagsUnreadable

	TagsUnreadable string // why the tags couldn't be read; "" = they were
	// KeptOut: the policy of a key of the own account keeps the reader out, whatever its
	// own permissions: "Unless the key policy explicitly allows it, you cannot use IAM
	// policies to allow access to a KMS key."
	// https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies.html
	KeptOut bool
}
