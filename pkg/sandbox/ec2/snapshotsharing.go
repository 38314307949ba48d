package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// ModifySnapshotAttribute shares a snapshot, or takes it back. Its key isn't
// shared with it. Both refusals are recorded
// (github.com/hashicorp/packer issue 7499; AWS's Security Hub workshop,
// module 6).
func (s *Service) ModifySnapshotAttribute(ctx context.Context, in *ec2.ModifySnapshotAttributeInput) (*ec2.ModifySnapshotAttributeOutput, error) {
	if in.Attribute == types.SnapshotAttributeNameProductCodes {
		return nil, wire.Errorf("NotInTheSandbox", "only the attribute createVolumePermission is in the sandbox")
	}
	var given *types.LaunchPermissionModifications
	if in.CreateVolumePermission != nil {
		given = new(convert[types.LaunchPermissionModifications](*in.CreateVolumePermission))
	}
	m, err := modifications(given, in.OperationType, in.UserIds, in.GroupNames)
	if err != nil {
		return nil, err
	}
	c := wire.CallerOf(ctx)
	id, key := aws.ToString(in.SnapshotId), ""
	if err := s.onSnapshot(c, id, func(_ *store, snap *types.Snapshot) error {
		key = aws.ToString(snap.KmsKeyId)
		return nil
	}); err != nil {
		return nil, err
	}
	if key != "" && sharesPublicly(m) {
		return nil, wire.Errorf("OperationNotPermitted", "Encrypted snapshots cannot be shared publicly")
	}
	if key != "" && len(m.Add) > 0 && s.managed(placeOf(c), key) {
		return nil, wire.Errorf("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
	}
	return &ec2.ModifySnapshotAttributeOutput{}, s.onSnapshot(c, id, func(st *store, _ *types.Snapshot) error {
		st.shared[id] = st.shared[id].changed(m)
		return nil
	})
}

// DescribeSnapshotAttribute tells a snapshot's owner whom it is shared with.
func (s *Service) DescribeSnapshotAttribute(ctx context.Context, in *ec2.DescribeSnapshotAttributeInput) (*ec2.DescribeSnapshotAttributeOutput, error) {
	if in.Attribute != types.SnapshotAttributeNameCreateVolumePermission {
		return nil, wire.Errorf("NotInTheSandbox", "the attribute %s is not in the sandbox", in.Attribute)
	}
	out := &ec2.DescribeSnapshotAttributeOutput{SnapshotId: in.SnapshotId}
	return out, s.onSnapshot(wire.CallerOf(ctx), aws.ToString(in.SnapshotId), func(st *store, _ *types.Snapshot) error {
		out.CreateVolumePermissions = convert[[]types.CreateVolumePermission](st.shared[*in.SnapshotId].listed())
		return nil
	})
}
