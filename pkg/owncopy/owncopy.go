// Package owncopy has the steps by which a group gets a copy, under a key of its
// own account, of what it launches from, and what a launch template version is
// that names the copy. What step comes next is pkg/owncopy/pipeline's.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
package owncopy

// A Tag is a tag's key by which a copy is found again. An image's copied
// snapshots have the image's tags.
type Tag string

// The tags.
const (
	TagOf          Tag = "keymend-copy-of"     // id of the image or snapshot that it is a copy of
	TagKey         Tag = "keymend-copy-key"    // ARN of the key that it is under
	TagGroup       Tag = "keymend-group"       // the Auto Scaling group that it was made for
	TagRemediation Tag = "keymend-remediation" // id of the remediation that made it
)

// Tags are those of the copy that a remediation makes.
func (s Copying) Tags(remediation string) map[Tag]string {
	return map[Tag]string{TagOf: s.Source, TagKey: s.CopyKey, TagGroup: s.Group, TagRemediation: remediation}
}
