// Package keystate reads from KMS what pkg/access needs to know about a key.
package keystate

import "keymend/pkg/access"

// A State is a key as it is now.
type State struct {
	Facts access.Facts
	Alias string            // as in "alias/platform-ebs"; "" = none, or asked by id or ARN
	Tags  map[string]string // nil where TagsUnreadable

	TagsUnreadable string // why the tags couldn't be read; "" = they were
}
