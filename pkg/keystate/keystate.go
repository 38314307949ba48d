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
}
