package observe_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/account"
	"keymend/pkg/observe"
)

// An ignorant answers in AWS's place, and knows little.
type ignorant struct {
	observe.Groups
	observe.Images
	group    astypes.AutoScalingGroup
	template *ec2types.ResponseLaunchTemplateData // nil = not told
}

func (i ignorant) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []astypes.AutoScalingGroup{i.group}}, nil
}

func (i ignorant) DescribeLaunchConfigurations(_ context.Context, in *autoscaling.DescribeLaunchConfigurationsInput, _ ...func(*autoscaling.Options)) (*autoscaling.DescribeLaunchConfigurationsOutput, error) {
	return nil, account.NewUntold("who knows")
}

func (i ignorant) DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	if i.template == nil {
		return nil, account.NewUntold("who knows")
	}
	return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: []ec2types.LaunchTemplateVersion{{LaunchTemplateName: new("web"), LaunchTemplateData: i.template}}}, nil
}

func (i ignorant) DescribeImages(_ context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	out := &ec2.DescribeImagesOutput{}
	for _, id := range in.ImageIds {
		out.Images = append(out.Images, ec2types.Image{ImageId: &id, State: account.UntoldState})
	}
	return out, nil
}

func (i ignorant) DescribeSnapshots(_ context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	out := &ec2.DescribeSnapshotsOutput{}
	for _, id := range in.SnapshotIds {
		out.Snapshots = append(out.Snapshots, ec2types.Snapshot{SnapshotId: &id, State: account.UntoldState})
	}
	return out, nil
}

func (i ignorant) GetEbsEncryptionByDefault(context.Context, *ec2.GetEbsEncryptionByDefaultInput, ...func(*ec2.Options)) (*ec2.GetEbsEncryptionByDefaultOutput, error) {
	return &ec2.GetEbsEncryptionByDefaultOutput{}, nil
}

func (i ignorant) GetEbsDefaultKmsKeyId(context.Context, *ec2.GetEbsDefaultKmsKeyIdInput, ...func(*ec2.Options)) (*ec2.GetEbsDefaultKmsKeyIdOutput, error) {
	return &ec2.GetEbsDefaultKmsKeyIdOutput{}, nil
}

// TestWhatIsntToldIsUnknown: it is neither refused nor an error, and the keys that the
// template names count all the same.
func TestWhatIsntToldIsUnknown(t *testing.T) {
	t.Parallel()
	group := astypes.AutoScalingGroup{AutoScalingGroupName: new("web-prod"), LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: new("web"), Version: new("3")}}
	configured := astypes.AutoScalingGroup{AutoScalingGroupName: new("web-prod"), LaunchConfigurationName: new("web-lc")}
	device := ec2types.LaunchTemplateBlockDeviceMapping{DeviceName: new("/dev/sdf"), Ebs: &ec2types.LaunchTemplateEbsBlockDevice{Encrypted: new(true), KmsKeyId: new("alias/data"), SnapshotId: new("snap-1")}}
	plain := ec2types.LaunchTemplateBlockDeviceMapping{DeviceName: new("/dev/sdg"), Ebs: &ec2types.LaunchTemplateEbsBlockDevice{SnapshotId: new("snap-2")}}
	for name, tc := range map[string]struct {
		is      ignorant
		unknown []string
		keys    int
	}{
		"template":      {ignorant{group: group}, []string{"nothing is told of launch template web version 3"}, 0},
		"configuration": {ignorant{group: configured}, []string{"nothing is told of launch configuration web-lc"}, 0},
		"image": {
			ignorant{group: group, template: &ec2types.ResponseLaunchTemplateData{ImageId: new("ami-1"), BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMapping{device, plain}}},
			[]string{"nothing is told of image ami-1 of web", "of snapshot snap-1 isn't told"}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := observe.New(tc.is, tc.is, tc.is).Resolve(t.Context(), accountID, region, "web-prod")
			if err != nil || l.Refused != "" || len(l.Partly) > 0 || len(l.Keys) != tc.keys || len(l.Unknown) != len(tc.unknown) {
				t.Fatalf("%+v, %v", l, err)
			}
			for i, want := range tc.unknown {
				if !strings.Contains(strings.Join(l.Unknown, "\n"), want) {
					t.Errorf("%d: %q lacks %q", i, l.Unknown, want)
				}
			}
		})
	}
}
