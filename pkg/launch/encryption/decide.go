package encryption

import (
	"fmt"
	"slices"

	"keymend/pkg/arn"
)

// Decide says which keys one merged device needs at launch. snap is the device's
// snapshot; nil where it has none.
//
//	snapshot                 KmsKeyId  Encrypted     by default  volume  the role needs
//	none or unencrypted      -         false/absent  off         plain   nothing
//	none or unencrypted      -         true          any         D       D
//	none or unencrypted      -         false/absent  on          D       D
//	none or unencrypted      K         true          any         K       K
//	own, encrypted under S   -         any           any         S       S
//	own, encrypted under S   K≠S       true          any         K       S and K
//	foreign, under S         -         any           any         D       S and D
//	foreign, under S         K         true          any         K       S and K
//	any                      K         false/absent  any         refused
//	named, not visible       any       any           any         refused
//
// D is the account's default EBS key; "own" is by the snapshot's owner, whose
// key it is doesn't matter. The AWS managed key alias/aws/ebs of the own account
// needs nothing: its own policy lets the whole account in.
//
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-examples.html
func Decide(d Device, snap *Snapshot, def Defaults) Outcome {
	if !d.EBS {
		return Outcome{NoNeed: d.Name + ": no EBS volume"}
	}
	if refused := d.refused(snap); refused != "" {
		return Outcome{Refused: refused}
	}
	switch {
	case d.SnapshotID == "":
		return d.fresh(def)
	case untold(snap):
		return d.untold(def)
	case !visible(snap):
		return d.unseen(def)
	case !snap.Encrypted:
		return d.fresh(def)
	case d.KeyID != "":
		return d.rekeyed(snap, def)
	case snap.OwnerID == def.Account:
		return d.kept(snap)
	}
	return d.foreign(snap, def)
}

// refused returns EC2's refusal of the device; "" = it takes it.
func (d Device) refused(snap *Snapshot) string {
	switch {
	case d.KeyID != "" && !d.asked():
		return fmt.Sprintf("%s: KmsKeyId without Encrypted in %s: InvalidParameterDependency: "+
			"The parameter KmsKeyId requires the parameter Encrypted to be set.", d.Name, d.Source)
	case d.Named && !visible(snap) && !untold(snap):
		return fmt.Sprintf("%s: snapshot %s of %s isn't there, or isn't shared with this account: InvalidSnapshot.NotFound: "+
			"The snapshot '%s' does not exist.; its owner shares it with aws ec2 modify-snapshot-attribute, or name another", d.Name, d.SnapshotID, d.Source, d.SnapshotID)
	}
	return ""
}

func visible(snap *Snapshot) bool { return snap != nil && snap.Visible }

func untold(snap *Snapshot) bool { return snap != nil && snap.Untold }

func (d Device) asked() bool { return d.Encrypted != nil && *d.Encrypted }

// fresh: an empty volume, or one from an unencrypted snapshot.
func (d Device) fresh(def Defaults) Outcome {
	switch {
	case d.KeyID != "":
		return outcome(d.written("", newKeyOperations()))
	case d.asked():
		return d.onDefault(def, "Encrypted without KmsKeyId in "+d.Source, newKeyOperations())
	case def.ByDefaultUntold && (def.KeyUntold || !def.managed()):
		return Outcome{Unknown: d.Name + ": " + d.Source + " has no KmsKeyId, and whether EBS encryption by default is on isn't told"}
	case def.ByDefault:
		return d.onDefault(def, d.Source+" has no KmsKeyId and encryption by default is on", newKeyOperations())
	}
	return Outcome{NoNeed: d.Name + ": not encrypted"}
}

// kept: the account's own snapshot keeps its key, whatever the default is.
func (d Device) kept(snap *Snapshot) Outcome {
	why := fmt.Sprintf("%s has no KmsKeyId, so the volume keeps the key of snapshot %s", d.Source, snap.ID)
	if snap.KeyARN == "" {
		return Outcome{Uses: []Use{d.use("", Volume, why, newKeyOperations())}, Unknown: d.keyNotShown(snap)}
	}
	return outcome(d.use(snap.KeyARN, Volume, why, newKeyOperations()).of(snap.ID, d.Named))
}

// rekeyed: decrypted under the snapshot's key, encrypted under the named one.
func (d Device) rekeyed(snap *Snapshot, def Defaults) Outcome {
	if sameKey(d.KeyID, snap.KeyARN, def.Account) && snap.OwnerID == def.Account {
		return outcome(d.written(", also the key of snapshot "+snap.ID, newKeyOperations()).of(snap.ID, d.Named))
	}
	o := d.withSource(outcome(d.written("", reEncryptToOperations())), snap)
	if snap.OwnerID == def.Account { // then the volume keeps the snapshot's data key
		for i := range o.Uses {
			o.Uses[i].SameKey = newKeyOperations()
		}
	}
	return o
}

// foreign: somebody else's encrypted snapshot lands on the default key,
// encryption by default or not.
func (d Device) foreign(snap *Snapshot, def Defaults) Outcome {
	why := fmt.Sprintf("snapshot %s of account %s is encrypted and %s has no KmsKeyId", snap.ID, snap.OwnerID, d.Source)
	return d.withSource(d.onDefault(def, why, reEncryptToOperations()), snap)
}

func (d Device) withSource(o Outcome, snap *Snapshot) Outcome {
	why := fmt.Sprintf("snapshot %s of account %s is encrypted under it, and is encrypted anew for the volume", snap.ID, snap.OwnerID)
	o.Uses = append(o.Uses, d.use(snap.KeyARN, Source, why, sourceOperations()).of(snap.ID, d.Named))
	if snap.KeyARN == "" {
		o.Unknown = d.keyNotShown(snap)
	}
	o.NoNeed = ""
	return o
}

// unseen: a shared image doesn't share its snapshots, so they can't be looked
// at. An own snapshot always can, so it is somebody else's, or deleted.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
func (d Device) unseen(def Defaults) Outcome {
	if d.SnapshotEncrypted != nil && !*d.SnapshotEncrypted {
		return d.fresh(def)
	}
	certain := d.SnapshotEncrypted != nil
	why := fmt.Sprintf("snapshot %s, which this account can't see, is encrypted and %s has no KmsKeyId", d.SnapshotID, d.Source)
	var o Outcome
	switch {
	case d.KeyID != "":
		o = outcome(d.written("", reEncryptToOperations()))
	case certain:
		o = d.onDefault(def, why, reEncryptToOperations())
	default:
		o = d.fresh(def)
	}
	o.NoNeed = ""
	source := fmt.Sprintf("snapshot %s is encrypted under it, and is encrypted anew for the volume", d.SnapshotID)
	if certain {
		o.Uses = append(o.Uses, d.use("", Source, source, sourceOperations()))
	}
	o.Unknown, o.Unseen = d.notVisible(certain), d.SnapshotID
	return o
}

// untold is what holds whatever the snapshot is.
func (d Device) untold(def Defaults) Outcome {
	if d.SnapshotEncrypted != nil && !*d.SnapshotEncrypted {
		return d.fresh(def)
	}
	var o Outcome
	if d.KeyID != "" {
		o = outcome(d.written("", newKeyOperations()))
	}
	o.Unknown = fmt.Sprintf("%s: of snapshot %s isn't told whether it is encrypted, and under which key", d.Name, d.SnapshotID)
	return o
}

func (d Device) notVisible(encrypted bool) string {
	what := "is encrypted under a key that can't be told"
	if !encrypted {
		what = "may be encrypted under a key that can't be told"
	}
	return fmt.Sprintf("%s: snapshot %s %s, since this account can't see the snapshot (its image is shared without it, or it is deleted)", d.Name, d.SnapshotID, what)
}

// Likely is the use of a key that something else than the snapshot points to as
// the key of a snapshot that this account can't see.
func Likely(devices, key, why string) Use {
	return Use{Device: devices, KeyID: key, Purpose: Source, Operations: sourceOperations(), Because: devices + ": " + why}
}

func (d Device) keyNotShown(snap *Snapshot) string {
	return fmt.Sprintf("%s: snapshot %s is encrypted, but EC2 doesn't show under which key; its owner, account %s, can tell", d.Name, snap.ID, snap.OwnerID)
}

// onDefault: the default key, which needs nothing while it is AWS's own.
func (d Device) onDefault(def Defaults, why string, operations []string) Outcome {
	if def.KeyUntold {
		return Outcome{Unknown: d.Name + ": " + why + ", so the account's default EBS key, and which that is isn't told"}
	}
	why += ", so the account's default EBS key " + def.KeyID
	if def.managed() {
		return Outcome{NoNeed: d.Name + ": " + why + ", which AWS manages and which lets the whole account in"}
	}
	use := d.use(def.KeyID, Volume, why, operations)
	use.Default = true
	return outcome(use)
}

// written is the use of the key that a template names.
func (d Device) written(also string, operations []string) Use {
	use := d.use(d.KeyID, Volume, "KmsKeyId in "+d.Source+also, operations)
	use.Written = true
	return use
}

// of is the use as that of a snapshot's key.
func (u Use) of(snapshot string, named bool) Use {
	u.SnapshotID, u.Named = snapshot, named
	return u
}

func (d Device) use(key string, purpose Purpose, why string, operations []string) Use {
	return Use{Device: d.Name, KeyID: key, Purpose: purpose, Operations: operations, Because: d.Name + ": " + why}
}

func outcome(uses ...Use) Outcome { return Outcome{Uses: uses} }

// managed reports whether the default key is the account's alias/aws/ebs, by name
// or ARN. Names that begin with alias/aws/ are AWS's alone. As a key's ARN it
// looks like any key; then DescribeKey tells.
func (def Defaults) managed() bool {
	if def.KeyID == "alias/aws/ebs" {
		return true
	}
	a, ok := arn.Parse(def.KeyID)
	return ok && a.Account == def.Account && a.Resource == "alias/aws/ebs"
}

// sameKey reports whether a key as written is the key of that ARN for certain.
// An alias may be: then both are looked at.
func sameKey(written, key, account string) bool {
	if written == key {
		return key != ""
	}
	a, ok := arn.Parse(key)
	return ok && a.Account == account && a.Resource == "key/"+written
}

// newKeyOperations are those that EBS calls as the role for a volume whose data
// key is made anew, or kept from a snapshot under the same key. A denied Decrypt
// doesn't stop the launch: EC2's own role decrypts, under the grant.
// https://docs.aws.amazon.com/kms/latest/developerguide/services-ebs.html
//
// What a plan grants is wider: the eight operations of AWS's procedure.
func newKeyOperations() []string {
	return []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext"}
}

// reEncryptToOperations are those on the volume's key where the snapshot is
// under another: ReEncrypt is authorised as ReEncryptFrom on the one and
// ReEncryptTo on the other.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
func reEncryptToOperations() []string {
	return sorted(append(newKeyOperations(), "ReEncryptTo"))
}

// sourceOperations are those on the snapshot's key then.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
func sourceOperations() []string {
	return []string{"CreateGrant", "Decrypt", "ReEncryptFrom"}
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
