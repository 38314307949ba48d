package encryption_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/launch/encryption"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	yes, no := new(true), new(false)
	root := encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-i", Encrypted: yes, Source: "ami-1"}
	image := func(d ...encryption.Device) []encryption.Device { return d }
	kept := root
	kept.Encrypted, kept.SnapshotEncrypted = nil, yes
	for _, tc := range []struct {
		name                  string
		image, template, want []encryption.Device
	}{
		{"no template", image(root), nil, image(kept)},
		{"key over the image's snapshot", image(root),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, KeyID: named, Encrypted: yes, Source: "lt"}),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-i", SnapshotEncrypted: yes, KeyID: named, Encrypted: yes, Source: "lt"})},
		{"the image's Encrypted isn't the request's", image(root),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, KeyID: named, Source: "lt"}),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-i", SnapshotEncrypted: yes, KeyID: named, Source: "lt"})},
		{"another snapshot", image(root),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-t", Source: "lt"}),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-t", Named: true, Source: "lt"})},
		{"another device with a snapshot", nil,
			image(encryption.Device{Name: "/dev/sdf", EBS: true, SnapshotID: "snap-t", Source: "lt"}),
			image(encryption.Device{Name: "/dev/sdf", EBS: true, SnapshotID: "snap-t", Named: true, Source: "lt"})},
		{"the same snapshot, resent", image(root),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-i", Source: "lt"}),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-i", SnapshotEncrypted: yes, Source: "lt"})},
		{"the same snapshot for another device", image(root),
			image(encryption.Device{Name: "/dev/sdf", EBS: true, SnapshotID: "snap-i", Source: "lt"}),
			image(kept, encryption.Device{Name: "/dev/sdf", EBS: true, SnapshotID: "snap-i", SnapshotEncrypted: yes, Source: "lt"})},
		{"another device adds a volume", image(root),
			image(encryption.Device{Name: "/dev/sda1", EBS: true, Encrypted: yes, Source: "lt"}),
			image(kept, encryption.Device{Name: "/dev/sda1", EBS: true, Encrypted: yes, Source: "lt"})},
		{"NoDevice drops it", image(root), image(encryption.Device{Name: "/dev/xvda", NoDevice: true, Source: "lt"}), nil},
		{"NoDevice of a device that isn't there", image(root), image(encryption.Device{Name: "/dev/sdz", NoDevice: true}), image(kept)},
		{"NoDevice in the image", image(encryption.Device{Name: "/dev/sdb", NoDevice: true}), nil, nil},
		{"the template brings back what the image drops", image(encryption.Device{Name: "/dev/sdb", NoDevice: true, Source: "ami-1"}),
			image(encryption.Device{Name: "/dev/sdb", EBS: true, Encrypted: yes, Source: "lt"}),
			image(encryption.Device{Name: "/dev/sdb", EBS: true, Encrypted: yes, Source: "lt"})},
		{"instance store in the volume's place", image(root),
			image(encryption.Device{Name: "/dev/xvda", VirtualName: "ephemeral0", Source: "lt"}),
			image(encryption.Device{Name: "/dev/xvda", VirtualName: "ephemeral0", Source: "lt"})},
		{"a volume in the instance store's place", image(encryption.Device{Name: "/dev/sdb", VirtualName: "ephemeral0", Source: "ami-1"}),
			image(encryption.Device{Name: "/dev/sdb", EBS: true, Source: "lt"}),
			image(encryption.Device{Name: "/dev/sdb", EBS: true, Source: "lt"})},
		{"nothing but the name", image(root), image(encryption.Device{Name: "/dev/xvda", Source: "lt"}),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-i", SnapshotEncrypted: yes, Source: "lt"})},
		{"an empty encrypted volume of the image", image(encryption.Device{Name: "/dev/sdb", EBS: true, Encrypted: yes, Source: "ami-1"}), nil,
			image(encryption.Device{Name: "/dev/sdb", EBS: true, Encrypted: yes, Source: "ami-1"})},
		{"and a key for it without Encrypted", image(encryption.Device{Name: "/dev/sdb", EBS: true, Encrypted: yes, Source: "ami-1"}),
			image(encryption.Device{Name: "/dev/sdb", EBS: true, KeyID: named, Source: "lt"}),
			image(encryption.Device{Name: "/dev/sdb", EBS: true, KeyID: named, Source: "lt"})},
		{"Encrypted=false", image(root), image(encryption.Device{Name: "/dev/xvda", EBS: true, Encrypted: no, Source: "lt"}),
			image(encryption.Device{Name: "/dev/xvda", EBS: true, SnapshotID: "snap-i", SnapshotEncrypted: yes, Encrypted: no, Source: "lt"})},
		{"a name twice is one volume", nil,
			image(encryption.Device{Name: "/dev/sdb", EBS: true, Source: "lt"}, encryption.Device{Name: "/dev/sdb", EBS: true, Encrypted: yes, Source: "lt"}),
			image(encryption.Device{Name: "/dev/sdb", EBS: true, Encrypted: yes, Source: "lt"})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, encryption.Merge(tc.image, tc.template)); diff != "" {
				t.Errorf("merged (-want +got):\n%s", diff)
			}
		})
	}
}
