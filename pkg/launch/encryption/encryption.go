// Package encryption holds the rules by which EBS chooses the key of a volume
// at launch: the image's and the template's block device mappings merged, then
// one row of AWS's table of encryption outcomes for each device.
//
// The package is pure: no I/O, no clock, no SDK.
//
// Table: https://docs.aws.amazon.com/ebs/latest/userguide/encryption-examples.html
package encryption

// A Device is one block device mapping, of an image or of a template.
type Device struct {
	Name        string // /dev/xvda
	SnapshotID  string // "" = an empty volume, or the image's snapshot
	KeyID       string // KmsKeyId as written; "" = none
	Encrypted   *bool  // nil = not said
	EBS         bool   // false: instance store, or nothing said but the name
	NoDevice    bool   // the template drops the image's device
	VirtualName string // instance store, as in "ephemeral0"; "" = not that
	Source      string // where it is written down, as in "lt-0c11 v3" or "ami-0aa1"

	// SnapshotEncrypted is what an image says about its snapshot, which tells
	// something where the snapshot itself isn't visible. Merge sets it.
	SnapshotEncrypted *bool
	// Named: template or launch configuration name the snapshot themselves, so EC2
	// wants it to be shared with the account. Merge sets it.
	Named bool
}

// A Snapshot is what DescribeSnapshots says about a device's snapshot.
type Snapshot struct {
	ID        string
	OwnerID   string // account id
	Encrypted bool
	KeyARN    string // "" = not encrypted, or not visible
	Visible   bool   // false: this account can't see the snapshot
	Untold    bool   // nothing is known of it, not even whether it is there
}

// Defaults are the account's EBS settings in the Region.
type Defaults struct {
	Account   string
	KeyID     string // GetEbsDefaultKmsKeyId: alias/aws/ebs, a key ARN or an alias ARN
	ByDefault bool   // GetEbsEncryptionByDefault

	KeyUntold       bool // KeyID isn't known
	ByDefaultUntold bool // ByDefault isn't known
}

// An Outcome is what one device comes to at launch.
type Outcome struct {
	Uses    []Use  // the keys needed, the volume's first; none where NoNeed
	NoNeed  string // why the role needs no key for it, in words; "" = it does, or Refused
	Refused string // EC2's refusal of the whole launch; "" = none
	Unknown string // what can't be told; "" = nothing
	// Unseen is the snapshot that this account can't see and under whose key the
	// volume's source is, or may be, encrypted; "" = there is none.
	Unseen string
}

// A Use is the need of one device for one key.
type Use struct {
	Device     string
	KeyID      string   // as written; "" = encrypted under a key that can't be told
	Purpose    Purpose  // what the key is for
	Operations []string // KMS operations, without "kms:", sorted
	// SameKey are the operations in their place where the device's two keys, one
	// of them written as an alias perhaps, turn out to be one; nil = the same.
	SameKey []string `json:",omitempty"`
	// What brings the key into the launch: KmsKeyId in a template, the account's
	// default EBS key, or the snapshot that the volume is made of.
	Written    bool   `json:",omitempty"`
	Default    bool   `json:",omitempty"`
	SnapshotID string `json:",omitempty"`
	// Named: template or launch configuration name that snapshot themselves; else
	// it is the image's.
	Named   bool   `json:",omitempty"`
	Because string // "/dev/xvda: Encrypted without KmsKeyId in lt-… v3, so the account's default EBS key"
}

// A Purpose says what a key is for.
type Purpose string

// The purposes of a key.
const (
	Volume Purpose = "volume" // encrypts the new volume
	Source Purpose = "source" // decrypts the snapshot it is made from
)
