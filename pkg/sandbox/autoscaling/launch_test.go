package autoscaling_test

import (
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/autoscaling"
	"keymend/pkg/sandbox/ec2"
)

// TestRefusedKey holds a failed launch to AWS's own reproduction
// (facts/events.md 2c) and its event to the schema registry.
func TestRefusedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 1)
	w.clock.Advance(9 * time.Second)
	a := w.activities("web")[0]
	id := *w.view("web").Instances[0].InstanceId
	if a.StatusCode != types.ScalingActivityStatusCodeInProgress || a.EndTime != nil || *a.Description != "Launching a new EC2 instance: "+id {
		t.Errorf("in progress: %s, %s", a.StatusCode, *a.Description)
	}
	if c := w.caller; c == nil || c.ARN != "arn:aws:sts::"+account+":assumed-role/AWSServiceRoleForAutoScaling/AutoScaling" || c.InvokedBy != "autoscaling.amazonaws.com" {
		t.Errorf("KMS was asked by %+v", c)
	}

	w.clock.Advance(time.Second)
	a = w.activities("web")[0]
	if a.StatusCode != types.ScalingActivityStatusCodeCancelled || *a.Progress != 100 || *a.StatusMessage != refused {
		t.Errorf("%s, %d, %s", a.StatusCode, *a.Progress, *a.StatusMessage)
	}
	if want := "Launching a new EC2 instance: " + id + ".  Status Reason: " + refused; *a.Description != want {
		t.Errorf("description %q\nwant %q", *a.Description, want)
	}
	const difference = "At 2026-03-02T09:00:00Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 1."
	if want := "At 2026-03-02T09:00:00Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 1.  " + difference; *a.Cause != want {
		t.Errorf("cause %q\nwant %q", *a.Cause, want)
	}
	if want := `{"Subnet ID":"` + w.subnet("a") + `","Availability Zone":"eu-west-1a"}`; *a.Details != want {
		t.Errorf("details %s, want %s", *a.Details, want)
	}
	if n := len(w.view("web").Instances); n != 0 {
		t.Errorf("%d instances left in the group", n)
	}

	e := w.events[0]
	if e.DetailType != "EC2 Instance Launch Unsuccessful" || len(w.events) != 1 {
		t.Fatalf("%d events, %s", len(w.events), e.DetailType)
	}
	if diff := cmp.Diff([]string{*a.AutoScalingGroupARN, "arn:aws:ec2:eu-west-1:111122223333:instance/" + id}, e.Resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	want := map[string]any{
		"StatusCode": "Cancelled", "AutoScalingGroupName": "web", "ActivityId": *a.ActivityId, "RequestId": *a.ActivityId,
		"Details":       map[string]any{"Subnet ID": w.subnet("a"), "Availability Zone": "eu-west-1a"},
		"StatusMessage": refused, "EC2InstanceId": id, "StartTime": "2026-03-02T09:00:00.000Z", "EndTime": "2026-03-02T09:00:10.000Z",
		"Cause": *a.Cause, "Description": *a.Description, "Origin": "EC2", "Destination": "AutoScalingGroup",
	}
	if diff := cmp.Diff(want, object(t, e.Detail)); diff != "" {
		t.Errorf("detail (-want +got):\n%s", diff)
	}

	w.clock.Advance(20 * time.Second)
	if a := w.activities("web")[0]; !strings.HasPrefix(*a.Cause, "At 2026-03-02T09:00:30Z an instance was started in response to a difference") {
		t.Errorf("a retry is caused by %q", *a.Cause)
	}
}

// subnet is the default subnet of a zone.
func (w *world) subnet(zone string) string {
	w.t.Helper()
	out, err := w.ec2.DescribeSubnets(admin(), &ec2sdk.DescribeSubnetsInput{})
	must(w.t, err)
	for _, s := range out.Subnets {
		if *s.AvailabilityZone == region+zone {
			return *s.SubnetId
		}
	}
	w.t.Fatalf("no subnet in %s", zone)
	return ""
}

// TestSwitches holds both positions of what no source settles.
func TestSwitches(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		silent, old bool
		text        string
		events      int
	}{
		"as today":        {text: "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state", events: 1},
		"old text":        {old: true, text: "Client.InternalError: Client error on launch", events: 1},
		"no event at all": {silent: true, text: "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sw := autoscaling.DefaultSwitches()
			sw.CancelledEmitsEvent = !tc.silent
			w := newWorld(t, sw)
			w.ec2.SetSwitches(ec2.Switches{OldFailureText: tc.old})
			w.group("web", 1)
			w.clock.Advance(12 * time.Second)
			if got := *w.activities("web")[0].StatusMessage; !strings.HasSuffix(got, "Termination Reason: "+tc.text) {
				t.Errorf("says %s", got)
			}
			if len(w.events) != tc.events {
				t.Errorf("%d events, want %d", len(w.events), tc.events)
			}
		})
	}
}

// TestNoCapacity is a launch that EC2 refuses at once: Failed, without an
// instance, and told of whatever the switch.
func TestNoCapacity(t *testing.T) {
	t.Parallel()
	sw := autoscaling.DefaultSwitches()
	sw.CancelledEmitsEvent = false
	w := newWorld(t, sw)
	w.ec2.SetSwitches(ec2.Switches{NoCapacity: []string{"m5.large"}})
	w.group("ml", 1)
	w.clock.Advance(0)
	const text = "We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a). Our system will be working on provisioning additional capacity. Launching EC2 instance failed."
	a := w.activities("ml")[0]
	if a.StatusCode != types.ScalingActivityStatusCodeFailed || *a.StatusMessage != text || *a.Description != "Launching a new EC2 instance.  Status Reason: "+text {
		t.Errorf("%s, %s", a.StatusCode, *a.Description)
	}
	if len(w.events) != 1 {
		t.Fatalf("%d events", len(w.events))
	}
	d := object(t, w.events[0].Detail)
	if d["StatusCode"] != "Failed" || d["EC2InstanceId"] != "" || len(w.events[0].Resources) != 1 {
		t.Errorf("event %v of %v", d, w.events[0].Resources)
	}
}

// TestLongText cuts a StatusMessage at the model's limit.
func TestLongText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.ec2.SetSwitches(ec2.Switches{NoCapacity: []string{"eu-west-1a"}})
	w.group("ml", 1)
	w.clock.Advance(0)
	if n := len(*w.activities("ml")[0].StatusMessage); n != 255 {
		t.Errorf("StatusMessage has %d characters, want 255", n)
	}
}

// TestSuccess holds what a launch that runs leaves.
func TestSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 2)
	w.clock.Advance(5 * time.Second)
	v := w.view("web")
	if w.inService("web") != 2 || *v.Instances[0].AvailabilityZone == *v.Instances[1].AvailabilityZone {
		t.Fatalf("instances %+v", v.Instances)
	}
	if lt := v.Instances[0].LaunchTemplate; *lt.Version != "1" || *v.LaunchTemplate.Version != "$Latest" || *v.LaunchTemplate.LaunchTemplateId != *lt.LaunchTemplateId {
		t.Errorf("template %+v, group's %+v", lt, v.LaunchTemplate)
	}
	for _, a := range w.activities("web") {
		if a.StatusCode != types.ScalingActivityStatusCodeSuccessful || a.StatusMessage != nil || !strings.HasSuffix(*a.Cause, "increasing the capacity from 0 to 2.") {
			t.Errorf("%s: %s", a.StatusCode, *a.Cause)
		}
	}
	d := object(t, w.events[0].Detail)
	if w.events[0].DetailType != "EC2 Instance Launch Successful" || d["StatusCode"] != "InProgress" || d["StatusMessage"] != "" || len(w.events) != 2 {
		t.Errorf("event %s %v", w.events[0].DetailType, d)
	}
	out, err := w.ec2.DescribeTags(admin(), &ec2sdk.DescribeTagsInput{})
	must(t, err)
	if len(out.Tags) != 2 || *out.Tags[0].Key != "aws:autoscaling:groupName" || *out.Tags[0].Value != "web" {
		t.Errorf("tags %+v", out.Tags)
	}
}

// TestBackOff holds the cadence: a round for all missing instances, growing
// waits, the last of which goes on, and a fresh start after a success.
func TestBackOff(t *testing.T) {
	t.Parallel()
	sw := autoscaling.DefaultSwitches()
	sw.RetryDelays = []time.Duration{20 * time.Second, 40 * time.Second}
	w := newWorld(t, sw)
	w.group("web", 2)
	w.clock.Advance(139 * time.Second)
	if diff := cmp.Diff([]int{0, 0, 30, 30, 80, 80, 130, 130}, w.launchTimes("web")); diff != "" {
		t.Fatalf("launches (-want +got):\n%s", diff)
	}
	w.clock.Advance(2 * time.Second) // the last has failed at 140, the next is due at 180
	w.open = true
	w.clock.Advance(44 * time.Second)
	if n := w.inService("web"); n != 2 {
		t.Fatalf("%d in service", n)
	}
	w.open = false
	w.set("web", 3)
	w.clock.Advance(30 * time.Second) // fails at 195, tries again after the first delay
	if diff := cmp.Diff([]int{180, 180, 185, 215}, w.launchTimes("web")[8:]); diff != "" {
		t.Errorf("launches (-want +got):\n%s", diff)
	}
}

// TestAtOnce holds that a request overtakes the retry that waits, and that the
// overtaken retry doesn't come on top.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 1)
	w.clock.Advance(15 * time.Second) // failed at 10, due at 30
	w.set("web", 1)
	w.clock.Advance(16 * time.Second) // failed at 25
	if diff := cmp.Diff([]int{0, 15}, w.launchTimes("web")); diff != "" {
		t.Errorf("launches (-want +got):\n%s", diff)
	}
}

// TestSuspension holds the administrative one, after a day, and that resuming
// launches at once.
func TestSuspension(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.Switches{SuspendAfter: time.Hour, SuspensionReason: "because", RetryDelays: []time.Duration{5 * time.Minute}})
	w.group("web", 1)
	w.clock.Advance(time.Hour)
	if n := len(w.view("web").SuspendedProcesses); n != 0 {
		t.Fatalf("%d processes suspended within the hour", n)
	}
	w.clock.Advance(10 * time.Minute)
	p := w.view("web").SuspendedProcesses
	if len(p) != 1 || *p[0].ProcessName != "Launch" || *p[0].SuspensionReason != "because" {
		t.Fatalf("suspended %+v", p)
	}
	n := len(w.activities("web"))
	w.set("web", 2)
	w.clock.Advance(time.Hour)
	if got := len(w.activities("web")); got != n {
		t.Errorf("%d launches while suspended", got-n)
	}
	w.open = true
	_, err := w.asg.ResumeProcesses(admin(), &sdk.ResumeProcessesInput{AutoScalingGroupName: new("web"), ScalingProcesses: []string{"Launch"}})
	must(t, err)
	w.clock.Advance(5 * time.Second)
	if w.inService("web") != 2 || len(w.view("web").SuspendedProcesses) != 0 {
		t.Errorf("%d in service after resuming", w.inService("web"))
	}
}

// TestReplaced holds that an instance that goes down by itself is replaced.
func TestReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 1)
	w.clock.Advance(5 * time.Second)
	lost := *w.view("web").Instances[0].InstanceId
	_, err := w.ec2.TerminateInstances(admin(), &ec2sdk.TerminateInstancesInput{InstanceIds: []string{lost}})
	must(t, err)
	w.clock.Advance(6 * time.Second)
	v := w.view("web")
	if w.inService("web") != 1 || *v.Instances[0].InstanceId == lost {
		t.Fatalf("instances %+v", v.Instances)
	}
	a := w.activities("web")
	if *a[0].Cause != "At 2026-03-02T09:00:06Z an instance was launched in response to an unhealthy instance needing to be replaced." {
		t.Errorf("cause %s", *a[0].Cause)
	}
	if *a[1].Description != "Terminating EC2 instance: "+lost || a[1].StatusCode != types.ScalingActivityStatusCodeSuccessful {
		t.Errorf("%s %s", a[1].StatusCode, *a[1].Description)
	}
}
