// Package copies plans how a group launches without a key of another account:
// by a copy, under a key of its own account, of the image or snapshot that it
// launches from, and by a launch template version that names the copy. It is the
// third solution of AWS's page on the failure.
//
//	what can't be changed for the group, or copied     → Stop, with the next step
//	a copy that failed, or snapshots without an image  → RemoveCopy
//	a source without a copy                            → CopyImage, CopySnapshot
//	a copy that isn't ready                            → Wait
//	every copy ready, no version that names them       → NewTemplateVersion
//	…, a version, and $Default may be moved to it      → SetDefaultVersion
//	…, a version, and the group has to be pointed at it → Stop, with the command
//
// Every row is about what is there now. An interrupted run begins again with the
// row that fits by then.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
package copies

import (
	"encoding/json"

	step "keymend/pkg/kind/copies"
)

// A Case is one key of another account that a group's launch needs, with all that
// is there to do without it.
type Case struct {
	Account, Region, Group string
	Key                    string // ARN of the other account's key
	CopyKey                Key    // of the group's account
	CopyKeyProblem         string // why it can't be taken; "" = it can
	MoveDefault            bool   // $Default may be moved though other groups use it
	Ways                   []Way
	// Keys are those that the sources' data lies under, Key among them, with what
	// their owners say.
	Keys []Key
}

// A Key is one key, as far as its owner's consent goes.
type Key struct {
	ARN        string
	Managed    bool // by AWS
	Tags       map[string]string
	Unreadable string // why the tags couldn't be read; "" = they were
}

// A Way is one of the ways in which the group launches, as far as it needs the
// key. Sources, KeyIDs and Default say for what it needs it.
type Way struct {
	Name          string // as people know it, "lt-0c11 v17"
	Configuration string // launch configuration; "" = a template
	Template      Template
	Asked         string // the version as the group names it: $Latest, $Default or a number
	Mixed         bool   // named by a mixed instances policy
	Override      bool   // the image is named by an override of that policy
	Parameter     string // resolve:ssm:…, where the template names its image so; "" = it doesn't
	Image         string // the image in force
	Sources       []Source
	KeyIDs        []string // KmsKeyId values of the template's mappings that mean the key
	Default       string   // why, where the key is the account's default EBS key; "" = it isn't
}

// A Source is an image or snapshot whose data lies under the key.
type Source struct {
	ID          string
	Owner       string   // account
	Keys        []string // ARNs of every key that its data lies under
	Hidden      []string // snapshots of it that the group's account can't see
	Marketplace bool
	Gone        bool // it can't be seen any more
	Copies      []Copy
	Orphans     []string // snapshots of copies that are gone
}

// Image reports whether the source is an image; else it is a snapshot.
func (s Source) Image() bool { return step.IsImage(s.ID) }

// A Copy is one that Keymend made of a source, under the copy key.
type Copy struct {
	ID          string
	State       State
	Reason      string            // EC2's, where it failed
	Snapshots   []string          // an image's
	Of          map[string]string // the source's snapshots to those of the copy
	Remediation string
}

// A State says how far a copy is.
type State string

// The states.
const (
	Pending State = "pending"
	Ready   State = "ready"
	Failed  State = "failed"
	Unfit   State = "unfit" // a person disabled it, or it isn't under the copy key
)

// A Template is the version that a way launches from, and what stands around it.
type Template struct {
	ID              string
	Version         int64
	Data            json.RawMessage // as DescribeLaunchTemplateVersions shows it, without nulls
	ManagedBy       string          // who owns the template; "" = nobody known
	Latest, Default int64
	Later           []Version // those made of this one by Keymend
	Groups          []Follower
}

// A Version is a later version of a template.
type Version struct {
	Number      int64
	Description string
	Data        json.RawMessage
}

// A Follower is a group that uses a template.
type Follower struct {
	Group     string
	Version   string // as it names it
	ManagedBy string
	Ignored   bool // tag keymend=ignore
}
