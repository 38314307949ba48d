package ec2

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// A device is one EBS volume that a launch is to make.
type device struct {
	name      string
	snapshot  string // "" = an empty volume
	named     bool   // the request names the snapshot, and the image doesn't
	encrypted bool   // as the request says; the snapshot's own state isn't in it
	key       string // as the request says; any of the four forms
	ebs       types.EbsBlockDevice
}

// devices merges an image's mapping with a launch's, by device name and field by
// field: an entry without a snapshot keeps the image's, another name adds a
// volume, NoDevice (however empty) drops one, and VirtualName puts an instance
// store volume there, which has no key.
func devices(image, launch []types.BlockDeviceMapping) []device {
	merged := slices.Clone(image)
	for i, m := range merged {
		if m.Ebs != nil && m.Ebs.SnapshotId != nil {
			ebs := *m.Ebs
			ebs.Encrypted = nil // tells of the snapshot; it asks for nothing
			merged[i].Ebs = &ebs
		}
	}
	for _, over := range launch {
		at := slices.IndexFunc(merged, func(m types.BlockDeviceMapping) bool {
			return aws.ToString(m.DeviceName) == aws.ToString(over.DeviceName)
		})
		if at < 0 {
			merged = append(merged, over)
			continue
		}
		merged[at] = merge(merged[at], over)
	}
	var all []device
	for _, m := range merged {
		if m.Ebs == nil || m.NoDevice != nil {
			continue
		}
		all = append(all, device{
			name: aws.ToString(m.DeviceName), snapshot: aws.ToString(m.Ebs.SnapshotId), named: names(launch, m) && !brings(image, m.Ebs.SnapshotId),
			encrypted: aws.ToBool(m.Ebs.Encrypted), key: aws.ToString(m.Ebs.KmsKeyId), ebs: *m.Ebs,
		})
	}
	return all
}

// names tells whether one of a launch's mappings brings the snapshot of a device.
func names(launch []types.BlockDeviceMapping, m types.BlockDeviceMapping) bool {
	return slices.ContainsFunc(launch, func(over types.BlockDeviceMapping) bool {
		return aws.ToString(over.DeviceName) == aws.ToString(m.DeviceName) && over.Ebs != nil && over.Ebs.SnapshotId != nil
	})
}

// brings tells whether an image's own mapping has a snapshot. [?] EC2's console
// sends the image's snapshots again with a launch, so they are taken to be the
// image's still, shared or not; no source says so.
func brings(image []types.BlockDeviceMapping, snapshot *string) bool {
	return slices.ContainsFunc(image, func(m types.BlockDeviceMapping) bool {
		return m.Ebs != nil && snapshot != nil && aws.ToString(m.Ebs.SnapshotId) == *snapshot
	})
}

func merge(base, over types.BlockDeviceMapping) types.BlockDeviceMapping {
	if over.NoDevice != nil || over.VirtualName != nil {
		return over
	}
	if over.Ebs != nil {
		ebs := types.EbsBlockDevice{}
		if base.Ebs != nil {
			ebs = *base.Ebs
		}
		if over.Ebs.KmsKeyId != nil {
			ebs.Encrypted = nil // "submitting a KmsKeyId without also setting the Encrypted parameter results in an error" (EC2 user guide, AMIEncryption)
		}
		overlay(&ebs, *over.Ebs)
		base.Ebs = &ebs
	}
	return base
}

// settings are the account's, as far as they decide a volume's key.
type settings struct {
	account    string
	byDefault  bool
	defaultKey string
}

// A need is the keys that a volume needs: its own, "" where it isn't encrypted,
// and the one that its snapshot is encrypted under, "" where it isn't.
type need struct {
	volume, source string
	foreign        bool // the snapshot is another account's
}

// decide is AWS's table of encryption outcomes
// (https://docs.aws.amazon.com/ebs/latest/userguide/encryption-examples.html):
//
//	a key in the request                        that key
//	a snapshot of one's own, encrypted          the snapshot's key, never the default
//	another account's snapshot, encrypted       the default key
//	Encrypted, or encryption by default         the default key
//	else                                        not encrypted
func decide(d device, source *types.Snapshot, set settings) (need, error) {
	var n need
	own := false
	if source != nil {
		own = *source.OwnerId == set.account
		n.foreign = !own
		n.source = aws.ToString(source.KmsKeyId)
	}
	switch {
	case d.key != "" && !d.encrypted:
		return need{}, wire.Errorf("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	case d.key != "":
		n.volume = d.key
	case n.source != "" && own:
		n.volume = n.source
	case n.source != "" || d.encrypted || set.byDefault:
		n.volume = set.defaultKey
	}
	return n, nil
}

// sourceOf finds the snapshot that a device is made of; nil for an empty volume.
//
// A snapshot of the image's own mapping is there for a launch even where the
// account can't see it ("the system automatically provides the instance access to
// the referenced Amazon EBS snapshots", EC2 user guide, sharingamis-explicit): of
// is the store of the image's owner. One that the request names itself must be
// the account's own, shared with it, or public. The caller holds s.mu.
func (s *Service) sourceOf(p place, d device, of *store) (*types.Snapshot, error) {
	if d.snapshot == "" {
		return nil, nil //nolint:nilnil // an empty volume has no snapshot, and that is no error
	}
	if snap := of.snapshots.byID[d.snapshot]; snap != nil && !d.named {
		return snap, nil
	}
	found, err := seen(s, p, snapshotsOf, []string{d.snapshot})
	if err != nil {
		return nil, err
	}
	return found[0].v, nil
}
