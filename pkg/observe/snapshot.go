package observe

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/account"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// readSnapshots reads the snapshots of the sources, by id. Those that this
// account can't see aren't there.
func (r *Resolver) readSnapshots(ctx context.Context, all []*launch.Source) (map[string]encryption.Snapshot, error) {
	var ids []string
	for _, s := range all {
		ids = append(ids, s.Snapshots()...)
	}
	known, err := remembered(&r.memory.snapshots, ids, func(ids []string) (map[string]encryption.Snapshot, error) {
		return snapshotsByID(ctx, r.images, ids)
	})
	if err != nil {
		return nil, err
	}
	out := map[string]encryption.Snapshot{}
	for _, s := range all {
		s.Seen = map[string]encryption.Snapshot{}
		for _, id := range s.Snapshots() {
			found := known[id]
			if found.ID != "" {
				out[id] = found
			}
			if found.Visible {
				s.Seen[id] = found
			}
		}
	}
	return out, nil
}

// snapshotsByID reads snapshots as the account of images sees them, by id.
func snapshotsByID(ctx context.Context, images ec2.DescribeSnapshotsAPIClient, ids []string) (map[string]encryption.Snapshot, error) {
	found, err := byID(ids, func(ids []string) ([]ec2types.Snapshot, error) {
		return describeSnapshots(ctx, images, ec2.DescribeSnapshotsInput{SnapshotIds: ids}, strings.Join(ids, ", "))
	})
	if err != nil {
		return nil, err
	}
	out := map[string]encryption.Snapshot{}
	for _, s := range found {
		out[value(s.SnapshotId)] = encryption.Snapshot{
			ID: value(s.SnapshotId), OwnerID: value(s.OwnerId), Encrypted: value(s.Encrypted),
			KeyARN: value(s.KmsKeyId), Visible: s.State != account.UntoldState, Untold: s.State == account.UntoldState,
		}
	}
	return out, nil
}
