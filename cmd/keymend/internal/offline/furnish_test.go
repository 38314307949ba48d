package offline_test

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"pgregory.net/rapid"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox"
)

const theirs = "444455556666"

var foreign = regexp.MustCompile(`arn:aws:kms:eu-west-1:444455556666:key/[0-9a-f-]+`)

// A scene is an account of the sandbox that a test fills.
type scene struct {
	t    *rapid.T
	box  *sandbox.Sandbox
	asg  *autoscaling.Client
	ec2  map[string]*ec2.Client // by account
	kms  map[string]*kms.Client
	keys []string // ARNs of the account's, then of another's
}

func (s *scene) draw(what string, of ...string) string {
	return rapid.SampledFrom(of).Draw(s.t, what)
}

// furnish makes keys, images, templates and groups of all kinds.
func furnish(t *rapid.T, box *sandbox.Sandbox, cfg aws.Config, url string) {
	s := &scene{t: t, box: box, asg: autoscaling.NewFromConfig(cfg), ec2: map[string]*ec2.Client{}, kms: map[string]*kms.Client{}}
	for _, account := range []string{theirs, accountID} {
		cfg := scenario.Config(url, account, region)
		s.ec2[account], s.kms[account] = ec2.NewFromConfig(cfg), kms.NewFromConfig(cfg)
		_, err := s.kms[account].ListKeys(t.Context(), &kms.ListKeysInput{}) // an account is there once it is used
		must(t, err)
	}
	_, err := iam.NewFromConfig(cfg).CreateServiceLinkedRole(t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com")})
	must(t, err)
	box.Advance(time.Minute)
	s.keys = append(s.keys, s.key(accountID), s.key(accountID), s.key(theirs))
	image := s.image()
	s.settings()
	for i := range rapid.IntRange(1, 3).Draw(t, "groups") {
		s.group(fmt.Sprintf("web-%d", i), image)
	}
	for _, key := range s.keys {
		s.spoil(key)
	}
}

// key makes one that is open while the world is built.
func (s *scene) key(account string) string {
	policy := `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::` + accountID + `:root","arn:aws:iam::` + theirs + `:root"]},"Action":"kms:*","Resource":"*"}]}`
	out, err := s.kms[account].CreateKey(s.t.Context(), &kms.CreateKeyInput{Policy: &policy})
	must(s.t, err)
	_, err = s.kms[account].CreateAlias(s.t.Context(), &kms.CreateAliasInput{AliasName: new("alias/k-" + *out.KeyMetadata.KeyId), TargetKeyId: out.KeyMetadata.Arn})
	must(s.t, err)
	return *out.KeyMetadata.Arn
}

// spoil gives a key the policy, grants and state that it is checked with.
func (s *scene) spoil(key string) {
	account, ctx := strings.Split(key, ":")[4], s.t.Context()
	if ops := s.draw("grant", "none", "whole", "half", "another's"); ops != "none" && (account == accountID || s.draw("foreign grant", "yes", "no") == "yes") {
		in := &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: new(slr), Operations: []kmstypes.GrantOperation{"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}}
		switch ops {
		case "half":
			in.Operations = in.Operations[1:4]
		case "another's":
			in.GranteePrincipal = new("arn:aws:iam::" + accountID + ":root")
		}
		_, err := s.kms[accountID].CreateGrant(ctx, in)
		must(s.t, err)
	}
	root := strings.ReplaceAll(root, accountID, account)
	near := strings.ReplaceAll(opens, slr, "arn:aws:iam::"+accountID+":root")
	text := s.draw("policy", root, root+","+opens, root+","+strings.Replace(opens, `"kms:CreateGrant"`, `"kms:ListGrants"`, 1), root+","+near,
		root+","+opens+`,{"Effect":"Deny","Principal":{"AWS":"`+slr+`"},"Action":"kms:CreateGrant","Resource":"*"}`,
		root+","+strings.Replace(opens, `"Resource":"*"`, `"Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`, 1))
	_, err := s.kms[account].PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: new(`{"Version":"2012-10-17","Statement":[` + text + `]}`)})
	must(s.t, err)
	switch s.draw("state", "on", "on", "on", "disabled", "deleted") {
	case "disabled":
		_, err = s.kms[account].DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key})
	case "deleted":
		_, err = s.kms[account].ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &key})
	}
	must(s.t, err)
}

func (s *scene) settings() {
	if s.draw("by default", "on", "off") == "on" {
		_, err := s.ec2[accountID].EnableEbsEncryptionByDefault(s.t.Context(), &ec2.EnableEbsEncryptionByDefaultInput{})
		must(s.t, err)
	}
	if key := s.draw("default key", append([]string{""}, s.written()...)...); key != "" {
		_, err := s.ec2[accountID].ModifyEbsDefaultKmsKeyId(s.t.Context(), &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: &key})
		must(s.t, err)
	}
}

// written are the ways in which keys are written down.
func (s *scene) written() []string {
	id := s.keys[0][strings.LastIndexByte(s.keys[0], '/')+1:]
	return append([]string{id, "alias/k-" + id, "arn:aws:kms:eu-west-1:" + accountID + ":alias/k-" + id}, s.keys...)
}

// image is one of either account, whose snapshot may be encrypted, and hidden.
func (s *scene) image() string {
	account, ctx := s.draw("image of", accountID, theirs), s.t.Context()
	volume := &ec2.CreateVolumeInput{AvailabilityZone: new(region + "a"), Size: new(int32(8))}
	if key := s.draw("image under", "", s.keys[1], s.keys[2]); key != "" {
		volume.Encrypted, volume.KmsKeyId = new(true), &key
	}
	v, err := s.ec2[account].CreateVolume(ctx, volume)
	must(s.t, err)
	snapshot, err := s.ec2[account].CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: v.VolumeId})
	must(s.t, err)
	s.box.Advance(2 * time.Minute)
	out, err := s.ec2[account].RegisterImage(ctx, &ec2.RegisterImageInput{Name: new("base"), RootDeviceName: new("/dev/xvda"), BlockDeviceMappings: []ec2types.BlockDeviceMapping{
		{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}},
	}})
	must(s.t, err)
	if account == theirs {
		_, err = s.ec2[account].ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: out.ImageId, LaunchPermission: &ec2types.LaunchPermissionModifications{Add: []ec2types.LaunchPermission{{UserId: new(accountID)}}}})
		must(s.t, err)
		if s.draw("snapshot", "shared", "hidden") == "shared" {
			_, err = s.ec2[account].ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{SnapshotId: snapshot.SnapshotId, CreateVolumePermission: &ec2types.CreateVolumePermissionModifications{Add: []ec2types.CreateVolumePermission{{UserId: new(accountID)}}}})
			must(s.t, err)
		}
	}
	return *out.ImageId
}

// group makes one from a launch template of its own, or from a launch configuration.
func (s *scene) group(name, image string) {
	in := &autoscaling.CreateAutoScalingGroupInput{AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(2)), DesiredCapacity: new(int32(0)), AvailabilityZones: []string{region + "a"}}
	ctx := s.t.Context()
	if s.draw("from", "template", "template", "configuration") == "configuration" {
		_, err := s.asg.CreateLaunchConfiguration(ctx, &autoscaling.CreateLaunchConfigurationInput{LaunchConfigurationName: &name, ImageId: &image, InstanceType: new("m5.large"), BlockDeviceMappings: []astypes.BlockDeviceMapping{
			{DeviceName: new("/dev/sdf"), Ebs: &astypes.Ebs{VolumeSize: new(int32(8)), Encrypted: new(s.draw("encrypted", "yes", "no") == "yes")}},
		}})
		must(s.t, err)
		in.LaunchConfigurationName = &name
	} else {
		out, err := s.ec2[accountID].CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: &name, LaunchTemplateData: s.data(image)})
		must(s.t, err)
		_, err = s.ec2[accountID].CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{LaunchTemplateName: &name, LaunchTemplateData: s.data(image)})
		must(s.t, err)
		spec := &astypes.LaunchTemplateSpecification{LaunchTemplateId: out.LaunchTemplate.LaunchTemplateId, Version: new(s.draw("version", "$Latest", "$Default", "1"))}
		if s.draw("mixed", "yes", "no") == "yes" {
			in.MixedInstancesPolicy = &astypes.MixedInstancesPolicy{LaunchTemplate: &astypes.LaunchTemplate{LaunchTemplateSpecification: spec, Overrides: []astypes.LaunchTemplateOverrides{
				{InstanceType: new("m5.large")}, {InstanceType: new("m5.xlarge"), ImageId: &image},
			}}}
		} else {
			in.LaunchTemplate = spec
		}
	}
	_, err := s.asg.CreateAutoScalingGroup(ctx, in)
	must(s.t, err)
}

func (s *scene) data(image string) *ec2types.RequestLaunchTemplateData {
	out := &ec2types.RequestLaunchTemplateData{ImageId: &image, InstanceType: "m5.large"}
	for _, device := range []string{"/dev/xvda", "/dev/sdf"} {
		ebs := &ec2types.LaunchTemplateEbsBlockDeviceRequest{VolumeSize: new(int32(8))}
		switch s.draw(device, "not at all", "plain", "default", "named", "named") {
		case "not at all":
			continue
		case "default":
			ebs.Encrypted = new(true)
		case "named":
			ebs.Encrypted, ebs.KmsKeyId = new(true), new(s.draw("key", s.written()...))
		}
		out.BlockDeviceMappings = append(out.BlockDeviceMappings, ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: &device, Ebs: ebs})
	}
	return out
}
