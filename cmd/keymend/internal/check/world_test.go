package check_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/sandboxtest"
	"keymend/pkg/settings"
	"keymend/pkg/slr"
	"keymend/pkg/wiring"
)

const (
	ours   = "111122223333"
	theirs = "444455556666"
	region = "eu-west-1"
	admin  = "arn:aws:iam::" + ours + ":user/admin"
)

// role is one of the two service-linked roles as which groups launch.
func role(suffix string) string { return slr.ARN("aws", ours, suffix) }

// spot is the role as which Spot instances of a launch configuration are launched, too.
func spot() string { return slr.Spot("aws", ours) }

// A world is a sandbox, and the clients of an account in it.
type world struct {
	t    sandboxtest.T
	ctx  context.Context
	box  *sandbox.Sandbox
	cfg  aws.Config
	ec2  *ec2.Client
	kms  *kms.Client
	iam  *iam.Client
	asg  *autoscaling.Client
	more *kms.Client // of the other account
}

func must(t sandboxtest.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorld starts a sandbox with both roles.
func newWorld(ctx context.Context, t sandboxtest.T, client *http.Client) *world {
	t.Helper()
	box, url := sandboxtest.Start(t)
	of := func(account string) aws.Config {
		return aws.Config{Region: region, HTTPClient: client, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(account, "any", "")}
	}
	w := &world{t: t, ctx: ctx, box: box, cfg: of(ours)}
	w.ec2, w.kms, w.iam, w.asg, w.more = ec2.NewFromConfig(w.cfg), kms.NewFromConfig(w.cfg), iam.NewFromConfig(w.cfg), autoscaling.NewFromConfig(w.cfg), kms.NewFromConfig(of(theirs))
	for _, suffix := range []string{"", "b"} {
		w.makeRole(suffix)
	}
	w.makeSpotRole()
	_, err := w.more.ListKeys(ctx, &kms.ListKeysInput{}) // an account is there once it is used
	must(t, err)
	return w
}

func (w *world) makeRole(suffix string) {
	w.t.Helper()
	in := &iam.CreateServiceLinkedRoleInput{AWSServiceName: new(slr.AutoScaling)}
	if suffix != "" {
		in.CustomSuffix = &suffix
	}
	_, err := w.iam.CreateServiceLinkedRole(w.ctx, in)
	must(w.t, err)
}

func (w *world) makeSpotRole() {
	w.t.Helper()
	_, err := w.iam.CreateServiceLinkedRole(w.ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("spot.amazonaws.com")})
	must(w.t, err)
}

func (w *world) deleteRole(arn string) {
	w.t.Helper()
	_, err := w.iam.DeleteServiceLinkedRole(w.ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: new(arn[strings.LastIndexByte(arn, '/')+1:])})
	must(w.t, err)
}

// key makes a key of the account with a policy, and an alias for it.
func (w *world) key(name, policy string) string {
	w.t.Helper()
	out, err := w.kms.CreateKey(w.ctx, &kms.CreateKeyInput{Policy: &policy})
	must(w.t, err)
	_, err = w.kms.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: new("alias/" + name), TargetKeyId: out.KeyMetadata.KeyId})
	must(w.t, err)
	return *out.KeyMetadata.Arn
}

// theirKey makes a key of the other account that the whole of ours may use.
func (w *world) theirKey() string {
	w.t.Helper()
	out, err := w.more.CreateKey(w.ctx, &kms.CreateKeyInput{Policy: new(document(allow(`"arn:aws:iam::` + theirs + `:root","arn:aws:iam::` + ours + `:root"`)))})
	must(w.t, err)
	return *out.KeyMetadata.Arn
}

// grant makes a grant to a role, and returns its id.
func (w *world) grant(key, role string, operations ...string) string {
	w.t.Helper()
	in := &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: &role}
	for _, op := range operations {
		in.Operations = append(in.Operations, kmstypes.GrantOperation(op))
	}
	out, err := w.kms.CreateGrant(w.ctx, in)
	must(w.t, err)
	return *out.GrantId
}

// image makes an image of a volume under a key; "" = none.
func (w *world) image(key string) string {
	w.t.Helper()
	in := &ec2.CreateVolumeInput{AvailabilityZone: new(region + "a"), Size: new(int32(8))}
	if key != "" {
		in.Encrypted, in.KmsKeyId = new(true), &key
	}
	volume, err := w.ec2.CreateVolume(w.ctx, in)
	must(w.t, err)
	snapshot, err := w.ec2.CreateSnapshot(w.ctx, &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	must(w.t, err)
	w.box.Advance(2 * time.Minute)
	out, err := w.ec2.RegisterImage(w.ctx, &ec2.RegisterImageInput{Name: snapshot.SnapshotId, RootDeviceName: new("/dev/xvda"), BlockDeviceMappings: []ec2types.BlockDeviceMapping{
		{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}},
	}})
	must(w.t, err)
	return *out.ImageId
}

// group makes a group that doesn't launch yet, of an image. ebs is what its template
// says of the root volume; nil = nothing.
func (w *world) group(name, image, role string, ebs *ec2types.LaunchTemplateEbsBlockDeviceRequest) {
	w.t.Helper()
	data := &ec2types.RequestLaunchTemplateData{ImageId: &image, InstanceType: ec2types.InstanceTypeM5Large}
	if ebs != nil {
		data.BlockDeviceMappings = []ec2types.LaunchTemplateBlockDeviceMappingRequest{{DeviceName: new("/dev/xvda"), Ebs: ebs}}
	}
	template, err := w.ec2.CreateLaunchTemplate(w.ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: &name, LaunchTemplateData: data})
	must(w.t, err)
	_, err = w.asg.CreateAutoScalingGroup(w.ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(2)), DesiredCapacity: new(int32(0)), AvailabilityZones: []string{region + "a"},
		ServiceLinkedRoleARN: &role, LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: template.LaunchTemplate.LaunchTemplateId, Version: new("$Latest")},
	})
	must(w.t, err)
}

// spots makes a group that launches Spot instances by a launch configuration, as the Spot
// role, too.
func (w *world) spots(name, image, role string, encrypted *bool) {
	w.t.Helper()
	in := &autoscaling.CreateLaunchConfigurationInput{LaunchConfigurationName: &name, ImageId: &image, InstanceType: new("m5.large"), SpotPrice: new("0.1")}
	if encrypted != nil {
		in.BlockDeviceMappings = []astypes.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &astypes.Ebs{Encrypted: encrypted}}}
	}
	_, err := w.asg.CreateLaunchConfiguration(w.ctx, in)
	must(w.t, err)
	_, err = w.asg.CreateAutoScalingGroup(w.ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(2)), DesiredCapacity: new(int32(0)), AvailabilityZones: []string{region + "a"},
		ServiceLinkedRoleARN: &role, LaunchConfigurationName: &name,
	})
	must(w.t, err)
}

// launches has groups launch an instance each, and returns which of them could.
func (w *world) launches(names []string) map[string]bool {
	w.t.Helper()
	for _, name := range names {
		_, err := w.asg.SetDesiredCapacity(w.ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: &name, DesiredCapacity: new(int32(1))})
		must(w.t, err)
	}
	w.box.Advance(15 * time.Second)
	out, err := w.asg.DescribeAutoScalingGroups(w.ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: names})
	must(w.t, err)
	could := map[string]bool{}
	for _, g := range out.AutoScalingGroups {
		could[*g.AutoScalingGroupName] = len(g.Instances) > 0
	}
	return could
}

// looker is what the program looks with.
func (w *world) looker() remediation.Looker {
	config := settings.Config{Mode: settings.Enforce, OwnKey: settings.OwnKeyAuto, Partition: "aws", ForeignKey: settings.ForeignGrant}
	return remediation.Looker{
		Settings: config, Kinds: table.Kinds(), Plan: plan.All, Person: access.Principal{ARN: admin},
		AWS: wiring.AWS{Settings: config, Own: w.cfg, Sessions: account.New(w.cfg, account.Options{Partition: "aws"})},
	}
}

// document is a policy of statements.
func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// allow is a statement that lets principals, quoted, do everything.
func allow(principals string) string {
	return `{"Effect":"Allow","Principal":{"AWS":[` + principals + `]},"Action":"kms:*","Resource":"*"}`
}

// procedure is what AWS has people add for a role.
func procedure(role string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":%q},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},`+
		`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}`, role, role)
}

// nobody and nowhere take what a fresh look comes to.
type (
	nobody  = remediation.Nobody
	nowhere struct{}
)

// Write implements remediation.Log.
func (nowhere) Write(context.Context, record.Record) error { return nil }

// encrypted is a root volume under a key.
func encrypted(key string) *ec2types.LaunchTemplateEbsBlockDeviceRequest {
	return &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: &key}
}

func (w *world) disable(key string) {
	w.t.Helper()
	_, err := w.kms.DisableKey(w.ctx, &kms.DisableKeyInput{KeyId: &key})
	must(w.t, err)
}

func parse(t sandboxtest.T, text string) *keypolicy.Document {
	t.Helper()
	d, err := keypolicy.Parse(text)
	must(t, err)
	return d
}
