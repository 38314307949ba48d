package offline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/account"
	"keymend/pkg/observe"
)

var _ observe.Images = storage{}

// storage answers as EC2 does.
type storage struct{ *World }

// DescribeLaunchTemplates implements observe.Images: it is for copies, which nobody makes
// of files.
func (storage) DescribeLaunchTemplates(context.Context, *ec2.DescribeLaunchTemplatesInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error) {
	return nil, account.NewUntold("no file has launch templates without their versions")
}

// DescribeLaunchTemplateVersions implements observe.Images.
func (s storage) DescribeLaunchTemplateVersions(_ context.Context, in *ec2.DescribeLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	if in.LaunchTemplateId == nil && in.LaunchTemplateName == nil {
		return nil, account.NewUntold("no file has every template") // each is asked for alone then
	}
	out := &ec2.DescribeLaunchTemplateVersionsOutput{}
	for _, asked := range in.Versions {
		found := s.version(in.LaunchTemplateId, in.LaunchTemplateName, asked)
		if found == nil {
			return nil, account.NewUntold(fmt.Sprintf("no file has version %s of launch template %s", asked, cmp.Or(value(in.LaunchTemplateId), value(in.LaunchTemplateName))))
		}
		v := *found
		if d := v.LaunchTemplateData; d != nil && d.ImageId != nil && s.withoutImages() {
			with := *d
			with.ImageId = new(imageName(*d.ImageId))
			v.LaunchTemplateData = &with
		}
		out.LaunchTemplateVersions = append(out.LaunchTemplateVersions, v)
	}
	return out, nil
}

// imageName is an image's id, or the parameter that has it.
func imageName(written string) string { return strings.TrimPrefix(written, "resolve:") }

// version finds a template's version; nil where no file has it. A file may have no number,
// as of one that is yet to be made: that is the one that is meant, whichever is asked for.
func (w *World) version(id, name *string, asked string) *types.LaunchTemplateVersion {
	all := w.templates[cmp.Or(value(id), value(name))]
	if i := slices.IndexFunc(all, func(v types.LaunchTemplateVersion) bool { return v.VersionNumber == nil }); i >= 0 {
		return &all[i]
	}
	return observe.VersionAmong(all, asked)
}

// withoutImages reports whether images are left out, since no file is about any.
func (w *World) withoutImages() bool {
	return !w.strict && len(w.facts.images.all)+len(w.facts.snapshots.all) == 0
}

// DescribeImages implements observe.Images. An image that is left out brings nothing.
func (s storage) DescribeImages(_ context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	out := &ec2.DescribeImagesOutput{}
	for _, id := range in.ImageIds {
		one, known := s.facts.images.all[id]
		switch {
		case known:
		case s.withoutImages():
			one = types.Image{ImageId: &id, OwnerId: &s.Account, State: types.ImageStateAvailable}
		default:
			one = types.Image{ImageId: &id, State: account.UntoldState}
		}
		out.Images = append(out.Images, one)
	}
	return out, nil
}

// DescribeSnapshots implements observe.Images.
func (s storage) DescribeSnapshots(_ context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	out := &ec2.DescribeSnapshotsOutput{}
	for _, id := range in.SnapshotIds {
		one, known := s.facts.snapshots.all[id]
		if !known {
			one = types.Snapshot{SnapshotId: &id, State: account.UntoldState}
		}
		out.Snapshots = append(out.Snapshots, one)
	}
	return out, nil
}

// GetEbsEncryptionByDefault tells what a file or the person says; nil = neither does.
func (s storage) GetEbsEncryptionByDefault(context.Context, *ec2.GetEbsEncryptionByDefaultInput, ...func(*ec2.Options)) (*ec2.GetEbsEncryptionByDefaultOutput, error) {
	out := &ec2.GetEbsEncryptionByDefaultOutput{}
	if on, known := s.facts.settings.all[byDefault]; known {
		out.EbsEncryptionByDefault = new(on == "true")
	}
	return out, nil
}

// GetEbsDefaultKmsKeyId tells what a file or the person says; nil = neither does.
func (s storage) GetEbsDefaultKmsKeyId(context.Context, *ec2.GetEbsDefaultKmsKeyIdInput, ...func(*ec2.Options)) (*ec2.GetEbsDefaultKmsKeyIdOutput, error) {
	out := &ec2.GetEbsDefaultKmsKeyIdOutput{}
	if key, known := s.facts.settings.all[defaultKey]; known {
		out.KmsKeyId = &key
	}
	return out, nil
}
