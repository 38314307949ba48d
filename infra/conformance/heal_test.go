package conformance_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/infra/template"
	"keymend/pkg/sandbox"
)

// wantHealed gives a message of the deployed queue to the built functions, with the
// sandbox for AWS: there the group that it is about can't launch, and no event but
// this one says so.
func (p *project) wantHealed(message string) {
	p.t.Helper()
	box, cfg := p.box()
	key := p.brokenGroup(cfg)
	box.Advance(5 * time.Minute)
	if p.opened(cfg, key) {
		p.t.Fatal("the key is open before the message is there")
	}
	client := sqs.NewFromConfig(cfg)
	queue, err := client.GetQueueUrl(p.t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("keymend-signals")})
	p.done(err)
	// moto leaves the account out of what it delivers; EventBridge never does.
	message = strings.Replace(message, "{", `{"account":"`+account+`",`, 1)
	_, err = client.SendMessage(p.t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: &message})
	p.done(err)
	box.Advance(10 * time.Minute)
	if !p.opened(cfg, key) {
		p.t.Errorf("the functions didn't heal by what the deployed queue had: %s", message)
	}
}

// box is a sandbox with the template and the built functions, without the events of
// its own that would heal the group.
func (p *project) box() (*sandbox.Sandbox, aws.Config) {
	p.t.Helper()
	functions := map[string]string{}
	for _, name := range []string{"diagnose", "remediate"} {
		functions[name] = filepath.Join(p.dir, name)
		p.must(exec.Command("go", "build", "-tags", "lambda.norpc", "-o", functions[name], "keymend/functions/"+name))
	}
	silent := sandbox.DefaultSwitches()
	silent.CancelledEmitsEvent, silent.TrailLogs = false, false
	box, err := sandbox.New(sandbox.Options{Start: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Switches: silent})
	p.done(err)
	p.t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	p.done(err)
	_, err = box.ListenFunctions("127.0.0.1:0")
	p.done(err)
	p.done(box.Deploy(template.Account(), account, region, map[string]string{"VerifyInterval": "1ms"}, functions))
	return box, aws.Config{Region: region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(account, "any", "")}
}

// brokenGroup makes the group web-prod, whose role may not use its key; the key's
// owner enrolled it.
func (p *project) brokenGroup(cfg aws.Config) (key string) {
	p.t.Helper()
	made, err := kms.NewFromConfig(cfg).CreateKey(p.t.Context(), &kms.CreateKeyInput{Tags: []kmstypes.Tag{{TagKey: aws.String("keymend"), TagValue: aws.String("remediate")}}})
	p.done(err)
	compute := ec2.NewFromConfig(cfg)
	volume, err := compute.CreateVolume(p.t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(region + "a"), Size: aws.Int32(8)})
	p.done(err)
	snapshot, err := compute.CreateSnapshot(p.t.Context(), &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	p.done(err)
	image, err := compute.RegisterImage(p.t.Context(), &ec2.RegisterImageInput{
		Name: aws.String("base"), RootDeviceName: aws.String("/dev/xvda"),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}}},
	})
	p.done(err)
	_, err = compute.CreateLaunchTemplate(p.t.Context(), &ec2.CreateLaunchTemplateInput{LaunchTemplateName: aws.String("web"), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
		ImageId: image.ImageId, InstanceType: ec2types.InstanceTypeM5Large,
		BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{{
			DeviceName: aws.String("/dev/xvda"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: aws.Bool(true), KmsKeyId: made.KeyMetadata.Arn},
		}},
	}})
	p.done(err)
	_, err = autoscaling.NewFromConfig(cfg).CreateAutoScalingGroup(p.t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web-prod"), MinSize: aws.Int32(1), MaxSize: aws.Int32(1), AvailabilityZones: []string{region + "a"},
		LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web"), Version: aws.String("$Latest")},
	})
	p.done(err)
	return *made.KeyMetadata.Arn
}

// opened reports whether the key's policy has Keymend's statements.
func (p *project) opened(cfg aws.Config, key string) bool {
	p.t.Helper()
	out, err := kms.NewFromConfig(cfg).GetKeyPolicy(p.t.Context(), &kms.GetKeyPolicyInput{KeyId: &key})
	p.done(err)
	return strings.Contains(*out.Policy, "KeymendUse") && strings.Contains(*out.Policy, "KeymendCreateGrant")
}

func (p *project) done(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}
