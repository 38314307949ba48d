package endtoend_test

import (
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// openTo is a key policy by which the key's account and another may do all with
// the key.
func openTo(owner, also string) string {
	policy := strings.ReplaceAll(rootOnly, account, owner)
	return strings.Replace(policy, `"arn:aws:iam::`+owner+`:root"`, `["arn:aws:iam::`+owner+`:root","arn:aws:iam::`+also+`:root"]`, 1)
}

// foreignKey makes a key of the other account that the group's may use, but for
// its role, which needs a grant.
func (w *world) foreignKey() string { return w.as(owner).key(openTo(owner, account), nil) }

// sharedImage registers an image of the other account of the snapshot, and
// shares it with the group's account; the snapshot, too, if that is said.
func (w *world) sharedImage(snapshot string, withSnapshot bool) string {
	w.t.Helper()
	them := w.as(owner)
	image := them.imageOf(snapshot)
	_, err := them.ec2.ModifyImageAttribute(w.t.Context(), &ec2.ModifyImageAttributeInput{
		ImageId: &image, LaunchPermission: &ec2types.LaunchPermissionModifications{Add: []ec2types.LaunchPermission{{UserId: new(account)}}},
	})
	must(w.t, err)
	if withSnapshot {
		_, err = them.ec2.ModifySnapshotAttribute(w.t.Context(), &ec2.ModifySnapshotAttributeInput{
			SnapshotId: &snapshot, CreateVolumePermission: &ec2types.CreateVolumePermissionModifications{Add: []ec2types.CreateVolumePermission{{UserId: new(account)}}},
		})
		must(w.t, err)
	}
	return image
}

// launches makes the group web-prod from an image, with mappings over it.
func (w *world) launches(image string, mappings ...ec2types.LaunchTemplateBlockDeviceMappingRequest) {
	w.t.Helper()
	w.group("web-prod", w.mappedTemplate("web", image, mappings...), "$Latest")
}

func (w *world) mappedTemplate(name, image string, mappings ...ec2types.LaunchTemplateBlockDeviceMappingRequest) string {
	w.t.Helper()
	out, err := w.ec2.CreateLaunchTemplate(w.t.Context(), &ec2.CreateLaunchTemplateInput{LaunchTemplateName: &name, LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
		ImageId: &image, InstanceType: ec2types.InstanceTypeM5Large, BlockDeviceMappings: mappings,
	}})
	must(w.t, err)
	return *out.LaunchTemplate.LaunchTemplateId
}

// changed gives a template a new version.
func (w *world) changed(template, image string, mappings ...ec2types.LaunchTemplateBlockDeviceMappingRequest) {
	w.t.Helper()
	_, err := w.ec2.CreateLaunchTemplateVersion(w.t.Context(), &ec2.CreateLaunchTemplateVersionInput{LaunchTemplateId: &template, LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
		ImageId: &image, InstanceType: ec2types.InstanceTypeM5Large, BlockDeviceMappings: mappings,
	}})
	must(w.t, err)
}

// volume is a mapping of a device: encrypted or not said, under a key or none.
func volume(device string, encrypted *bool, key string) ec2types.LaunchTemplateBlockDeviceMappingRequest {
	ebs := &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: encrypted, VolumeSize: new(int32(8))}
	if key != "" {
		ebs.KmsKeyId = &key
	}
	return ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: &device, Ebs: ebs}
}

// groupOf makes web-prod, of two, as in says beside that.
func (w *world) groupOf(in *autoscaling.CreateAutoScalingGroupInput) {
	w.t.Helper()
	in.AutoScalingGroupName, in.MinSize, in.MaxSize, in.AvailabilityZones = new("web-prod"), new(int32(0)), new(int32(4)), []string{region + "a"}
	if in.DesiredCapacity == nil {
		in.DesiredCapacity = new(int32(2))
	}
	_, err := w.asg.CreateAutoScalingGroup(w.t.Context(), in)
	must(w.t, err)
}

func latest(template string) *astypes.LaunchTemplateSpecification {
	return &astypes.LaunchTemplateSpecification{LaunchTemplateId: &template, Version: new("$Latest")}
}

// groupLater is a group that launches nothing yet.
func groupLater(template string) *autoscaling.CreateAutoScalingGroupInput {
	return &autoscaling.CreateAutoScalingGroupInput{DesiredCapacity: new(int32(0)), LaunchTemplate: latest(template)}
}

// want sets the desired capacity of web-prod.
func (w *world) want(n int32) {
	w.t.Helper()
	_, err := w.asg.SetDesiredCapacity(w.t.Context(), &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: new("web-prod"), DesiredCapacity: &n})
	must(w.t, err)
}

// openKey makes a key that EBS may use for everyone in the account.
func (w *world) openKey() string {
	w.t.Helper()
	return w.key(strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"EBS","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:GenerateDataKeyWithoutPlaintext","kms:ReEncrypt*","kms:Decrypt","kms:CreateGrant","kms:DescribeKey"],"Resource":"*",`+
		`"Condition":{"StringEquals":{"kms:CallerAccount":"`+account+`","kms:ViaService":"ec2.`+region+`.amazonaws.com"}}},`, 1), nil)
}

// granted opens another account's key to the group's role, as the field does by
// hand.
func (w *world) granted(key string) {
	w.t.Helper()
	_, err := w.iam.CreateServiceLinkedRole(w.t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com")})
	if taken := new(iamtypes.InvalidInputException); err != nil && !errors.As(err, &taken) {
		w.t.Fatal(err)
	}
	w.box.Advance(time.Minute) // until KMS knows the role
	_, err = w.kms.CreateGrant(w.t.Context(), &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: new(role), Operations: []kmstypes.GrantOperation{
		"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant",
	}})
	must(w.t, err)
}

// suffixedRole makes a service-linked role of Auto Scaling with a suffix.
func (w *world) suffixedRole(suffix string) string {
	w.t.Helper()
	out, err := w.iam.CreateServiceLinkedRole(w.t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com"), CustomSuffix: &suffix})
	must(w.t, err)
	w.box.Advance(time.Minute)
	return *out.Role.Arn
}
