package copier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/owncopy"
	"keymend/pkg/owncopy/pipeline"
)

func isImage(id string) bool { return strings.HasPrefix(id, "ami-") }

// source fills in what an image or snapshot is, and which copies of it there are.
func (r *Reader) source(ctx context.Context, s *pipeline.Source, copyKey string) error {
	if !isImage(s.ID) {
		return r.snapshotSource(ctx, s, copyKey)
	}
	found, err := r.describeImages(ctx, false, ec2types.Filter{Name: new("image-id"), Values: []string{s.ID}})
	if err != nil || len(found) == 0 {
		s.Gone = err == nil
		return err
	}
	image := found[0]
	s.Owner = value(image.OwnerId)
	s.Marketplace = slices.ContainsFunc(image.ProductCodes, func(c ec2types.ProductCode) bool {
		return c.ProductCodeType == ec2types.ProductCodeValuesMarketplace
	})
	parts, err := r.describeSnapshots(ctx, byID(snapshotsOf(image)))
	if err != nil {
		return err
	}
	for _, id := range snapshotsOf(image) {
		at := slices.IndexFunc(parts, func(p ec2types.Snapshot) bool { return value(p.SnapshotId) == id })
		if at < 0 {
			s.Hidden = append(s.Hidden, id)
		} else if key := value(parts[at].KmsKeyId); key != "" && !slices.Contains(s.Keys, key) {
			s.Keys = append(s.Keys, key)
		}
	}
	return r.imageCopies(ctx, s, image, copyKey)
}

func (r *Reader) snapshotSource(ctx context.Context, s *pipeline.Source, copyKey string) error {
	found, err := r.describeSnapshots(ctx, byID([]string{s.ID}))
	if err != nil || len(found) == 0 {
		s.Gone = err == nil
		return err
	}
	s.Owner = value(found[0].OwnerId)
	if key := value(found[0].KmsKeyId); key != "" {
		s.Keys = []string{key}
	}
	s.Copies, err = r.snapshotCopies(ctx, s.ID, copyKey)
	return err
}

func (r *Reader) snapshotCopies(ctx context.Context, source, copyKey string) ([]pipeline.Copy, error) {
	found, err := r.describeSnapshots(ctx, ours(source, copyKey)...)
	var out []pipeline.Copy
	for _, c := range found {
		out = append(out, snapshotCopy(c, copyKey))
	}
	return out, err
}

// imageCopies: EC2 itself says of which image another is a copy; tags alone would
// let anyone who may tag put another in its place.
func (r *Reader) imageCopies(ctx context.Context, s *pipeline.Source, source ec2types.Image, copyKey string) error {
	copies, err := r.describeImages(ctx, true, append(ours(s.ID, copyKey), ec2types.Filter{Name: new("source-image-id"), Values: []string{s.ID}})...)
	if err != nil {
		return err
	}
	parts, err := r.describeSnapshots(ctx, ours(s.ID, copyKey)...)
	if err != nil {
		return err
	}
	var named []string
	for _, c := range copies {
		if c.State == ec2types.ImageStateDeregistered {
			continue
		}
		s.Copies = append(s.Copies, imageCopy(c, source, parts, copyKey))
		named = append(named, snapshotsOf(c)...)
	}
	for _, p := range parts {
		made := p.State == ec2types.SnapshotStateCompleted || p.State == ec2types.SnapshotStateError
		if id := value(p.SnapshotId); made && !slices.Contains(named, id) {
			s.Orphans = append(s.Orphans, id)
		}
	}
	return nil
}

// imageCopy reads a copy's state.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
func imageCopy(c, source ec2types.Image, parts []ec2types.Snapshot, copyKey string) pipeline.Copy {
	out := pipeline.Copy{ID: value(c.ImageId), Snapshots: snapshotsOf(c), Of: map[string]string{}, Remediation: tag(c.Tags, owncopy.TagRemediation)}
	copied := byDevice(c)
	for device, from := range byDevice(source) {
		if to := copied[device]; to != "" {
			out.Of[from] = to
		}
	}
	switch c.State {
	case ec2types.ImageStateAvailable:
		out.State, out.Reason = pipeline.Ready, elsewhere(out.Snapshots, parts, copyKey)
		if out.Reason != "" {
			out.State = pipeline.Unfit
		}
	case ec2types.ImageStatePending, ec2types.ImageStateTransient, "":
		out.State = pipeline.Pending
	case ec2types.ImageStateFailed, ec2types.ImageStateError, ec2types.ImageStateInvalid:
		out.State = pipeline.Failed
		if c.StateReason != nil {
			out.Reason = value(c.StateReason.Message)
		}
	default:
		out.State, out.Reason = pipeline.Unfit, "it is "+string(c.State)
	}
	return out
}

// elsewhere says which of a copy's snapshots doesn't lie under the copy key: a
// tag says so of it, and only EC2 knows.
func elsewhere(ids []string, parts []ec2types.Snapshot, copyKey string) string {
	for _, id := range ids {
		at := slices.IndexFunc(parts, func(p ec2types.Snapshot) bool { return value(p.SnapshotId) == id })
		if at < 0 || value(parts[at].KmsKeyId) != copyKey {
			return "its snapshot " + id + " isn't one of Keymend's under " + copyKey
		}
	}
	return ""
}

// snapshotCopy reads a copy's state. EC2 doesn't say of which snapshot another is
// a copy, but gives every copy this one volume's id.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
func snapshotCopy(c ec2types.Snapshot, copyKey string) pipeline.Copy {
	const anyVolume = "vol-ffffffff"
	out := pipeline.Copy{ID: value(c.SnapshotId), Remediation: tag(c.Tags, owncopy.TagRemediation)}
	switch c.State {
	case ec2types.SnapshotStateCompleted:
		out.State = pipeline.Ready
		if value(c.KmsKeyId) != copyKey || value(c.VolumeId) != anyVolume {
			out.State, out.Reason = pipeline.Unfit, "it is no copy, or doesn't lie under "+copyKey
		}
	case ec2types.SnapshotStatePending, "":
		out.State = pipeline.Pending
	case ec2types.SnapshotStateError:
		out.State, out.Reason = pipeline.Failed, value(c.StateMessage)
	default:
		out.State, out.Reason = pipeline.Unfit, "it is "+string(c.State)
	}
	return out
}

// ours are the filters that find Keymend's copies of a source under a key.
func ours(source, copyKey string) []ec2types.Filter {
	return []ec2types.Filter{
		{Name: new("tag:" + string(owncopy.TagOf)), Values: []string{source}},
		{Name: new("tag:" + string(owncopy.TagKey)), Values: []string{copyKey}},
	}
}

func byID(snapshots []string) ec2types.Filter {
	return ec2types.Filter{Name: new("snapshot-id"), Values: snapshots}
}

func tag(tags []ec2types.Tag, key owncopy.Tag) string {
	for _, t := range tags {
		if value(t.Key) == string(key) {
			return value(t.Value)
		}
	}
	return ""
}

// byDevice are an image's snapshots; a copy's devices have the source's names.
func byDevice(image ec2types.Image) map[string]string {
	out := map[string]string{}
	for _, m := range image.BlockDeviceMappings {
		if m.Ebs != nil && value(m.Ebs.SnapshotId) != "" {
			out[value(m.DeviceName)] = *m.Ebs.SnapshotId
		}
	}
	return out
}

func snapshotsOf(image ec2types.Image) []string {
	var out []string
	for _, m := range image.BlockDeviceMappings {
		if m.Ebs != nil && value(m.Ebs.SnapshotId) != "" {
			out = append(out, *m.Ebs.SnapshotId)
		}
	}
	return out
}

// describeImages asks by filter: what can't be seen is missing from the answer.
func (r *Reader) describeImages(ctx context.Context, own bool, filters ...ec2types.Filter) ([]ec2types.Image, error) {
	in := &ec2.DescribeImagesInput{Filters: filters, IncludeDeprecated: new(true), IncludeDisabled: new(true)}
	if own {
		in.Owners = []string{"self"}
	}
	var out []ec2types.Image
	pages := ec2.NewDescribeImagesPaginator(r.images, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe images: %w", err)
		}
		out = append(out, page.Images...)
	}
	return out, nil
}

// describeSnapshots: those that tags find are the account's own.
func (r *Reader) describeSnapshots(ctx context.Context, filters ...ec2types.Filter) ([]ec2types.Snapshot, error) {
	in := &ec2.DescribeSnapshotsInput{Filters: filters}
	if strings.HasPrefix(*filters[0].Name, "tag:") {
		in.OwnerIds = []string{"self"}
	}
	if len(filters[0].Values) == 0 {
		return nil, nil
	}
	var out []ec2types.Snapshot
	pages := ec2.NewDescribeSnapshotsPaginator(r.images, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe snapshots: %w", err)
		}
		out = append(out, page.Snapshots...)
	}
	return out, nil
}

// GroupOf returns the group that a copy of Keymend's was made for; "" = the image
// is none, or gone.
func (r *Reader) GroupOf(ctx context.Context, image string) (string, error) {
	found, err := r.describeImages(ctx, true, ec2types.Filter{Name: new("image-id"), Values: []string{image}})
	if err != nil || len(found) != 1 || tag(found[0].Tags, owncopy.TagOf) != value(found[0].SourceImageId) || value(found[0].SourceImageId) == "" {
		return "", err
	}
	return tag(found[0].Tags, owncopy.TagGroup), nil
}
