package ec2_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

const (
	account = "111122223333"
	other   = "444455556666"
	region  = "eu-west-1"
	keys    = "arn:aws:kms:" + region + ":" + account + ":key/"
)

// A world is EC2 with keys that do as they are told.
type world struct {
	t      *testing.T
	ec2    *ec2.Service
	clock  *clock.Clock
	asked  []string // "operation key" in order
	uses   []kms.Use
	denied []string // what is refused, in the same form
	// what instances' own role asked, in the same form, and who that was
	decrypted []string
	instances []wire.Caller
	events    []eventbridge.Event // of instances
	images    []eventbridge.Event
	params    map[string]string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, clock: clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), params: map[string]string{}}
	w.ec2 = ec2.New(w.clock, w, w, w)
	return w
}

func (w *world) Use(c *wire.Caller, key, operation string, u kms.Use) (string, error) {
	short := strings.TrimPrefix(key, keys)
	if c.Role != "" { // the instance's own: a launch of this world is the administrator's
		w.instances = append(w.instances, *c)
		short = "by the instance " + short
		if u.ViaService != "" {
			short += " via " + u.ViaService
		}
		if slices.Contains(w.denied, operation+" "+short) {
			return "", &wire.Error{Code: "AccessDeniedException"}
		}
		w.decrypted = append(w.decrypted, operation+" "+short)
		return key, nil
	}
	w.asked, w.uses = append(w.asked, operation+" "+short), append(w.uses, u)
	if slices.Contains(w.denied, operation+" "+short) {
		return "", &wire.Error{Code: "AccessDeniedException"}
	}
	return key, nil
}

// Release implements ec2.Keys.
func (w *world) Release(_, _, _ string) {}

// DescribeForLaunch knows every key but one called nowhere.
func (w *world) DescribeForLaunch(_, _, key string) (arn, manager string, ok bool) {
	name := strings.TrimPrefix(strings.TrimPrefix(key, keys), "alias/")
	if name == "aws-managed" {
		return keys + name, "AWS", true
	}
	return keys + name, "CUSTOMER", name != "nowhere"
}

func (w *world) EnsureAWSManaged(_, _ string) string { return keys + "aws-managed" }

func (w *world) Put(_, _ string, e eventbridge.Event) {
	if e.DetailType == "EC2 AMI State Change" {
		w.images = append(w.images, e)
		return
	}
	w.events = append(w.events, e)
}

func (w *world) Value(_, _, name string) (string, bool) { v, ok := w.params[name]; return v, ok }

func as(account string) context.Context {
	return wire.WithCaller(context.Background(), &wire.Caller{Account: account, Region: region, ARN: "arn:aws:iam::" + account + ":user/admin", Admin: true})
}

// snapshot makes a completed snapshot, encrypted under key unless that is "".
func (w *world) snapshot(key string) string {
	w.t.Helper()
	in := &sdk.CreateVolumeInput{AvailabilityZone: new(region + "a"), Size: new(int32(8))}
	if key != "" {
		in.Encrypted, in.KmsKeyId = new(true), &key
	}
	v, err := w.ec2.CreateVolume(as(account), in)
	must(w.t, err)
	snap, err := w.ec2.CreateSnapshot(as(account), &sdk.CreateSnapshotInput{VolumeId: v.VolumeId})
	must(w.t, err)
	w.asked, w.uses = nil, nil
	return *snap.SnapshotId
}

// image registers an image with the given root snapshot.
func (w *world) image(snapshot string) string {
	w.t.Helper()
	out, err := w.ec2.RegisterImage(as(account), &sdk.RegisterImageInput{
		Name: new("of " + snapshot), RootDeviceName: new("/dev/xvda"),
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: &snapshot}}},
	})
	must(w.t, err)
	return *out.ImageId
}

// template makes a template of an image and mappings.
func (w *world) template(name, image string, mappings ...types.LaunchTemplateBlockDeviceMappingRequest) string {
	w.t.Helper()
	out, err := w.ec2.CreateLaunchTemplate(as(account), &sdk.CreateLaunchTemplateInput{
		LaunchTemplateName: &name,
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: &image, InstanceType: types.InstanceTypeM5Large, BlockDeviceMappings: mappings},
	})
	must(w.t, err)
	return *out.LaunchTemplate.LaunchTemplateId
}

func root(ebs types.LaunchTemplateEbsBlockDeviceRequest) types.LaunchTemplateBlockDeviceMappingRequest {
	return types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/xvda"), Ebs: &ebs}
}

// run starts one instance of a template.
func (w *world) run(template string) (string, error) {
	out, err := w.ec2.RunInstances(as(account), &sdk.RunInstancesInput{
		MinCount: new(int32(1)), MaxCount: new(int32(1)), LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateId: &template},
	})
	if err != nil {
		return "", err
	}
	return *out.Instances[0].InstanceId, nil
}

func (w *world) instance(id string) types.Instance {
	w.t.Helper()
	out, err := w.ec2.DescribeInstances(as(account), &sdk.DescribeInstancesInput{InstanceIds: []string{id}})
	must(w.t, err)
	return out.Reservations[0].Instances[0]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError holds an error to AWS's code and text.
func wantError(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != code || e.Message != text {
		t.Errorf("got %v\nwant %s: %s", err, code, text)
	}
}
