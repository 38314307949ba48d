package launch

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch/encryption"
)

// readSnapshots reads the snapshots of the sources, by id. Those that this
// account can't see aren't there.
func (r *Resolver) readSnapshots(ctx context.Context, all []*source) (map[string]encryption.Snapshot, error) {
	var ids []string
	for _, s := range all {
		for _, d := range s.devices {
			if d.SnapshotID != "" && s.refused == "" {
				ids = append(ids, d.SnapshotID)
			}
		}
	}
	return snapshotsOf(ctx, r.images, ids)
}

// snapshotsOf reads snapshots as the account of images sees them, by id.
func snapshotsOf(ctx context.Context, images Images, ids []string) (map[string]encryption.Snapshot, error) {
	found, err := inParts(distinct(ids), filterValues, func(part []string) ([]ec2types.Snapshot, error) { return describeSnapshots(ctx, images, part) })
	if err != nil {
		return nil, err
	}
	out := map[string]encryption.Snapshot{}
	for _, s := range found {
		out[value(s.SnapshotId)] = encryption.Snapshot{
			ID: value(s.SnapshotId), OwnerID: value(s.OwnerId), Encrypted: value(s.Encrypted),
			KeyARN: value(s.KmsKeyId), Visible: true,
		}
	}
	return out, nil
}

// describeSnapshots asks by filter, too: those that this account can't see are
// missing from the answer, where by id the call would fail
// (InvalidSnapshot.NotFound).
func describeSnapshots(ctx context.Context, images Images, ids []string) ([]ec2types.Snapshot, error) {
	var out []ec2types.Snapshot
	pages := ec2.NewDescribeSnapshotsPaginator(images, &ec2.DescribeSnapshotsInput{
		Filters: []ec2types.Filter{{Name: new("snapshot-id"), Values: ids}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe snapshots %s: %w", strings.Join(ids, ", "), err)
		}
		out = append(out, page.Snapshots...)
	}
	return out, nil
}
