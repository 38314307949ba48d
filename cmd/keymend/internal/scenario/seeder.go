// Package scenario puts keys, templates and groups into the sandbox as a user
// would: through the AWS SDK. Most of what it makes is broken on purpose.
package scenario

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// A Seeder is a user of one account and Region.
type Seeder struct {
	account, region string
	endpoint        string
	advance         func(time.Duration)
	ec2             *ec2.Client
	asg             *autoscaling.Client
	iam             *iam.Client
	kms             *kms.Client
}

// NewSeeder returns a seeder with the configuration's credentials. advance moves
// the sandbox's time on: snapshots take some.
func NewSeeder(cfg aws.Config, account string, advance func(time.Duration)) *Seeder {
	return &Seeder{
		account: account, region: cfg.Region, endpoint: aws.ToString(cfg.BaseEndpoint), advance: advance,
		ec2: ec2.NewFromConfig(cfg), asg: autoscaling.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg),
	}
}

// Key makes a key with the policy that KMS gives by default: it names the
// account, and nobody else. tag is the value of the tag keymend; "" = no tag. It
// returns the key's ARN.
func (s *Seeder) Key(ctx context.Context, alias, tag string) (string, error) {
	tags := map[string]string{}
	if tag != "" {
		tags["keymend"] = tag
	}
	return s.key(ctx, alias, tags, policy(root(s.account)))
}

// key makes a key with a policy and tags.
func (s *Seeder) key(ctx context.Context, alias string, tags map[string]string, policy string) (string, error) {
	in := &kms.CreateKeyInput{Description: new("EBS volumes of " + s.account), Policy: &policy}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, kmstypes.Tag{TagKey: new(k), TagValue: new(tags[k])})
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

// DefaultKey makes a key the account's default for EBS volumes.
func (s *Seeder) DefaultKey(ctx context.Context, key string) error {
	if _, err := s.ec2.ModifyEbsDefaultKmsKeyId(ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: &key}); err != nil {
		return fmt.Errorf("set EBS default key: %w", err)
	}
	return nil
}

// A Volume says how a template wants a volume.
type Volume struct {
	Device    string // "" = the root volume
	Encrypted bool
	Key       string // KmsKeyId; "" = none
}

// Group makes an image, a launch template and a group of two instances from it.
func (s *Seeder) Group(ctx context.Context, name, instanceType string, volumes ...Volume) error {
	image, err := s.plainImage(ctx, name)
	if err != nil {
		return err
	}
	template, err := s.template(ctx, name, image, instanceType, volumes)
	if err != nil {
		return err
	}
	return s.launching(ctx, name, template, "$Latest", desired, nil)
}

// desired is how many instances a group wants.
const desired = 2

// launching makes a group that launches from a version of a template.
func (s *Seeder) launching(ctx context.Context, name, template, version string, desired int32, tags map[string]string) error {
	const most = 4
	in := &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(most)), DesiredCapacity: &desired,
		AvailabilityZones: []string{s.region + "a", s.region + "b"},
		LaunchTemplate:    &astypes.LaunchTemplateSpecification{LaunchTemplateId: &template, Version: &version},
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, astypes.Tag{Key: new(k), Value: new(tags[k]), PropagateAtLaunch: new(true)})
	}
	if _, err := s.asg.CreateAutoScalingGroup(ctx, in); err != nil {
		return fmt.Errorf("create group %s: %w", name, err)
	}
	return nil
}

func (s *Seeder) template(ctx context.Context, name, image, instanceType string, volumes []Volume) (string, error) {
	data := &ec2types.RequestLaunchTemplateData{ImageId: &image, InstanceType: ec2types.InstanceType(instanceType)}
	for _, v := range volumes {
		ebs := &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: &v.Encrypted}
		if v.Device != "" {
			ebs.VolumeSize = new(int32(volumeSize))
		}
		if v.Key != "" {
			ebs.KmsKeyId = &v.Key
		}
		data.BlockDeviceMappings = append(data.BlockDeviceMappings, ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new(cmp.Or(v.Device, rootDevice)), Ebs: ebs})
	}
	out, err := s.ec2.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: &name, LaunchTemplateData: data})
	if err != nil {
		return "", fmt.Errorf("create launch template %s: %w", name, err)
	}
	return aws.ToString(out.LaunchTemplate.LaunchTemplateId), nil
}

const (
	rootDevice = "/dev/xvda"
	volumeSize = 8 // GiB
)

// snapshot makes a snapshot of a volume under a key; "" = unencrypted.
func (s *Seeder) snapshot(ctx context.Context, name, key string) (string, error) {
	in := &ec2.CreateVolumeInput{AvailabilityZone: new(s.region + "a"), Size: new(int32(volumeSize))}
	if key != "" {
		in.Encrypted, in.KmsKeyId = new(true), &key
	}
	volume, err := s.ec2.CreateVolume(ctx, in)
	if err != nil {
		return "", fmt.Errorf("create volume for image %s: %w", name, err)
	}
	snapshot, err := s.ec2.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	if err != nil {
		return "", fmt.Errorf("create snapshot for image %s: %w", name, err)
	}
	s.advance(2 * time.Minute) // until it is completed
	return aws.ToString(snapshot.SnapshotId), nil
}

// plainImage makes an image without encryption.
func (s *Seeder) plainImage(ctx context.Context, name string) (string, error) {
	snapshot, err := s.snapshot(ctx, name, "")
	if err != nil {
		return "", err
	}
	return s.image(ctx, name, snapshot)
}

// image registers an image whose root volume is of the snapshot.
func (s *Seeder) image(ctx context.Context, name, snapshot string) (string, error) {
	out, err := s.ec2.RegisterImage(ctx, &ec2.RegisterImageInput{
		Name: &name, RootDeviceName: new(rootDevice),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: new(rootDevice), Ebs: &ec2types.EbsBlockDevice{SnapshotId: &snapshot}}},
	})
	if err != nil {
		return "", fmt.Errorf("register image %s: %w", name, err)
	}
	return aws.ToString(out.ImageId), nil
}
