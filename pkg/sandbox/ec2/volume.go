package ec2

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// snapshotTime is how long a snapshot stays pending.
const snapshotTime = time.Minute

// CreateVolume makes a volume, and asks KMS for its key as the caller. A key
// that KMS refuses leaves a volume in the state error.
func (s *Service) CreateVolume(ctx context.Context, in *ec2.CreateVolumeInput) (*ec2.CreateVolumeOutput, error) {
	c := wire.CallerOf(ctx)
	p := placeOf(c)
	d := device{snapshot: aws.ToString(in.SnapshotId), encrypted: aws.ToBool(in.Encrypted), key: aws.ToString(in.KmsKeyId)}
	s.mu.Lock()
	src, err := s.sourceOf(p, d)
	st := s.store(p)
	set := settings{byDefault: st.encryptByDefault, defaultKey: st.chosenKey(), account: p.account}
	id := s.newID("vol")
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	n, err := decide(d, src, set)
	if err != nil {
		return nil, err
	}
	v := types.Volume{
		VolumeId: &id, AvailabilityZone: in.AvailabilityZone, Size: in.Size, SnapshotId: new(d.snapshot), VolumeType: in.VolumeType,
		Encrypted: new(n.volume != ""), CreateTime: new(s.clock.Now()), State: types.VolumeStateAvailable, OwnerId: &p.account,
		Attachments: []types.VolumeAttachment{},
	}
	complete(&v, src)
	if n.volume != "" {
		key, ok := s.ask(c, n, id, "")
		if !ok {
			v.State = types.VolumeStateError
		}
		v.KmsKeyId = &key
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.volumes.add(id, &v)
	st.specified(id, types.ResourceTypeVolume, in.TagSpecifications)
	return &ec2.CreateVolumeOutput{
		VolumeId: v.VolumeId, AvailabilityZone: v.AvailabilityZone, Size: v.Size, SnapshotId: v.SnapshotId, VolumeType: v.VolumeType,
		Encrypted: v.Encrypted, KmsKeyId: v.KmsKeyId, CreateTime: v.CreateTime, State: types.VolumeStateCreating, Tags: st.tags[id],
	}, nil
}

// complete fills in what a request may leave to AWS.
func complete(v *types.Volume, src *types.Snapshot) {
	if v.Size == nil {
		v.Size = new(int32(8))
		if src != nil {
			v.Size = src.VolumeSize
		}
	}
	if v.VolumeType == "" {
		v.VolumeType = types.VolumeTypeGp2
	}
}

// DescribeVolumes lists volumes.
func (s *Service) DescribeVolumes(ctx context.Context, in *ec2.DescribeVolumesInput) (*ec2.DescribeVolumesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(wire.CallerOf(ctx)))
	q := query{in.VolumeIds, in.Filters, in.MaxResults, in.NextToken}
	page, next, err := describe(&st.volumes, q, func(id string, v *types.Volume) types.Volume {
		shown := *v
		shown.Tags = st.tags[id]
		return shown
	})
	return &ec2.DescribeVolumesOutput{Volumes: page, NextToken: next}, err
}

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

// DescribeSnapshots lists the account's own snapshots; others' aren't shared in
// the sandbox yet.
func (s *Service) DescribeSnapshots(ctx context.Context, in *ec2.DescribeSnapshotsInput) (*ec2.DescribeSnapshotsOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	if !ownedBy(p.account, in.OwnerIds) {
		return &ec2.DescribeSnapshotsOutput{}, nil
	}
	q := query{in.SnapshotIds, in.Filters, in.MaxResults, in.NextToken}
	page, next, err := describe(&st.snapshots, q, func(id string, snap *types.Snapshot) types.Snapshot {
		shown := *snap
		shown.Tags = st.tags[id]
		return shown
	})
	return &ec2.DescribeSnapshotsOutput{Snapshots: page, NextToken: next}, err
}

// ownedBy tells whether what an account owns is asked for.
func ownedBy(account string, owners []string) bool {
	return len(owners) == 0 || oneOf("self", owners) || oneOf(account, owners)
}

func noVolume(id string) error {
	return wire.Errorf("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
}

func noSnapshot(id string) error {
	if !strings.HasPrefix(id, "snap-") {
		return wire.Errorf("InvalidParameterValue", "Value (%s) for parameter snapshotId is invalid. Expected: 'snap-...'.", id)
	}
	return wire.Errorf("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
}
