package agreement_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/observe"
	"keymend/pkg/sandbox"
)

// TestTheNamedKeyOfAnotherAccountsSnapshot: a template names the key under which
// another account's snapshot lies already. Whether EBS encrypts the volume anew isn't
// known, so pkg/launch names what it takes then; in the other position the launch asks
// for less.
func TestTheNamedKeyOfAnotherAccountsSnapshot(t *testing.T) {
	t.Parallel()
	client := &http.Client{}
	for anew, want := range map[bool][]string{
		true:  {"CreateGrant", "CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncrypt", "ReEncrypt"},
		false: {"CreateGrant", "GenerateDataKeyWithoutPlaintext"},
	} {
		w := newWorld(t, t.Context(), client)
		switches := sandbox.DefaultSwitches()
		switches.SameKeyAnew = anew
		w.box.SetSwitches(switches)
		key := w.keys[theirs][0]
		snapshot := w.snapshot(t, theirs, key)
		w.share(t, snapshot)
		image := w.image(t, theirs, []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: &snapshot}}})
		_, err := w.ec2[ours].CreateLaunchTemplate(w.ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: new("web"), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
			ImageId: &image, InstanceType: ec2types.InstanceTypeM5Large,
			BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{{DeviceName: new("/dev/xvda"),
				Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: &key}}},
		}})
		must(t, err)
		before := len(w.box.Calls())
		_, err = w.asg.CreateAutoScalingGroup(w.ctx, &autoscaling.CreateAutoScalingGroupInput{
			AutoScalingGroupName: new("web-prod"), MinSize: new(int32(0)), MaxSize: new(int32(1)), DesiredCapacity: new(int32(1)), AvailabilityZones: []string{region + "a"},
			LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: new("web"), Version: new("$Latest")},
		})
		must(t, err)
		w.box.Advance(15 * time.Second)
		if got := slices.Sorted(slices.Values(w.asked(t, before)[key])); !slices.Equal(got, want) {
			t.Errorf("anew %v: a launch asked for %v, want %v", anew, got, want)
		}
		l, err := observe.FromConfig(w.cfg).Resolve(w.ctx, ours, region, "web-prod")
		must(t, err)
		if len(l.Keys) != 1 || !slices.Equal(l.Keys[0].Operations, []string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}) {
			t.Errorf("anew %v: %+v", anew, l.Keys)
		}
		must(t, w.box.Close())
	}
	client.CloseIdleConnections()
}
