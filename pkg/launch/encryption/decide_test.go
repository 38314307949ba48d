package encryption_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/launch/encryption"
)

const (
	own     = "111122223333"
	other   = "444455556666"
	defKey  = "arn:aws:kms:eu-west-1:" + own + ":key/00000000-0000-0000-0000-00000000000d"
	snapKey = "arn:aws:kms:eu-west-1:" + own + ":key/00000000-0000-0000-0000-000000000005"
	farKey  = "arn:aws:kms:eu-west-1:" + other + ":key/00000000-0000-0000-0000-00000000000f"
	multi   = "arn:aws:kms:eu-west-1:" + own + ":key/mrk-0123456789abcdef0123456789abcdef"
	named   = "alias/platform-ebs"
)

// a need is a use without its sentence.
type need struct {
	Key        string
	Purpose    encryption.Purpose
	Operations string
}

const (
	fresh  = "CreateGrant GenerateDataKeyWithoutPlaintext"
	rekey  = "CreateGrant GenerateDataKeyWithoutPlaintext ReEncryptTo"
	source = "CreateGrant Decrypt ReEncryptFrom"
)

func needs(o encryption.Outcome) []need {
	var out []need
	for _, u := range o.Uses {
		out = append(out, need{u.KeyID, u.Purpose, strings.Join(u.Operations, " ")})
	}
	return out
}

func volume(key, operations string) need { return need{key, encryption.Volume, operations} }
func from(key string) need               { return need{key, encryption.Source, source} }

// TestDecide is AWS's table, row by row, then its special cases.
func TestDecide(t *testing.T) {
	t.Parallel()
	yes, no := new(true), new(false)
	plain := &encryption.Snapshot{ID: "snap-1", OwnerID: other, Visible: true}
	ownSnap := &encryption.Snapshot{ID: "snap-1", OwnerID: own, Encrypted: true, KeyARN: snapKey, Visible: true}
	ownFarKey := &encryption.Snapshot{ID: "snap-1", OwnerID: own, Encrypted: true, KeyARN: farKey, Visible: true}
	ownMulti := &encryption.Snapshot{ID: "snap-1", OwnerID: own, Encrypted: true, KeyARN: multi, Visible: true}
	foreign := &encryption.Snapshot{ID: "snap-1", OwnerID: other, Encrypted: true, KeyARN: farKey, Visible: true}
	keyless := &encryption.Snapshot{ID: "snap-1", OwnerID: other, Encrypted: true, Visible: true}
	for _, tc := range []struct {
		name             string
		snap             *encryption.Snapshot
		hidden           *bool // an invisible snapshot, as the image tells of it
		invisible, named bool
		key              string
		encrypted        *bool
		byDefault        bool
		def              string
		want             []need
		because          string // in the volume's sentence, or NoNeed
		refused, unknown string
	}{
		{name: "empty, nothing said", because: "not encrypted"},
		{name: "empty, Encrypted=false", encrypted: no, because: "not encrypted"},
		{name: "unencrypted, nothing said", snap: plain, because: "not encrypted"},
		{name: "empty, Encrypted", encrypted: yes, want: []need{volume(defKey, fresh)}, because: "Encrypted without KmsKeyId in lt-1 v3, so the account's default EBS key " + defKey},
		{name: "empty, Encrypted, by default", encrypted: yes, byDefault: true, want: []need{volume(defKey, fresh)}, because: "Encrypted without KmsKeyId"},
		{name: "unencrypted, Encrypted", snap: plain, encrypted: yes, want: []need{volume(defKey, fresh)}, because: "default EBS key"},
		{name: "empty, by default", byDefault: true, want: []need{volume(defKey, fresh)}, because: "encryption by default is on"},
		{name: "unencrypted, Encrypted=false, by default", snap: plain, encrypted: no, byDefault: true, want: []need{volume(defKey, fresh)}, because: "encryption by default is on"},
		{name: "empty, K", key: named, encrypted: yes, want: []need{volume(named, fresh)}, because: "/dev/xvda: KmsKeyId in lt-1 v3"},
		{name: "unencrypted, K, by default", snap: plain, key: named, encrypted: yes, byDefault: true, want: []need{volume(named, fresh)}, because: "KmsKeyId in lt-1 v3"},
		{name: "own, nothing said", snap: ownSnap, want: []need{volume(snapKey, fresh)}, because: "keeps the key of snapshot snap-1"},
		{name: "own, by default", snap: ownSnap, byDefault: true, want: []need{volume(snapKey, fresh)}, because: "keeps the key"},
		{name: "own, Encrypted", snap: ownSnap, encrypted: yes, want: []need{volume(snapKey, fresh)}, because: "keeps the key"},
		{name: "own, K", snap: ownSnap, key: defKey, encrypted: yes, want: []need{volume(defKey, rekey), from(snapKey)}, because: "KmsKeyId in"},
		{name: "foreign, nothing said", snap: foreign, want: []need{volume(defKey, rekey), from(farKey)}, because: "snapshot snap-1 of account 444455556666 is encrypted"},
		{name: "foreign, Encrypted, by default", snap: foreign, encrypted: yes, byDefault: true, want: []need{volume(defKey, rekey), from(farKey)}, because: "default EBS key"},
		{name: "foreign, K", snap: foreign, key: named, encrypted: yes, want: []need{volume(named, rekey), from(farKey)}, because: "KmsKeyId in"},
		{name: "K without Encrypted", key: named, refused: "InvalidParameterDependency"},
		{name: "K, Encrypted=false, own", snap: ownSnap, key: named, encrypted: no, refused: "/dev/xvda: KmsKeyId without Encrypted in lt-1 v3"},

		{name: "own snapshot under a foreign key", snap: ownFarKey, want: []need{volume(farKey, fresh)}, because: "keeps the key"},
		{name: "own, K is its key's ARN", snap: ownSnap, key: snapKey, encrypted: yes, want: []need{volume(snapKey, fresh)}, because: "also the key of snapshot"},
		{name: "own, K is its key's id", snap: ownSnap, key: "00000000-0000-0000-0000-000000000005", encrypted: yes, want: []need{volume("00000000-0000-0000-0000-000000000005", fresh)}, because: "also the key of snapshot"},
		{name: "own under a foreign key, K is that id in the own account", snap: ownFarKey, key: "00000000-0000-0000-0000-00000000000f", encrypted: yes, want: []need{volume("00000000-0000-0000-0000-00000000000f", rekey), from(farKey)}},
		{name: "own, K an alias that may be its key", snap: ownSnap, key: named, encrypted: yes, want: []need{volume(named, rekey), from(snapKey)}},
		{name: "AWS managed default", encrypted: yes, def: "alias/aws/ebs", because: "which AWS manages"},
		{name: "AWS managed default as an alias ARN, by default", byDefault: true, def: "arn:aws:kms:eu-west-1:" + own + ":alias/aws/ebs", because: "which AWS manages"},
		{name: "default as an alias ARN", encrypted: yes, def: "arn:aws:kms:eu-west-1:" + own + ":alias/ours", want: []need{volume("arn:aws:kms:eu-west-1:"+own+":alias/ours", fresh)}},
		{name: "default as an alias, off", encrypted: yes, def: "alias/ours", want: []need{volume("alias/ours", fresh)}, because: "default EBS key alias/ours"},
		{name: "default as a key ARN, off, foreign", snap: foreign, def: defKey, want: []need{volume(defKey, rekey), from(farKey)}},
		{name: "default as an alias ARN, off, foreign", snap: foreign, def: "arn:aws:kms:eu-west-1:" + own + ":alias/ours", want: []need{volume("arn:aws:kms:eu-west-1:"+own+":alias/ours", rekey), from(farKey)}},
		{name: "default is another account's key", encrypted: yes, def: farKey, want: []need{volume(farKey, fresh)}},
		{name: "another account's aws/ebs is no key of ours", byDefault: true, def: "arn:aws:kms:eu-west-1:" + other + ":alias/aws/ebs", want: []need{volume("arn:aws:kms:eu-west-1:"+other+":alias/aws/ebs", fresh)}},
		{name: "K is aws/ebs", key: "alias/aws/ebs", encrypted: yes, want: []need{volume("alias/aws/ebs", fresh)}},
		{name: "K is another Region's", key: strings.Replace(snapKey, "eu-west-1", "us-east-1", 1), encrypted: yes, want: []need{volume(strings.Replace(snapKey, "eu-west-1", "us-east-1", 1), fresh)}},
		{name: "own, K its multi-Region key's primary elsewhere", snap: ownMulti, key: strings.Replace(multi, "eu-west-1", "us-east-1", 1), encrypted: yes, want: []need{volume(strings.Replace(multi, "eu-west-1", "us-east-1", 1), rekey), from(multi)}},
		{name: "own, K its multi-Region key's id", snap: ownMulti, key: "mrk-0123456789abcdef0123456789abcdef", encrypted: yes, want: []need{volume("mrk-0123456789abcdef0123456789abcdef", fresh)}},
		{name: "foreign, K its own key", snap: foreign, key: farKey, encrypted: yes, want: []need{volume(farKey, rekey), from(farKey)}},
		{name: "foreign, AWS managed default", snap: foreign, def: "alias/aws/ebs", want: []need{from(farKey)}, because: "encrypted anew"},
		{name: "invisible, encrypted", invisible: true, hidden: yes, want: []need{volume(defKey, rekey), from("")}, unknown: "snapshot snap-1 is encrypted under a key that can't be told"},
		{name: "invisible, encrypted, K", invisible: true, hidden: yes, key: named, encrypted: yes, want: []need{volume(named, rekey), from("")}, unknown: "can't see the snapshot"},
		{name: "invisible, unencrypted", invisible: true, hidden: no, because: "not encrypted"},
		{name: "invisible, not said", invisible: true, unknown: "may be encrypted under a key"},
		{name: "invisible, not said, K", invisible: true, key: named, encrypted: yes, want: []need{volume(named, rekey)}, unknown: "may be encrypted under a key"},
		{name: "invisible, named", invisible: true, named: true, refused: "/dev/xvda: snapshot snap-1 of lt-1 v3 isn't there, or isn't shared with this account: InvalidSnapshot.NotFound: The snapshot 'snap-1' does not exist."},
		{name: "visible, named", snap: foreign, named: true, want: []need{volume(defKey, rekey), from(farKey)}},
		{name: "foreign, key not shown", snap: keyless, want: []need{volume(defKey, rekey), from("")}, unknown: "EC2 doesn't show under which key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := encryption.Device{Name: "/dev/xvda", EBS: true, KeyID: tc.key, Encrypted: tc.encrypted, SnapshotEncrypted: tc.hidden, Named: tc.named, Source: "lt-1 v3"}
			if tc.snap != nil || tc.invisible {
				d.SnapshotID = "snap-1"
			}
			def := encryption.Defaults{Account: own, KeyID: defKey, ByDefault: tc.byDefault}
			if tc.def != "" {
				def.KeyID = tc.def
			}
			got := encryption.Decide(d, tc.snap, def)
			if diff := cmp.Diff(tc.want, needs(got)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			said := got.NoNeed
			if len(got.Uses) > 0 {
				said = got.Uses[0].Because
			}
			if unseen := tc.invisible && tc.unknown != ""; unseen != (got.Unseen == "snap-1") {
				t.Errorf("unseen: %q", got.Unseen)
			}
			for _, pair := range [][2]string{{said, tc.because}, {got.Refused, tc.refused}, {got.Unknown, tc.unknown}} {
				if !strings.Contains(pair[0], pair[1]) || pair[1] == "" && pair[0] != "" && pair[0] != said {
					t.Errorf("says %q, want %q", pair[0], pair[1])
				}
			}
		})
	}
}

func TestDecideWithoutVolume(t *testing.T) {
	t.Parallel()
	d := encryption.Device{Name: "/dev/sdb", VirtualName: "ephemeral0", Encrypted: new(true)}
	o := encryption.Decide(d, nil, encryption.Defaults{Account: own, KeyID: defKey, ByDefault: true})
	if len(o.Uses) > 0 || o.NoNeed == "" {
		t.Errorf("instance store needs a key: %+v", o)
	}
}

// TestOperationsAreSorted: they are compared and hashed.
func TestOperationsAreSorted(t *testing.T) {
	t.Parallel()
	for _, operations := range []string{fresh, rekey, source} {
		if !slices.IsSorted(strings.Fields(operations)) {
			t.Errorf("%s", operations)
		}
	}
}

// TestDecideUntold: what isn't told is unknown, unless it makes no difference.
func TestDecideUntold(t *testing.T) {
	t.Parallel()
	yes, no := new(true), new(false)
	untold := &encryption.Snapshot{ID: "snap-1", Untold: true}
	ofSnapshot := "of snapshot snap-1 isn't told whether it is encrypted"
	for name, tc := range map[string]struct {
		device  encryption.Device
		snap    *encryption.Snapshot
		def     encryption.Defaults
		want    []need
		unknown string
	}{
		"neither is told":              {unknown: "whether EBS encryption by default is on isn't told", def: encryption.Defaults{KeyUntold: true, ByDefaultUntold: true}},
		"whether isn't told":           {unknown: "whether EBS encryption by default is on isn't told", def: encryption.Defaults{KeyID: defKey, ByDefaultUntold: true}},
		"whether, on AWS's key":        {def: encryption.Defaults{KeyID: "alias/aws/ebs", ByDefaultUntold: true}},
		"which isn't told, and asked":  {device: encryption.Device{Encrypted: yes}, unknown: "which that is isn't told", def: encryption.Defaults{KeyUntold: true}},
		"which isn't told, and off":    {def: encryption.Defaults{KeyUntold: true}},
		"neither, and K":               {device: encryption.Device{Encrypted: yes, KeyID: named}, want: []need{volume(named, fresh)}, def: encryption.Defaults{KeyUntold: true, ByDefaultUntold: true}},
		"snapshot":                     {snap: untold, unknown: ofSnapshot, def: encryption.Defaults{KeyID: defKey}},
		"snapshot, named":              {device: encryption.Device{Named: true}, snap: untold, unknown: ofSnapshot, def: encryption.Defaults{KeyID: defKey}},
		"snapshot, and K":              {device: encryption.Device{Encrypted: yes, KeyID: named}, snap: untold, want: []need{volume(named, fresh)}, unknown: ofSnapshot},
		"snapshot, image: encrypted":   {device: encryption.Device{SnapshotEncrypted: yes}, snap: untold, unknown: ofSnapshot},
		"snapshot, image: unencrypted": {device: encryption.Device{SnapshotEncrypted: no}, snap: untold},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.device.Name, tc.device.EBS, tc.device.Source = "/dev/xvda", true, "lt-1 v3"
			if tc.snap != nil {
				tc.device.SnapshotID = tc.snap.ID
			}
			tc.def.Account = own
			got := encryption.Decide(tc.device, tc.snap, tc.def)
			if diff := cmp.Diff(tc.want, needs(got)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if (tc.unknown == "") != (got.Unknown == "") || !strings.Contains(got.Unknown, tc.unknown) || got.Refused != "" || got.Unseen != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}
