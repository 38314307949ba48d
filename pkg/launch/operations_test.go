package launch_test

import (
	"slices"
	"testing"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// TestOperationsOfOneKey: an alias that turns out to be the snapshot's own key
// asks for no re-encryption; a foreign snapshot, and a device that overrides bring
// twice, still do.
func TestOperationsOfOneKey(t *testing.T) {
	t.Parallel()
	const own, s = "111122223333", "arn:aws:kms:eu-west-1:111122223333:key/5"
	uses := func(owner, from string) []encryption.Use {
		return encryption.Decide(
			encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-1", KeyID: "alias/ours", Encrypted: new(true), Source: from},
			&encryption.Snapshot{ID: "snap-1", OwnerID: owner, Encrypted: true, KeyARN: s, Visible: true}, encryption.Defaults{Account: own}).Uses
	}
	kept := []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext"}
	anew := []string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
	for name, tc := range map[string]struct{ uses []encryption.Use }{
		"own": {uses: uses(own, "lt-1 v1")}, "foreign": {uses: uses("444455556666", "lt-1 v1")},
		"twice": {uses: append(uses(own, "lt-1 v1"), uses(own, "lt-2 v1")...)},
	} {
		want := anew
		if name == "own" {
			want = kept
		}
		l := launch.Launch{Keys: []launch.Key{{ID: "alias/ours", Uses: tc.uses}}}
		if got := l.Operations(tc.uses); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if (launch.Launch{}).Operations(nil) != nil {
		t.Error("operations of nothing")
	}
}

// TestAnImageWithASnapshotBesideOneWithout: overrides with two images bring the same
// volume twice, of which one is made of a snapshot under another key. What that needs
// counts, too, in whichever order they come.
func TestAnImageWithASnapshotBesideOneWithout(t *testing.T) {
	t.Parallel()
	const own, k, s = "111122223333", "arn:aws:kms:eu-west-1:111122223333:key/4", "arn:aws:kms:eu-west-1:111122223333:key/5"
	source := func(snapshot string) launch.Source {
		return launch.Source{Name: "lt-1 v1", Devices: []encryption.Device{
			{Name: "/dev/sdb", EBS: true, SnapshotID: snapshot, KeyID: k, Encrypted: new(true), Source: "lt-1 v1"},
		}}
	}
	for _, sources := range [][]launch.Source{{source(""), source("snap-1")}, {source("snap-1"), source("")}} {
		l := launch.Launch{Account: own}
		l.Decide(sources, map[string]encryption.Snapshot{"snap-1": {ID: "snap-1", OwnerID: own, Encrypted: true, KeyARN: s, Visible: true}}, encryption.Defaults{Account: own})
		want := []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext", "ReEncryptTo"}
		if got := l.Operations(l.Keys[0].Uses); l.Keys[0].ID != k || !slices.Equal(got, want) || !slices.Equal(l.Keys[0].Operations, want) {
			t.Errorf("%s: %q and %q, want %q", l.Keys[0].ID, got, l.Keys[0].Operations, want)
		}
		if got := l.Keys[0].Uses[0].SameKey; len(l.Keys[0].Uses) != 1 || !slices.Equal(got, []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext"}) {
			t.Errorf("%d uses, and where the keys are one: %q", len(l.Keys[0].Uses), got)
		}
	}
}
