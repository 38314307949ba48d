package endtoend_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

const rootOnly = `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}]}`

var enrolled = map[string]string{"keymend": "remediate"} //nolint:gochecknoglobals // a constant map

// key makes a key with a policy and tags, and returns its ARN.
func (w *world) key(policy string, tags map[string]string) string {
	w.t.Helper()
	in := &kms.CreateKeyInput{Policy: &policy}
	for k, v := range tags {
		in.Tags = append(in.Tags, kmstypes.Tag{TagKey: &k, TagValue: &v})
	}
	out, err := w.kms.CreateKey(w.t.Context(), in)
	must(w.t, err)
	return *out.KeyMetadata.Arn
}

// image registers an image with one unencrypted root volume.
func (w *world) image() string { return w.imageOf(w.snapshot("")) }

func (w *world) imageOf(snapshot string) string {
	w.t.Helper()
	out, err := w.ec2.RegisterImage(w.t.Context(), &ec2.RegisterImageInput{
		Name: new("base-" + snapshot), RootDeviceName: new("/dev/xvda"),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: &snapshot}}},
	})
	must(w.t, err)
	return *out.ImageId
}

// snapshot makes a snapshot, encrypted under key unless that is "".
func (w *world) snapshot(key string) string {
	w.t.Helper()
	in := &ec2.CreateVolumeInput{AvailabilityZone: new(w.cfg.Region + "a"), Size: new(int32(8))}
	if key != "" {
		in.Encrypted, in.KmsKeyId = new(true), &key
	}
	volume, err := w.ec2.CreateVolume(w.t.Context(), in)
	must(w.t, err)
	out, err := w.ec2.CreateSnapshot(w.t.Context(), &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	must(w.t, err)
	w.box.Advance(2 * time.Minute)
	return *out.SnapshotId
}

// template makes a launch template whose root volume has the given settings.
func (w *world) template(name, image string, ebs *ec2types.LaunchTemplateEbsBlockDeviceRequest) string {
	w.t.Helper()
	data := &ec2types.RequestLaunchTemplateData{ImageId: &image, InstanceType: ec2types.InstanceTypeM5Large}
	if ebs != nil {
		data.BlockDeviceMappings = []ec2types.LaunchTemplateBlockDeviceMappingRequest{{DeviceName: new("/dev/xvda"), Ebs: ebs}}
	}
	out, err := w.ec2.CreateLaunchTemplate(w.t.Context(), &ec2.CreateLaunchTemplateInput{LaunchTemplateName: &name, LaunchTemplateData: data})
	must(w.t, err)
	return *out.LaunchTemplate.LaunchTemplateId
}

// group makes a group of two from a template.
func (w *world) group(name, template, version string) {
	w.t.Helper()
	_, err := w.asg.CreateAutoScalingGroup(w.t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(4)), DesiredCapacity: new(int32(2)),
		AvailabilityZones: []string{w.cfg.Region + "a", w.cfg.Region + "b"},
		LaunchTemplate:    &astypes.LaunchTemplateSpecification{LaunchTemplateId: &template, Version: &version},
	})
	must(w.t, err)
}

// broken makes a group that can't launch for want of access to key, which its
// template names.
func (w *world) broken(name, key string) {
	w.t.Helper()
	w.group(name, w.encryptedTemplate(name, key), "$Latest")
}

// encryptedTemplate makes a launch template whose root volume names a key.
func (w *world) encryptedTemplate(name, key string) string {
	return w.templateOf(name, w.image(), key)
}

// templateOf makes a launch template of an image whose root volume names a key.
func (w *world) templateOf(name, image, key string) string {
	return w.template(name, image, &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: &key})
}

// configuredGroup makes a group of two from a launch configuration, which can't
// name a key: its volumes fall to the account's default key. With a price it
// launches Spot instances.
func (w *world) configuredGroup(name, key string, price *string) {
	w.t.Helper()
	w.defaultKey(key)
	_, err := w.asg.CreateLaunchConfiguration(w.t.Context(), &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: &name, ImageId: new(w.image()), InstanceType: new("m5.large"), SpotPrice: price,
		BlockDeviceMappings: []astypes.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &astypes.Ebs{Encrypted: new(true)}}},
	})
	must(w.t, err)
	_, err = w.asg.CreateAutoScalingGroup(w.t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(4)), DesiredCapacity: new(int32(2)),
		AvailabilityZones: []string{region + "a"}, LaunchConfigurationName: &name,
	})
	must(w.t, err)
}

// inService counts the group's instances in service.
func (w *world) inService(name string) int {
	w.t.Helper()
	out, err := w.asg.DescribeAutoScalingGroups(w.t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	must(w.t, err)
	n := 0
	for _, i := range out.AutoScalingGroups[0].Instances {
		if i.LifecycleState == astypes.LifecycleStateInService {
			n++
		}
	}
	return n
}

func (w *world) policy(key string) string {
	w.t.Helper()
	out, err := w.kms.GetKeyPolicy(w.t.Context(), &kms.GetKeyPolicyInput{KeyId: &key})
	must(w.t, err)
	return *out.Policy
}
