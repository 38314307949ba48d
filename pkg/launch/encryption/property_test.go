package encryption_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/launch/encryption"
)

var maybe = rapid.SampledFrom([]*bool{nil, new(true), new(false)}) //nolint:gochecknoglobals // a generator

func devices(from string) *rapid.Generator[[]encryption.Device] {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) encryption.Device {
		d := encryption.Device{
			Name:     rapid.SampledFrom([]string{"/dev/xvda", "/dev/sda1", "/dev/sdb", "/dev/sdc"}).Draw(t, "name"),
			NoDevice: rapid.IntRange(0, 9).Draw(t, "no device") == 0, Source: from,
		}
		if d.EBS = rapid.Bool().Draw(t, "ebs"); d.EBS {
			d.SnapshotID = rapid.SampledFrom([]string{"", "snap-1", "snap-2"}).Draw(t, "snapshot")
			d.KeyID = rapid.SampledFrom([]string{"", "", named, snapKey}).Draw(t, "key")
			d.Encrypted = maybe.Draw(t, "encrypted")
		}
		return d
	}), 0, 4, func(d encryption.Device) string { return d.Name })
}

// TestMergeProperties: names stay distinct, a device that only one side knows
// stays as it is, and merging with nothing twice is merging once.
func TestMergeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		image, template := devices("ami").Draw(t, "image"), devices("lt").Draw(t, "template")
		merged := encryption.Merge(image, template)
		names := map[string]bool{}
		for _, d := range merged {
			if names[d.Name] || d.NoDevice {
				t.Fatalf("%s stands twice, or was dropped: %+v", d.Name, merged)
			}
			names[d.Name] = true
			if has(image, d.Name) {
				continue
			}
			i := slices.IndexFunc(template, func(o encryption.Device) bool { return o.Name == d.Name })
			brought := slices.ContainsFunc(image, func(o encryption.Device) bool { return o.SnapshotID == d.SnapshotID })
			if d.Named != (d.SnapshotID != "" && !brought) {
				t.Fatalf("%+v names its snapshot: the image brings it: %v", d, brought)
			}
			d.Named, d.SnapshotEncrypted = false, nil
			if i < 0 || cmp.Diff(template[i], d) != "" {
				t.Fatalf("%+v isn't the template's", d)
			}
		}
		for _, d := range template {
			if d.NoDevice == names[d.Name] {
				t.Fatalf("%s: NoDevice %v, merged %v", d.Name, d.NoDevice, names[d.Name])
			}
		}
	})
}

func has(devices []encryption.Device, name string) bool {
	return slices.ContainsFunc(devices, func(d encryption.Device) bool { return d.Name == name })
}

// TestDecideProperties: an answer is a refusal, or keys, or no need of any; a
// launch that names a key without Encrypted, or a snapshot that isn't there, is refused and no other is; an
// encrypted volume has a key; the default key is used only where no other is
// named; a snapshot that can't be seen is never passed over in silence; and each use
// says what brings its key.
func TestDecideProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(append(devices("lt").Draw(t, "devices"), encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-1"})).Draw(t, "device")
		d.SnapshotEncrypted = maybe.Draw(t, "snapshot encrypted")
		d.Named = d.SnapshotID != "" && d.SnapshotEncrypted == nil && rapid.Bool().Draw(t, "named")
		var snap *encryption.Snapshot
		if d.SnapshotID != "" && rapid.Bool().Draw(t, "visible") {
			snap = &encryption.Snapshot{ID: d.SnapshotID, OwnerID: rapid.SampledFrom([]string{own, other}).Draw(t, "owner"), Visible: true}
			if snap.Encrypted = rapid.Bool().Draw(t, "encrypted"); snap.Encrypted {
				snap.KeyARN = rapid.SampledFrom([]string{snapKey, farKey}).Draw(t, "its key")
			}
		}
		def := encryption.Defaults{Account: own, KeyID: defKey, ByDefault: rapid.Bool().Draw(t, "by default")}
		o := encryption.Decide(d, snap, def)

		asked := d.Encrypted != nil && *d.Encrypted
		if refused := d.EBS && (d.KeyID != "" && !asked || d.Named && snap == nil); refused != (o.Refused != "") {
			t.Fatalf("refused %q", o.Refused)
		}
		if o.Refused == "" && o.NoNeed == "" && o.Unknown == "" && len(o.Uses) == 0 || o.NoNeed != "" && len(o.Uses) > 0 {
			t.Fatalf("no answer, or two: %+v", o)
		}
		if o.Refused != "" || !d.EBS {
			return
		}
		encrypted := snap != nil && snap.Encrypted
		if (asked || def.ByDefault || encrypted) && (len(o.Uses) == 0 || o.Uses[0].Purpose != encryption.Volume) {
			t.Fatalf("an encrypted volume without a key: %+v", o)
		}
		if encrypted && !slices.ContainsFunc(o.Uses, func(u encryption.Use) bool { return u.KeyID == snap.KeyARN }) {
			t.Fatalf("the snapshot's key is overlooked: %+v", o)
		}
		for _, u := range o.Uses {
			if u.KeyID == defKey && d.KeyID != "" {
				t.Fatalf("the default key, though one is named: %+v", o)
			}
			if u.KeyID == "" && o.Unknown == "" || !strings.HasPrefix(u.Because, d.Name+": ") || !slices.IsSorted(u.Operations) {
				t.Fatalf("unsound: %+v", o)
			}
			written := u.Written && u.KeyID == d.KeyID
			ofSnapshot := u.SnapshotID != "" && u.SnapshotID == d.SnapshotID && u.Named == d.Named && snap != nil && (u.KeyID == snap.KeyARN || written)
			if u.KeyID != "" && !written && !(u.Default && u.KeyID == defKey) && !ofSnapshot {
				t.Fatalf("nothing brings the key into the launch: %+v", u)
			}
		}
		if d.SnapshotID != "" && snap == nil && (d.SnapshotEncrypted == nil || *d.SnapshotEncrypted) && o.Unknown == "" {
			t.Fatalf("passed over in silence: %+v", o)
		}
	})
}
