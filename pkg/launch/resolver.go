package launch

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/launch/encryption"
)

// ErrGroupNotFound says that there is no such Auto Scaling group in the account
// and Region that were asked.
var ErrGroupNotFound = errors.New("no such Auto Scaling group")

// Groups is what the resolver calls of Auto Scaling.
type Groups interface {
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
	DescribeScalingActivities(context.Context, *autoscaling.DescribeScalingActivitiesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeScalingActivitiesOutput, error)
}

// Images is what it calls of EC2 to follow a template to its volumes.
type Images interface {
	DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error)
	DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
	DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
}

// Settings is what it calls of EC2 for the account's EBS settings.
type Settings interface {
	GetEbsEncryptionByDefault(context.Context, *ec2.GetEbsEncryptionByDefaultInput, ...func(*ec2.Options)) (*ec2.GetEbsEncryptionByDefaultOutput, error)
	GetEbsDefaultKmsKeyId(context.Context, *ec2.GetEbsDefaultKmsKeyIdInput, ...func(*ec2.Options)) (*ec2.GetEbsDefaultKmsKeyIdOutput, error)
}

var (
	_ Groups   = (*autoscaling.Client)(nil)
	_ Images   = (*ec2.Client)(nil)
	_ Settings = (*ec2.Client)(nil)
)

// A Resolver reads launches from AWS. It changes nothing.
type Resolver struct {
	groups   Groups
	images   Images
	settings Settings
}

// New returns a resolver over the given clients.
func New(groups Groups, images Images, settings Settings) *Resolver {
	return &Resolver{groups: groups, images: images, settings: settings}
}

// FromConfig returns a resolver for the account and Region of the credentials.
func FromConfig(cfg aws.Config) *Resolver {
	client := ec2.NewFromConfig(cfg)
	return New(autoscaling.NewFromConfig(cfg), client, client)
}

// Resolve says what the next instance of the group will ask for. A template,
// image or version that is gone is Launch.Refused, not an error.
//
// Errors: ErrGroupNotFound; else the SDK's, wrapped with what was being read.
func (r *Resolver) Resolve(ctx context.Context, account, region, group string) (Launch, error) {
	var (
		g        astypes.AutoScalingGroup
		defaults = encryption.Defaults{Account: account}
	)
	err := together(
		func() (err error) { g, err = r.group(ctx, group); return err },
		func() (err error) { defaults.ByDefault, err = r.byDefault(ctx); return err },
		func() (err error) { defaults.KeyID, err = r.defaultKey(ctx); return err },
	)
	if err != nil {
		return Launch{}, err
	}
	l := ofGroup(g, account, region)
	if name := value(g.LaunchConfigurationName); name != "" {
		l.Source = "launch configuration " + name
		l.Unknown = []string{"keys of launch configuration " + name + ": Keymend can't follow launch configurations yet; " +
			"they can't name a key, so only those of the image's snapshots and the account's default EBS key count"}
		return l, nil
	}
	if err := r.follow(ctx, &l, sourcesOf(g), defaults); err != nil {
		return Launch{}, err
	}
	return l, nil
}

func (r *Resolver) group(ctx context.Context, name string) (astypes.AutoScalingGroup, error) {
	out, err := r.groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{name},
	})
	if err != nil {
		return astypes.AutoScalingGroup{}, fmt.Errorf("describe group %s: %w", name, err)
	}
	for _, g := range out.AutoScalingGroups {
		if value(g.AutoScalingGroupName) == name {
			return g, nil
		}
	}
	return astypes.AutoScalingGroup{}, fmt.Errorf("describe group %s: %w", name, ErrGroupNotFound)
}

func (r *Resolver) byDefault(ctx context.Context) (bool, error) {
	out, err := r.settings.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
	if err != nil {
		return false, fmt.Errorf("get EBS encryption by default: %w", err)
	}
	return value(out.EbsEncryptionByDefault), nil
}

func (r *Resolver) defaultKey(ctx context.Context) (string, error) {
	out, err := r.settings.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
	if err != nil {
		return "", fmt.Errorf("get EBS default key: %w", err)
	}
	return value(out.KmsKeyId), nil
}

// value returns what a pointer of the SDK points to; nil means the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
