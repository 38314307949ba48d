// Package scenario puts keys, templates and groups into the sandbox as a user
// would: through the AWS SDK. What it makes is broken on purpose.
package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// A Seeder is a user of one account and Region.
type Seeder struct {
	account, region string
	advance         func(time.Duration)
	ec2             *ec2.Client
	asg             *autoscaling.Client
	kms             *kms.Client
}

// NewSeeder returns a seeder with the configuration's credentials. advance moves
// the sandbox's time on: snapshots take some.
func NewSeeder(cfg aws.Config, account string, advance func(time.Duration)) *Seeder {
	return &Seeder{
		account: account, region: cfg.Region, advance: advance,
		ec2: ec2.NewFromConfig(cfg), asg: autoscaling.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg),
	}
}

// Key makes a key with the policy that KMS gives by default: it names the
// account, and nobody else. tag is the value of the tag keymend; "" = no tag. It
// returns the key's ARN.
func (s *Seeder) Key(ctx context.Context, alias, tag string) (string, error) {
	in := &kms.CreateKeyInput{Description: new("EBS volumes of " + s.account), Policy: new(rootOnly(s.account))}
	if tag != "" {
		in.Tags = []kmstypes.Tag{{TagKey: new("keymend"), TagValue: &tag}}
	}
	out, err := s.kms.CreateKey(ctx, in)
	if err != nil {
		return "", fmt.Errorf("create key %s: %w", alias, err)
	}
	if _, err := s.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: out.KeyMetadata.KeyId}); err != nil {
		return "", fmt.Errorf("create alias %s: %w", alias, err)
	}
	return aws.ToString(out.KeyMetadata.Arn), nil
}

// rootOnly is KMS's default key policy.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func rootOnly(account string) string {
	return `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",` +
		`"Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}]}`
}

// DefaultKey makes a key the account's default for EBS volumes.
func (s *Seeder) DefaultKey(ctx context.Context, key string) error {
	if _, err := s.ec2.ModifyEbsDefaultKmsKeyId(ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: &key}); err != nil {
		return fmt.Errorf("set EBS default key: %w", err)
	}
	return nil
}

// A Volume says how a template wants its root volume.
type Volume struct {
	Encrypted bool
	Key       string // KmsKeyId; "" = none
}

// Group makes an image, a launch template and a group of two instances from it.
func (s *Seeder) Group(ctx context.Context, name, instanceType string, v Volume) error {
	image, err := s.image(ctx, name)
	if err != nil {
		return err
	}
	template, err := s.template(ctx, name, image, instanceType, v)
	if err != nil {
		return err
	}
	const desired, most = 2, 4
	_, err = s.asg.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(most)), DesiredCapacity: new(int32(desired)),
		AvailabilityZones: []string{s.region + "a", s.region + "b"},
		LaunchTemplate:    &astypes.LaunchTemplateSpecification{LaunchTemplateId: &template, Version: new("$Latest")},
	})
	if err != nil {
		return fmt.Errorf("create group %s: %w", name, err)
	}
	return nil
}

func (s *Seeder) template(ctx context.Context, name, image, instanceType string, v Volume) (string, error) {
	ebs := &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: &v.Encrypted}
	if v.Key != "" {
		ebs.KmsKeyId = &v.Key
	}
	out, err := s.ec2.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: &name,
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
			ImageId: &image, InstanceType: ec2types.InstanceType(instanceType),
			BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{{DeviceName: new(rootDevice), Ebs: ebs}},
		},
	})
	if err != nil {
		return "", fmt.Errorf("create launch template %s: %w", name, err)
	}
	return aws.ToString(out.LaunchTemplate.LaunchTemplateId), nil
}

const rootDevice = "/dev/xvda"

// image registers an image with one unencrypted root volume.
func (s *Seeder) image(ctx context.Context, name string) (string, error) {
	volume, err := s.ec2.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: new(s.region + "a"), Size: new(int32(8))})
	if err != nil {
		return "", fmt.Errorf("create volume for image %s: %w", name, err)
	}
	snapshot, err := s.ec2.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	if err != nil {
		return "", fmt.Errorf("create snapshot for image %s: %w", name, err)
	}
	s.advance(2 * time.Minute) // until it is completed
	out, err := s.ec2.RegisterImage(ctx, &ec2.RegisterImageInput{
		Name: &name, RootDeviceName: new(rootDevice),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: new(rootDevice), Ebs: &ec2types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}}},
	})
	if err != nil {
		return "", fmt.Errorf("register image %s: %w", name, err)
	}
	return aws.ToString(out.ImageId), nil
}
