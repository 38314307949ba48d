package autoscaling_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/autoscaling"
	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/iam"
	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	linked  = "arn:aws:iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	refused = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
)

// A world is Auto Scaling over EC2 with one key, open or closed.
type world struct {
	t      *testing.T
	asg    *autoscaling.Service
	ec2    *ec2.Service
	iam    *iam.Service
	clock  *clock.Clock
	open   bool
	caller *wire.Caller // who asked for the key last
	events []eventbridge.Event
}

func newWorld(t *testing.T, sw autoscaling.Switches) *world {
	c := clock.New(start())
	w := &world{t: t, clock: c, iam: iam.New(c)}
	w.ec2 = ec2.New(c, w, w, w)
	w.asg = autoscaling.New(c, w.ec2, w.iam, w, sw)
	return w
}

func start() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

func (w *world) Use(c *wire.Caller, key, _ string, _ kms.Use) (string, error) {
	w.caller = c
	if !w.open {
		return "", &wire.Error{Code: "AccessDeniedException"}
	}
	return key, nil
}

// Release implements ec2.Keys.
func (w *world) Release(_, _, _ string) {}

func (w *world) DescribeForLaunch(_, _, key string) (arn, manager string, ok bool) {
	return key, "CUSTOMER", true
}

func (w *world) EnsureAWSManaged(_, _ string) string { return "aws-managed" }

func (w *world) Value(_, _, _ string) (string, bool) { return "", false }

// Put keeps Auto Scaling's events.
func (w *world) Put(_, _ string, e eventbridge.Event) {
	if e.Source == "aws.autoscaling" {
		w.events = append(w.events, e)
	}
}

func admin() context.Context {
	return wire.WithCaller(context.Background(), &wire.Caller{Account: account, Region: region, ARN: "arn:aws:iam::" + account + ":user/admin", Admin: true})
}

// template makes a template whose root volume needs the key.
func (w *world) template(name string) *types.LaunchTemplateSpecification {
	w.t.Helper()
	volume, err := w.ec2.CreateVolume(admin(), &ec2sdk.CreateVolumeInput{AvailabilityZone: new(region + "a"), Size: new(int32(8))})
	must(w.t, err)
	snapshot, err := w.ec2.CreateSnapshot(admin(), &ec2sdk.CreateSnapshotInput{VolumeId: volume.VolumeId})
	must(w.t, err)
	image, err := w.ec2.RegisterImage(admin(), &ec2sdk.RegisterImageInput{
		Name: new("base " + name), RootDeviceName: new("/dev/xvda"),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}}},
	})
	must(w.t, err)
	_, err = w.ec2.CreateLaunchTemplate(admin(), &ec2sdk.CreateLaunchTemplateInput{LaunchTemplateName: &name, LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
		ImageId: image.ImageId, InstanceType: ec2types.InstanceTypeM5Large,
		BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{
			{DeviceName: new("/dev/xvda"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: new("the-key")}},
		},
	}})
	must(w.t, err)
	return &types.LaunchTemplateSpecification{LaunchTemplateName: &name, Version: new("$Latest")}
}

// request is a group in two zones.
func (w *world) request(name string, desired int32) *sdk.CreateAutoScalingGroupInput {
	return &sdk.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(4)), DesiredCapacity: &desired,
		AvailabilityZones: []string{region + "a", region + "b"}, LaunchTemplate: w.template(name),
	}
}

// group makes a group in two zones.
func (w *world) group(name string, desired int32) {
	w.t.Helper()
	_, err := w.asg.CreateAutoScalingGroup(admin(), w.request(name, desired))
	must(w.t, err)
}

func (w *world) set(name string, desired int32) {
	w.t.Helper()
	_, err := w.asg.SetDesiredCapacity(admin(), &sdk.SetDesiredCapacityInput{AutoScalingGroupName: &name, DesiredCapacity: &desired})
	must(w.t, err)
}

func (w *world) view(name string) types.AutoScalingGroup {
	w.t.Helper()
	out, err := w.asg.DescribeAutoScalingGroups(admin(), &sdk.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	must(w.t, err)
	return out.AutoScalingGroups[0]
}

func (w *world) inService(name string) int {
	n := 0
	for _, i := range w.view(name).Instances {
		if i.LifecycleState == types.LifecycleStateInService {
			n++
		}
	}
	return n
}

// activities returns all of a group's activities, newest first.
func (w *world) activities(name string) []types.Activity {
	w.t.Helper()
	var all []types.Activity
	in := &sdk.DescribeScalingActivitiesInput{AutoScalingGroupName: &name}
	for {
		out, err := w.asg.DescribeScalingActivities(admin(), in)
		must(w.t, err)
		all = append(all, out.Activities...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return all
		}
	}
}

// launchTimes returns when launches began, in seconds from the start, oldest
// first.
func (w *world) launchTimes(name string) []int {
	var times []int
	for _, a := range w.activities(name) {
		times = append([]int{int(a.StartTime.Sub(start()).Seconds())}, times...)
	}
	return times
}

func object(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	must(t, err)
	var m map[string]any
	must(t, json.Unmarshal(raw, &m))
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != code || e.Message != text {
		t.Errorf("got %v\nwant %s: %s", err, code, text)
	}
}
