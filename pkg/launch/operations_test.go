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
