package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// CreateVolume makes a volume, and asks KMS for its key as the caller. A key
// that KMS refuses leaves a volume in the state error.
func (s *Service) CreateVolume(ctx context.Context, in *ec2.CreateVolumeInput) (*ec2.CreateVolumeOutput, error) {
	c := wire.CallerOf(ctx)
	p := placeOf(c)
	d := device{snapshot: aws.ToString(in.SnapshotId), named: true, encrypted: aws.ToBool(in.Encrypted), key: aws.ToString(in.KmsKeyId)}
	s.mu.Lock()
	st := s.store(p)
	src, err := s.sourceOf(p, d, st)
	set := st.settings()
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

func noVolume(id string) error {
	return wire.Errorf("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
}
