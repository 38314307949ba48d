package ec2

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// snapshotTime is how long a snapshot stays pending.
const snapshotTime = time.Minute

// CreateSnapshot makes a snapshot under its volume's key; it is completed a
// minute later.
func (s *Service) CreateSnapshot(ctx context.Context, in *ec2.CreateSnapshotInput) (*ec2.CreateSnapshotOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	v := st.volumes.byID[aws.ToString(in.VolumeId)]
	if v == nil {
		return nil, noVolume(aws.ToString(in.VolumeId))
	}
	if v.State == types.VolumeStateError {
		return nil, wire.Errorf("IncorrectState", "Volume '%s' is in the error state.", *v.VolumeId)
	}
	id := s.newID("snap")
	snap := types.Snapshot{
		SnapshotId: &id, VolumeId: v.VolumeId, VolumeSize: v.Size, Encrypted: v.Encrypted, KmsKeyId: v.KmsKeyId, OwnerId: &p.account,
		Description: new(aws.ToString(in.Description)), StartTime: new(s.clock.Now()), State: types.SnapshotStatePending, Progress: new(""),
		StorageTier: types.StorageTierStandard,
	}
	st.snapshots.add(id, &snap)
	st.specified(id, types.ResourceTypeSnapshot, in.TagSpecifications)
	s.clock.After(snapshotTime, func() { s.finish(&snap) })
	return &ec2.CreateSnapshotOutput{
		SnapshotId: &id, VolumeId: snap.VolumeId, VolumeSize: snap.VolumeSize, Encrypted: snap.Encrypted, KmsKeyId: snap.KmsKeyId, OwnerId: snap.OwnerId,
		Description: snap.Description, StartTime: snap.StartTime, State: snap.State, Progress: snap.Progress, Tags: st.tags[id],
	}, nil
}

func (s *Service) finish(snap *types.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap.State, snap.Progress, snap.CompletionTime = types.SnapshotStateCompleted, new("100%"), new(s.clock.Now())
}

// DescribeSnapshots lists the snapshots that an account may make volumes of.
func (s *Service) DescribeSnapshots(ctx context.Context, in *ec2.DescribeSnapshotsInput) (*ec2.DescribeSnapshotsOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := seen(s, p, snapshotsOf, in.SnapshotIds)
	if err != nil {
		return nil, err
	}
	all := []types.Snapshot{}
	for _, one := range found {
		snap := *one.v
		snap.Tags = one.tagsFor(p.account)
		ok, err := matches(in.Filters, snapshotFields(snap))
		if err != nil {
			return nil, err
		}
		// "self for snapshots for which you own or have explicit permissions" (API reference)
		own := oneOf("self", in.RestorableByUserIds) && one.owner.account == p.account
		if ok && one.owned(p, in.OwnerIds) && (own || one.usable(p, in.RestorableByUserIds)) {
			all = append(all, snap)
		}
	}
	snapshots, next, err := page(all, query{limit: in.MaxResults, token: in.NextToken})
	return &ec2.DescribeSnapshotsOutput{Snapshots: snapshots, NextToken: next}, err
}

// snapshotFields are the filters of DescribeSnapshots that are in the sandbox.
func snapshotFields(snap types.Snapshot) map[string]string {
	return tagged(map[string]string{
		"snapshot-id": *snap.SnapshotId, "owner-id": *snap.OwnerId, "volume-id": aws.ToString(snap.VolumeId), "status": string(snap.State),
		"encrypted": strconv.FormatBool(aws.ToBool(snap.Encrypted)), "description": aws.ToString(snap.Description),
	}, snap.Tags)
}

// DeleteSnapshot removes a snapshot of the account's own that no image uses, not
// even a disabled one.
func (s *Service) DeleteSnapshot(ctx context.Context, in *ec2.DeleteSnapshotInput) (*ec2.DeleteSnapshotOutput, error) {
	id := aws.ToString(in.SnapshotId)
	return &ec2.DeleteSnapshotOutput{}, s.onSnapshot(wire.CallerOf(ctx), id, func(st *store, _ *types.Snapshot) error {
		for _, img := range st.images.every() {
			for _, m := range img.BlockDeviceMappings {
				if m.Ebs != nil && aws.ToString(m.Ebs.SnapshotId) == id {
					return wire.Errorf("InvalidSnapshot.InUse", "The snapshot %s is currently in use by %s", id, *img.ImageId)
				}
			}
		}
		if st.lingering[id] > 0 {
			st.lingering[id]--
			return wire.Errorf("InvalidSnapshot.InUse", "The snapshot %s is currently in use", id)
		}
		st.snapshots.remove(id)
		delete(st.tags, id)
		delete(st.shared, id)
		return nil
	})
}

// onSnapshot has f look at or change a snapshot of the caller's own, under the
// lock. Others' aren't there for it, shared or not: so it was seen of one that
// isn't shared.
func (s *Service) onSnapshot(c *wire.Caller, id string, f func(*store, *types.Snapshot) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(c))
	snap := st.snapshots.byID[id]
	if snap == nil {
		return noSnapshot(id)
	}
	return f(st, snap)
}

func noSnapshot(id string) error {
	if !strings.HasPrefix(id, "snap-") {
		return wire.Errorf("InvalidParameterValue", "Value (%s) for parameter snapshotId is invalid. Expected: 'snap-...'.", id)
	}
	return wire.Errorf("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
}
