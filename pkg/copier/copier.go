// Package copier reads which copies of images and snapshots there are, and which
// template versions and groups stand around them, and carries out the steps of
// pkg/owncopy. Every step looks again at what it rests on, and does nothing where
// what it would do is done already.
package copier

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Images is what is read of EC2.
type Images interface {
	DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
	DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
	DescribeLaunchTemplates(context.Context, *ec2.DescribeLaunchTemplatesInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error)
	DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error)
}

// Groups is what is read of Auto Scaling.
type Groups interface {
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
}

// Storage makes copies and takes them away.
type Storage interface {
	CopyImage(context.Context, *ec2.CopyImageInput, ...func(*ec2.Options)) (*ec2.CopyImageOutput, error)
	CopySnapshot(context.Context, *ec2.CopySnapshotInput, ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error)
	DeregisterImage(context.Context, *ec2.DeregisterImageInput, ...func(*ec2.Options)) (*ec2.DeregisterImageOutput, error)
	DeleteSnapshot(context.Context, *ec2.DeleteSnapshotInput, ...func(*ec2.Options)) (*ec2.DeleteSnapshotOutput, error)
}

// A Writer does what the copier may, and what undo does with a person's word:
// to delete a version that Keymend made.
type Writer interface {
	Storage
	CreateLaunchTemplateVersion(context.Context, *ec2.CreateLaunchTemplateVersionInput, ...func(*ec2.Options)) (*ec2.CreateLaunchTemplateVersionOutput, error)
	ModifyLaunchTemplate(context.Context, *ec2.ModifyLaunchTemplateInput, ...func(*ec2.Options)) (*ec2.ModifyLaunchTemplateOutput, error)
	DeleteLaunchTemplateVersions(context.Context, *ec2.DeleteLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DeleteLaunchTemplateVersionsOutput, error)
}

var (
	_ Images = (*ec2.Client)(nil)
	_ Groups = (*autoscaling.Client)(nil)
	_ Writer = (*ec2.Client)(nil)
)

// A Reader reads one account in one Region. It changes nothing.
type Reader struct {
	images  Images
	groups  Groups
	account string
	region  string
}

// New returns a reader over the given clients, of an account in a Region.
func New(images Images, groups Groups, account, region string) *Reader {
	return &Reader{images, groups, account, region}
}

// FromConfig returns a reader with the credentials and Region of a configuration.
func FromConfig(cfg aws.Config, account, region string) *Reader {
	return New(ec2.NewFromConfig(cfg), autoscaling.NewFromConfig(cfg), account, region)
}

// value returns what a pointer of the SDK points to; nil means the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
