package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// CopySnapshot copies a snapshot that the account sees in any Region into the
// caller's. What KMS says shows on the copy, a minute later.
//
// A source that isn't there is taken too, and shows on the copy: so it was
// recorded of snapshots that aren't shared.
func (s *Service) CopySnapshot(ctx context.Context, in *ec2.CopySnapshotInput) (*ec2.CopySnapshotOutput, error) {
	if in.SourceRegion == nil || in.SourceSnapshotId == nil {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameters SourceRegion and SourceSnapshotId")
	}
	if in.DestinationOutpostArn != nil || in.DestinationAvailabilityZone != nil {
		return nil, wire.Errorf("NotInTheSandbox", "copies into Outposts and Local Zones are not in the sandbox")
	}
	if err := taggable(in.TagSpecifications, types.ResourceTypeSnapshot); err != nil {
		return nil, err
	}
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	one, err := s.copySnapshot(placeOf(c), in)
	if err != nil {
		return nil, err
	}
	s.carry(c, []*snapshotCopy{one}, func(bool) {})
	return &ec2.CopySnapshotOutput{SnapshotId: one.copy.SnapshotId, Tags: s.store(placeOf(c)).tags[*one.copy.SnapshotId]}, nil
}

// copySnapshot starts a copy. The caller holds s.mu.
func (s *Service) copySnapshot(p place, in *ec2.CopySnapshotInput) (*snapshotCopy, error) {
	st := s.store(p)
	if err := unencryptable(in.Encrypted, in.KmsKeyId); err != nil {
		return nil, err
	}
	found, err := seen(s, place{p.account, *in.SourceRegion}, snapshotsOf, []string{*in.SourceSnapshotId})
	if err != nil {
		lost := s.newCopy(st, nil, need{}, aws.ToString(in.Description), in.TagSpecifications)
		return &snapshotCopy{copy: lost, failure: "Source snapshot is not found"}, nil //nolint:nilerr // EC2 tells it on the copy
	}
	src := found[0].v
	if src.State != types.SnapshotStateCompleted { // likely; no such refusal is recorded
		return nil, wire.Errorf("IncorrectState", "Snapshot '%s' is not in the completed state.", *src.SnapshotId)
	}
	if err := unencryptable(in.Encrypted, in.KmsKeyId, src); err != nil {
		return nil, err
	}
	n, err := keysOfCopy(src, *in.SourceRegion, p, device{encrypted: aws.ToBool(in.Encrypted), key: aws.ToString(in.KmsKeyId)}, st.settings())
	if err != nil {
		return nil, err
	}
	snap := s.newCopy(st, src.VolumeSize, n, aws.ToString(in.Description), in.TagSpecifications)
	return &snapshotCopy{copy: snap, from: *in.SourceRegion, need: n}, nil
}
