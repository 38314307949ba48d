package guard

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/arn"
)

// The tag by which a key's owner decides.
const (
	Tag          = "keymend"
	TagRemediate = "remediate" // Keymend may open the key unattended
	TagIgnore    = "ignore"    // Keymend may not even propose it

	// TagAccounts lists the other accounts, separated by spaces, whose groups the
	// consent is for.
	TagAccounts = "keymend-accounts"

	// TagCopy lists the accounts, separated by spaces, that may copy what lies
	// under the key to a key of their own: it leaves its owner's hands then.
	TagCopy = "keymend-copy"
)

// isTag reports whether a tag's key is ours as people write it. KMS tells
// Keymend from keymend; people don't, nor does IAM (aws:ResourceTag/keymend).
func isTag(key string) bool { return strings.EqualFold(strings.TrimSpace(key), Tag) }

// ignored reads the owner's refusal generously: what was meant to stop a robot
// has to stop it.
func (in Input) ignored() bool { return ignores(in.KeyTags) }

func ignores(tags map[string]string) bool {
	for key, value := range tags {
		if isTag(key) && strings.EqualFold(strings.TrimSpace(value), TagIgnore) {
			return true
		}
	}
	return false
}

// oddTag returns a tag that is ours and not consent to the letter, as
// "key=value"; "" = there is none. Whoever wrote it meant something.
func (in Input) oddTag() string { return oddOf(in.KeyTags) }

func oddOf(tags map[string]string) string {
	var odd []string
	for key, value := range tags {
		if isTag(key) && (key != Tag || value != TagRemediate) {
			odd = append(odd, key+"="+value)
		}
	}
	slices.Sort(odd)
	return strings.Join(odd, ", ")
}

// Named are the accounts that a tag lists, TagAccounts or TagCopy.
type Named struct {
	Tag      string
	Accounts []string
}

// EnrolCommand is the one command by which a key's owner lets Keymend open it
// unattended; for other accounts, it names them, too.
func EnrolCommand(keyARN string, others ...Named) string {
	tags := "TagKey=" + Tag + ",TagValue=" + TagRemediate
	for _, n := range others {
		tags += fmt.Sprintf(" 'TagKey=%s,TagValue=%s'", n.Tag, strings.Join(n.Accounts, " "))
	}
	return fmt.Sprintf("aws kms tag-resource --key-id %s --tags %s --region %s", keyARN, tags, arn.Region(keyARN))
}
