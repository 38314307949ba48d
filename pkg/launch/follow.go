package launch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch/encryption"
)

// follow goes from templates to images to snapshots to keys: one round trip
// each, whatever their number.
func (r *Resolver) follow(ctx context.Context, l *Launch, sources []source, defaults encryption.Defaults) error {
	if len(sources) == 0 {
		l.Unknown = append(l.Unknown, "the group has neither launch template nor launch configuration")
		return nil
	}
	if err := r.templates(ctx, sources); err != nil {
		return err
	}
	if err := r.merge(ctx, sources); err != nil {
		return err
	}
	snapshots, err := r.snapshots(ctx, sources)
	if err != nil {
		return err
	}
	for i := range sources {
		l.decide(&sources[i], snapshots, defaults)
	}
	l.conclude(sources)
	return nil
}

// merge lays each source's devices over those of its image.
func (r *Resolver) merge(ctx context.Context, sources []source) error {
	var ids []string
	for _, s := range sources {
		if s.refused == "" && s.unknown == "" {
			ids = append(ids, s.imageID)
		}
	}
	images, err := r.describeImages(ctx, distinct(ids))
	if err != nil {
		return err
	}
	for i := range sources {
		s := &sources[i]
		if s.refused != "" || s.unknown != "" {
			continue
		}
		image, found := images[s.imageID]
		if !found {
			s.refused = fmt.Sprintf("image %s of %s doesn't exist, or isn't shared with this account any more", s.imageID, s.name)
			continue
		}
		if state := image.State; state != ec2types.ImageStateAvailable && state != "" {
			s.refused = fmt.Sprintf("image %s of %s is %s", s.imageID, s.name, state)
			continue
		}
		s.devices = encryption.Merge(imageDevices(image, s.name), s.devices)
	}
	return nil
}

// describeImages asks by filter, not by id: one id that isn't visible would fail
// the call for all of them (InvalidAMIID.NotFound).
func (r *Resolver) describeImages(ctx context.Context, ids []string) (map[string]ec2types.Image, error) {
	found := map[string]ec2types.Image{}
	if len(ids) == 0 {
		return found, nil
	}
	pages := ec2.NewDescribeImagesPaginator(r.images, &ec2.DescribeImagesInput{
		Filters:           []ec2types.Filter{{Name: new("image-id"), Values: ids}},
		IncludeDeprecated: new(true), // they launch all the same
		IncludeDisabled:   new(true), // to tell a disabled one from none
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe images %s: %w", strings.Join(ids, ", "), err)
		}
		for _, image := range page.Images {
			found[value(image.ImageId)] = image
		}
	}
	return found, nil
}

// snapshots asks by filter, too: those that this account can't see are missing
// from the answer, where by id the call would fail (InvalidSnapshot.NotFound).
func (r *Resolver) snapshots(ctx context.Context, sources []source) (map[string]encryption.Snapshot, error) {
	var ids []string
	for _, s := range sources {
		for _, d := range s.devices {
			if d.SnapshotID != "" {
				ids = append(ids, d.SnapshotID)
			}
		}
	}
	ids = distinct(ids)
	found := map[string]encryption.Snapshot{}
	if len(ids) == 0 {
		return found, nil
	}
	pages := ec2.NewDescribeSnapshotsPaginator(r.images, &ec2.DescribeSnapshotsInput{
		Filters: []ec2types.Filter{{Name: new("snapshot-id"), Values: ids}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe snapshots %s: %w", strings.Join(ids, ", "), err)
		}
		for _, s := range page.Snapshots {
			found[value(s.SnapshotId)] = encryption.Snapshot{
				ID: value(s.SnapshotId), OwnerID: value(s.OwnerId), Encrypted: value(s.Encrypted),
				KeyARN: value(s.KmsKeyId), Visible: true,
			}
		}
	}
	return found, nil
}

func distinct(s []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(s)))
}
