// Package tag names the tags that Keymend reads and writes, and says what their
// values mean.
//
// It depends on nothing but the standard library, so that the infrastructure
// shares it.
package tag

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The tags by which a key's owner decides.
const (
	Keymend   = "keymend"   // on a key, or Ignore on a group
	Remediate = "remediate" // value: Keymend may open the key unattended; a date may follow, see Enrolled
	Ignore    = "ignore"    // value: Keymend may not even propose it

	// Accounts lists the other accounts, separated by spaces, whose groups the
	// consent is for.
	Accounts = "keymend-accounts"
	// Organization is the value of Accounts for every account of the organization. It
	// counts only where roles trust the organization's hub, and stands alone. As a setting
	// it is Keymend's word for being that hub.
	Organization = "organization"
	// Longest is how long a value may be: 19 ids of accounts.
	// https://docs.aws.amazon.com/kms/latest/APIReference/API_Tag.html
	Longest = 256
	// Copy lists the accounts, separated by spaces, that may copy data under the
	// key to a key of their own. The data leaves its owner's hands then.
	Copy = "keymend-copy"
)

// Account is the tag of a session in another account: the id of the account that it is
// from, as that account's roles are trusted by it.
const Account = "keymend-account"

// The tags of a copy, by which it is found again. An image's copied snapshots have
// the image's tags.
const (
	CopyOf      = "keymend-copy-of"     // id of the image or snapshot that it is a copy of
	CopyKey     = "keymend-copy-key"    // ARN of the key that it is under
	Group       = "keymend-group"       // the Auto Scaling group that it was made for
	Remediation = "keymend-remediation" // id of the remediation that made it
)

// Version begins the description of every launch template version that Keymend makes
// of version from. Versions have no tags.
func Version(from int64) string { return fmt.Sprintf("keymend: version %d with own copies", from) }

// Stack is CloudFormation's mark on what it made. A change there by hand is drift,
// and goes with the next update.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
const Stack = "aws:cloudformation:stack-name"

// OfCopies returns every tag that a copy has.
func OfCopies() []string { return []string{CopyOf, CopyKey, Group, Remediation} }

// Is reports whether a tag's key is a given one of Keymend's as people write it.
// KMS tells Keymend from keymend; people don't, nor does IAM
// (aws:ResourceTag/keymend).
func Is(key, ours string) bool { return strings.EqualFold(strings.TrimSpace(key), ours) }

// Ignores reads an owner's refusal generously: what was meant to stop a robot
// has to stop it.
func Ignores(tags map[string]string) bool {
	for key, value := range tags {
		if Is(key, Keymend) && strings.EqualFold(strings.TrimSpace(value), Ignore) {
			return true
		}
	}
	return false
}

// Enrolled reads a key's enrolment: Remediate, alone or with the day from which it
// counts ("remediate 2026-11-28"). A later day than before lets Keymend write again what
// somebody took away. The day is "" where there is none; others aren't read.
func Enrolled(tags map[string]string) (day string, ok bool) {
	value := tags[Keymend]
	if value == Remediate {
		return "", true
	}
	day, dated := strings.CutPrefix(value, Remediate+" ")
	if _, err := time.Parse(time.DateOnly, day); !dated || err != nil {
		return "", false
	}
	return day, true
}

// Enrolments are the values of Keymend by which a key is enrolled, as IAM's StringLike
// has them. It can't tell a day from other text: that is for Enrolled.
func Enrolments() []string { return []string{Remediate, Remediate + " ????-??-??"} }

// Odd returns the tags that are Keymend's and not consent to the letter, as
// "key=value", separated by commas; "" = there are none. Whoever wrote one meant
// something.
func Odd(tags map[string]string) string {
	var odd []string
	for key, value := range tags {
		_, enrolled := Enrolled(tags)
		if Is(key, Keymend) && (key != Keymend || !enrolled) {
			odd = append(odd, key+"="+value)
		}
	}
	slices.Sort(odd)
	return strings.Join(odd, ", ")
}
