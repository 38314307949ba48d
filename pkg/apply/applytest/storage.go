package applytest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/tag"
)

// describer reads EC2 and Auto Scaling.
type describer struct{ w *World }

// DescribeAutoScalingGroups implements observe.Groups.
func (d describer) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return d.w.describeGroups()
}

// DescribeImages implements observe.Images.
func (d describer) DescribeImages(_ context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	out := &ec2.DescribeImagesOutput{}
	return out, d.w.call(Call{Action: "ec2:DescribeImages", Input: in}, func() error {
		for _, i := range d.w.Images {
			has := func(filter string) string {
				switch filter {
				case "image-id":
					return *i.ImageId
				case "source-image-id":
					return aws.ToString(i.SourceImageId)
				}
				return tagged(i.Tags, strings.TrimPrefix(filter, "tag:"))
			}
			if owned(in.Owners, *i.OwnerId) && matches(in.Filters, has) && among(in.ImageIds, *i.ImageId) {
				out.Images = append(out.Images, i)
			}
		}
		if len(out.Images) < len(in.ImageIds) {
			return refusal("InvalidAMIID.NotFound", "The image ids %v do not exist", in.ImageIds)
		}
		return nil
	})
}

// DescribeSnapshots implements observe.Images.
func (d describer) DescribeSnapshots(_ context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	out := &ec2.DescribeSnapshotsOutput{}
	return out, d.w.call(Call{Action: "ec2:DescribeSnapshots", Input: in}, func() error {
		for _, s := range d.w.Snapshots {
			has := func(filter string) string {
				if filter == "snapshot-id" {
					return *s.SnapshotId
				}
				return tagged(s.Tags, strings.TrimPrefix(filter, "tag:"))
			}
			if owned(in.OwnerIds, *s.OwnerId) && matches(in.Filters, has) && among(in.SnapshotIds, *s.SnapshotId) {
				out.Snapshots = append(out.Snapshots, s)
			}
		}
		if len(out.Snapshots) < len(in.SnapshotIds) {
			return refusal("InvalidSnapshot.NotFound", "The snapshots %v do not exist", in.SnapshotIds)
		}
		return nil
	})
}

// owned: owners may be none, or "self".
func owned(owners []string, by string) bool { return len(owners) == 0 || by == Account }

func among(ids []string, id string) bool { return len(ids) == 0 || slices.Contains(ids, id) }

func matches(filters []types.Filter, has func(string) string) bool {
	return !slices.ContainsFunc(filters, func(f types.Filter) bool { return !slices.Contains(f.Values, has(*f.Name)) })
}

func tagged(tags []types.Tag, key string) string {
	for _, t := range tags {
		if *t.Key == key {
			return *t.Value
		}
	}
	return ""
}

func mapped(snapshot string) []types.BlockDeviceMapping {
	return []types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: &snapshot}}}
}

func snapshotsOf(i types.Image) []string {
	var out []string
	for _, m := range i.BlockDeviceMappings {
		out = append(out, *m.Ebs.SnapshotId)
	}
	return out
}

func (w *World) storageLines() []string {
	var out []string
	for _, i := range w.Images {
		out = append(out, "image "+nameOf(*i.ImageId, i.Tags))
	}
	for _, s := range w.Snapshots {
		out = append(out, fmt.Sprintf("snapshot %s under %s", nameOf(*s.SnapshotId, s.Tags), aws.ToString(s.KmsKeyId)))
	}
	return out
}

// nameOf is a copy's tags, or anything else's id.
func nameOf(id string, tags []types.Tag) string {
	if len(tags) == 0 {
		return id
	}
	var all []string
	for _, name := range tag.OfCopies() {
		all = append(all, tagged(tags, name))
	}
	return "copy " + strings.Join(all, " ")
}

// ec2API is EC2, as far as it changes something.
type ec2API struct{ session }

// CopyImage implements apply.Copies: an image by a token is made once, and no two
// have one name.
func (e ec2API) CopyImage(_ context.Context, in *ec2.CopyImageInput, _ ...func(*ec2.Options)) (*ec2.CopyImageOutput, error) {
	out := &ec2.CopyImageOutput{}
	return out, e.write("ec2:CopyImage", *in.SourceImageId, in, func() error {
		if id := e.w.tokens[*in.ClientToken]; id != "" {
			out.ImageId = &id
			return nil
		}
		source := slices.IndexFunc(e.w.Images, func(i types.Image) bool { return *i.ImageId == *in.SourceImageId })
		named := slices.IndexFunc(e.w.Images, func(i types.Image) bool { return aws.ToString(i.Name) == *in.Name })
		switch {
		case source < 0:
			return refusal("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", *in.SourceImageId)
		case named >= 0:
			return refusal("InvalidAMIName.Duplicate", "AMI name %s is already in use by AMI %s", *in.Name, *e.w.Images[named].ImageId)
		}
		id := e.w.id("ami")
		i := types.Image{ImageId: &id, OwnerId: new(Account), State: types.ImageStateAvailable, SourceImageId: in.SourceImageId, Name: in.Name, Tags: specified(in.TagSpecifications, types.ResourceTypeImage)}
		for range e.w.Images[source].BlockDeviceMappings {
			i.BlockDeviceMappings = append(i.BlockDeviceMappings, mapped(e.w.snapshot(*in.KmsKeyId, specified(in.TagSpecifications, types.ResourceTypeSnapshot)))...)
		}
		e.w.Images = append(e.w.Images, i)
		out.ImageId, e.w.tokens[*in.ClientToken] = &id, id
		return nil
	})
}

func specified(all []types.TagSpecification, of types.ResourceType) []types.Tag {
	for _, s := range all {
		if s.ResourceType == of {
			return s.Tags
		}
	}
	return nil
}

// snapshot makes a copy of a snapshot; EC2 gives every one this volume's id.
func (w *World) snapshot(key string, tags []types.Tag) string {
	id := w.id("snap")
	w.Snapshots = append(w.Snapshots, types.Snapshot{
		SnapshotId: &id, OwnerId: new(Account), KmsKeyId: &key, VolumeId: new("vol-ffffffff"), State: types.SnapshotStateCompleted, Tags: tags,
	})
	return id
}

// CopySnapshot implements apply.Copies.
func (e ec2API) CopySnapshot(_ context.Context, in *ec2.CopySnapshotInput, _ ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error) {
	out := &ec2.CopySnapshotOutput{}
	return out, e.write("ec2:CopySnapshot", *in.SourceSnapshotId, in, func() error {
		if !slices.ContainsFunc(e.w.Snapshots, func(s types.Snapshot) bool { return *s.SnapshotId == *in.SourceSnapshotId }) {
			return refusal("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", *in.SourceSnapshotId)
		}
		out.SnapshotId = new(e.w.snapshot(*in.KmsKeyId, specified(in.TagSpecifications, types.ResourceTypeSnapshot)))
		return nil
	})
}

// DeregisterImage implements apply.Copies. The snapshots stay.
func (e ec2API) DeregisterImage(_ context.Context, in *ec2.DeregisterImageInput, _ ...func(*ec2.Options)) (*ec2.DeregisterImageOutput, error) {
	return &ec2.DeregisterImageOutput{}, e.write("ec2:DeregisterImage", *in.ImageId, in, func() error {
		left := slices.DeleteFunc(slices.Clone(e.w.Images), func(i types.Image) bool { return *i.ImageId == *in.ImageId })
		if len(left) == len(e.w.Images) {
			return refusal("InvalidAMIID.Unavailable", "The image ID '%s' is no longer available", *in.ImageId)
		}
		e.w.Images = left
		return nil
	})
}

// DeleteSnapshot implements apply.Copies. An image's stays.
func (e ec2API) DeleteSnapshot(_ context.Context, in *ec2.DeleteSnapshotInput, _ ...func(*ec2.Options)) (*ec2.DeleteSnapshotOutput, error) {
	return &ec2.DeleteSnapshotOutput{}, e.write("ec2:DeleteSnapshot", *in.SnapshotId, in, func() error {
		left := slices.DeleteFunc(slices.Clone(e.w.Snapshots), func(s types.Snapshot) bool { return *s.SnapshotId == *in.SnapshotId })
		switch {
		case slices.ContainsFunc(e.w.Images, func(i types.Image) bool { return slices.Contains(snapshotsOf(i), *in.SnapshotId) }):
			return refusal("InvalidSnapshot.InUse", "The snapshot %s is currently in use", *in.SnapshotId)
		case len(left) == len(e.w.Snapshots):
			return refusal("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", *in.SnapshotId)
		}
		e.w.Snapshots = left
		return nil
	})
}
