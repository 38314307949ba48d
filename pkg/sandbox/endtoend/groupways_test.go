package endtoend_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox"
)

// TestImages is every state that an image can be in.
func TestImages(t *testing.T) {
	// spoilt makes a group that is to launch from an image after something befell it.
	spoilt := func(image func(w *world) string, befalls func(w *world, image string)) func(w *world) {
		return func(w *world) {
			id := image(w)
			w.groupOf(groupLater(w.mappedTemplate("web", id, volume("/dev/xvda", new(true), w.key(rootOnly, enrolled)))))
			befalls(w, id)
			w.want(2)
		}
	}
	shared := func(w *world) string { return w.sharedImage(w.as(owner).snapshot(""), false) }
	playAll(t, "images", map[string]row{
		"deprecated launches all the same": {make: spoilt((*world).image, func(w *world, image string) {
			_, err := w.ec2.EnableImageDeprecation(w.t.Context(), &ec2.EnableImageDeprecationInput{ImageId: &image, DeprecateAt: new(time.Date(2026, 3, 2, 9, 4, 0, 0, time.UTC))})
			must(w.t, err)
		})},
		"disabled": {ends: stands, make: spoilt((*world).image, func(w *world, image string) {
			_, err := w.ec2.DisableImage(w.t.Context(), &ec2.DisableImageInput{ImageId: &image})
			must(w.t, err)
		})},
		"deregistered": {ends: stands, make: spoilt((*world).image, func(w *world, image string) {
			_, err := w.ec2.DeregisterImage(w.t.Context(), &ec2.DeregisterImageInput{ImageId: &image})
			must(w.t, err)
		})},
		"shared, unencrypted": {make: spoilt(shared, func(*world, string) {})},
		"not shared any more": {ends: stands, make: spoilt(shared, func(w *world, image string) {
			_, err := w.as(owner).ec2.ModifyImageAttribute(w.t.Context(), &ec2.ModifyImageAttributeInput{ImageId: &image,
				LaunchPermission: &ec2types.LaunchPermissionModifications{Remove: []ec2types.LaunchPermission{{UserId: new(account)}}}})
			must(w.t, err)
		})},
	})
}

// TestHidden is an image that is shared without its snapshot, and so without the
// name of its key.
func TestHidden(t *testing.T) {
	playAll(t, "hidden", map[string]row{
		"nothing tells the key": {ends: stands, make: func(w *world) {
			w.defaultKey(w.openKey())
			w.launches(w.sharedImage(w.as(owner).snapshot(w.foreignKey()), false))
		}},
		"CloudTrail names a key that the role was refused": {ends: stands, make: func(w *world) {
			switches := sandbox.DefaultSwitches()
			switches.DenialNamesForeignKey = true
			w.box.SetSwitches(switches)
			w.defaultKey(w.openKey())
			w.launches(w.sharedImage(w.as(owner).snapshot(w.foreignKey()), false))
		}},
		"the role has a grant, and launches": {ends: runs, make: func(w *world) {
			key := w.foreignKey()
			w.granted(key)
			w.defaultKey(w.openKey())
			w.launches(w.sharedImage(w.as(owner).snapshot(key), false))
		}},
		"the default key stands in the way, too": {make: hiddenKey},
	})
}

// TestGroups is what a group itself may be like.
func TestGroups(t *testing.T) {
	broken := func(w *world) *autoscaling.CreateAutoScalingGroupInput {
		return &autoscaling.CreateAutoScalingGroupInput{LaunchTemplate: latest(w.encryptedTemplate("web", w.key(rootOnly, enrolled)))}
	}
	tagged := func(tags ...string) func(w *world) {
		return func(w *world) {
			in := broken(w)
			for i := 0; i < len(tags); i += 2 {
				in.Tags = append(in.Tags, astypes.Tag{Key: &tags[i], Value: &tags[i+1]})
			}
			w.groupOf(in)
		}
	}
	playAll(t, "groups", map[string]row{
		"role with a suffix": {make: func(w *world) {
			in := broken(w)
			in.ServiceLinkedRoleARN = new(w.suffixedRole("payments"))
			w.groupOf(in)
		}},
		"capacity 0 with a warm pool": {ends: fills, make: func(w *world) {
			w.groupOf(groupLater(w.encryptedTemplate("web", w.key(rootOnly, enrolled))))
			_, err := w.asg.PutWarmPool(w.t.Context(), &autoscaling.PutWarmPoolInput{AutoScalingGroupName: new("web-prod"), MaxGroupPreparedCapacity: new(int32(2))})
			must(w.t, err)
		}},
		"stopped by Auto Scaling": {ends: rests, make: func(w *world) {
			switches := sandbox.DefaultSwitches()
			switches.SuspendAfter = time.Minute
			w.box.SetSwitches(switches)
			w.groupOf(&autoscaling.CreateAutoScalingGroupInput{LaunchTemplate: latest(w.encryptedTemplate("web", w.key(rootOnly, nil)))})
		}},
		"Spot by launch configuration": {make: func(w *world) { w.configuredGroup("web-prod", w.key(rootOnly, enrolled), new("0.05")) }},
		"capacity 0": {ends: rests, make: func(w *world) {
			w.groupOf(groupLater(w.encryptedTemplate("web", w.key(rootOnly, nil))))
		}},
		"stopped by a person": {ends: rests, make: func(w *world) {
			w.groupOf(broken(w))
			w.box.Advance(time.Minute)
			_, err := w.asg.SuspendProcesses(w.t.Context(), &autoscaling.SuspendProcessesInput{AutoScalingGroupName: new("web-prod"), ScalingProcesses: []string{"Launch"}})
			must(w.t, err)
		}},
		"node group of EKS":       {make: tagged("eks:nodegroup-name", "workers", "eks:cluster-name", "platform")},
		"made by CloudFormation":  {make: tagged("aws:cloudformation:stack-name", "web-stack")},
		"Beanstalk's environment": {make: tagged("elasticbeanstalk:environment-name", "shop")},
	})
}

// managed returns the ARN of the account's aws/ebs key.
func (w *world) managed() string {
	w.t.Helper()
	out, err := w.kms.DescribeKey(w.t.Context(), &kms.DescribeKeyInput{KeyId: new("alias/aws/ebs")})
	must(w.t, err)
	return *out.KeyMetadata.Arn
}

// multiRegionKey makes a primary key of a multi-Region family.
func (w *world) multiRegionKey() string {
	w.t.Helper()
	out, err := w.kms.CreateKey(w.t.Context(), &kms.CreateKeyInput{Policy: new(rootOnly), MultiRegion: new(true)})
	must(w.t, err)
	return *out.KeyMetadata.Arn
}

// replica makes a replica, in the world's Region, of another Region's key.
func (w *world) replica(from, key string, tags map[string]string) string {
	w.t.Helper()
	in := &kms.ReplicateKeyInput{KeyId: &key, ReplicaRegion: new(region), Policy: new(rootOnly)}
	for k, v := range tags {
		in.Tags = append(in.Tags, kmstypes.Tag{TagKey: &k, TagValue: &v})
	}
	out, err := w.in(from).kms.ReplicateKey(w.t.Context(), in)
	must(w.t, err)
	w.box.Advance(time.Minute) // until it is Enabled
	return *out.ReplicaKeyMetadata.Arn
}

// imageWith registers an image with a root volume and a data volume.
func (w *world) imageWith(root, data string) string {
	w.t.Helper()
	mapping := func(device, snapshot string) ec2types.BlockDeviceMapping {
		return ec2types.BlockDeviceMapping{DeviceName: &device, Ebs: &ec2types.EbsBlockDevice{SnapshotId: &snapshot}}
	}
	out, err := w.ec2.RegisterImage(w.t.Context(), &ec2.RegisterImageInput{
		Name: new("two volumes"), RootDeviceName: new("/dev/xvda"),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{mapping("/dev/xvda", root), mapping("/dev/sdb", data)},
	})
	must(w.t, err)
	return *out.ImageId
}

// configuration makes the launch configuration web.
func (w *world) configuration(image string, mappings ...astypes.BlockDeviceMapping) {
	w.t.Helper()
	_, err := w.asg.CreateLaunchConfiguration(w.t.Context(), &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: new("web"), ImageId: &image, InstanceType: new("m5.large"), BlockDeviceMappings: mappings,
	})
	must(w.t, err)
}

// mixed makes web-prod with overrides over a template that encrypts.
func (w *world) mixed(overrides ...astypes.LaunchTemplateOverrides) {
	w.t.Helper()
	base := w.mappedTemplate("web", w.image(), volume("/dev/xvda", new(true), ""))
	w.groupOf(&autoscaling.CreateAutoScalingGroupInput{MixedInstancesPolicy: &astypes.MixedInstancesPolicy{LaunchTemplate: &astypes.LaunchTemplate{
		LaunchTemplateSpecification: latest(base), Overrides: overrides,
	}}})
}
