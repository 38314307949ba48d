package autoscaling_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/autoscaling"
	"keymend/pkg/sandbox/wire"
)

// TestAlwaysThere holds the members that AWS always answers with.
func TestAlwaysThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 0)
	v := w.view("web")
	if *v.ServiceLinkedRoleARN != linked || v.SuspendedProcesses == nil || v.Instances == nil || v.Tags == nil || v.Status != nil || *v.HealthCheckType != "EC2" {
		t.Errorf("group %+v", v)
	}
	if !strings.HasPrefix(*v.AutoScalingGroupARN, "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:") || !strings.HasSuffix(*v.AutoScalingGroupARN, ":autoScalingGroupName/web") {
		t.Errorf("ARN %s", *v.AutoScalingGroupARN)
	}
	if _, ok := w.iam.Role(linked); !ok {
		t.Error("the service-linked role wasn't made")
	}
	out, err := w.asg.DescribeAutoScalingGroups(admin(), &sdk.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"nobody"}})
	must(t, err)
	if out.AutoScalingGroups == nil || len(out.AutoScalingGroups) != 0 {
		t.Errorf("an unknown name answers %v", out.AutoScalingGroups)
	}
}

// TestRefusedGroups holds what CreateAutoScalingGroup refuses.
func TestRefusedGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	create := func(change func(*sdk.CreateAutoScalingGroupInput)) error {
		in := w.request(fmt.Sprint("g", time.Duration(w.clock.Now().UnixNano())), 1)
		w.clock.Advance(time.Second)
		change(in)
		_, err := w.asg.CreateAutoScalingGroup(admin(), in)
		return err
	}
	suffixed := linked + "_prod"
	wantError(t, create(func(in *sdk.CreateAutoScalingGroupInput) { in.ServiceLinkedRoleARN = &suffixed }),
		"ValidationError", "ARN specified for Service-Linked Role does not exist.")
	_, err := w.iam.EnsureServiceLinkedRole(account, "autoscaling.amazonaws.com", "prod")
	must(t, err)
	must(t, create(func(in *sdk.CreateAutoScalingGroupInput) { in.ServiceLinkedRoleARN = &suffixed }))
	wantError(t, create(func(in *sdk.CreateAutoScalingGroupInput) { in.LaunchTemplate.LaunchTemplateName = new("none") }),
		"ValidationError", "You must use a valid fully-formed launch template. The specified launch template, with template name none, does not exist.")
	wantError(t, create(func(in *sdk.CreateAutoScalingGroupInput) { in.AvailabilityZones = nil }),
		"ValidationError", "At least one Availability Zone or VPC Subnet is required.")
	wantError(t, create(func(in *sdk.CreateAutoScalingGroupInput) { in.DesiredCapacity = new(int32(9)) }),
		"ValidationError", "Desired capacity:9 must be between the specified min size:0 and max size:4")
	for name, says := range map[string]string{
		"": "greater than or equal to 1", strings.Repeat("a", 256): "less than or equal to 255",
		"a b": "ASCII character 33 to 126", "a:b": "no colon", "a\x1b[31m": "ASCII", "a\nb": "ASCII", "wéb": "ASCII", "a\x7f": "ASCII",
	} {
		err := create(func(in *sdk.CreateAutoScalingGroupInput) { in.AutoScalingGroupName = &name })
		if e := wire.AsError(err); e.Code != "ValidationError" || !strings.Contains(e.Message, says) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"web;touch${IFS}x;#", "--apply", "'\"`$(x)~!", strings.Repeat("a", 255)} {
		must(t, create(func(in *sdk.CreateAutoScalingGroupInput) { in.AutoScalingGroupName = &name }))
	}
	w.group("web", 0)
	_, err = w.asg.CreateAutoScalingGroup(admin(), &sdk.CreateAutoScalingGroupInput{AutoScalingGroupName: new("web"), MinSize: new(int32(0)), MaxSize: new(int32(0))})
	wantError(t, err, "AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name web already exists")
	_, err = w.asg.SetDesiredCapacity(admin(), &sdk.SetDesiredCapacityInput{AutoScalingGroupName: new("nobody"), DesiredCapacity: new(int32(1))})
	wantError(t, err, "ValidationError", "AutoScalingGroup name not found - null")
}

// TestUpdateChecksWhatItChanges holds that a template that is gone keeps a group
// from nothing but itself.
func TestUpdateChecksWhatItChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 0)
	template := w.view("web").LaunchTemplate
	_, err := w.ec2.DeleteLaunchTemplate(admin(), &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: template.LaunchTemplateId})
	must(t, err)
	update := func(in *sdk.UpdateAutoScalingGroupInput) error {
		in.AutoScalingGroupName = new("web")
		_, err := w.asg.UpdateAutoScalingGroup(admin(), in)
		return err
	}
	must(t, update(&sdk.UpdateAutoScalingGroupInput{MaxSize: new(int32(9))}))
	if v := w.view("web"); *v.MaxSize != 9 || !cmp.Equal(v.AvailabilityZones, []string{"eu-west-1a", "eu-west-1b"}) {
		t.Errorf("group %+v", v)
	}
	wantError(t, update(&sdk.UpdateAutoScalingGroupInput{LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateId: template.LaunchTemplateId}}),
		"ValidationError", "You must use a valid fully-formed launch template. The specified launch template, with template ID "+
			*template.LaunchTemplateId+", does not exist.")
	wantError(t, update(&sdk.UpdateAutoScalingGroupInput{ServiceLinkedRoleARN: new(linked + "_gone")}),
		"ValidationError", "ARN specified for Service-Linked Role does not exist.")
}

// TestMixedInstances launches by the first override that EC2 takes.
func TestMixedInstances(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	in := w.request("web", 1)
	in.MixedInstancesPolicy = &types.MixedInstancesPolicy{LaunchTemplate: &types.LaunchTemplate{
		LaunchTemplateSpecification: in.LaunchTemplate, Overrides: []types.LaunchTemplateOverrides{{InstanceType: new("t3.medium")}},
	}}
	in.LaunchTemplate = nil
	_, err := w.asg.CreateAutoScalingGroup(admin(), in)
	must(t, err)
	w.clock.Advance(5 * time.Second)
	v := w.view("web")
	spec := v.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification
	if v.LaunchTemplate != nil || spec.LaunchTemplateId == nil || *v.Instances[0].InstanceType != "t3.medium" {
		t.Errorf("%+v, %+v", spec, v.Instances)
	}
	if in.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateId != nil {
		t.Error("the request was changed, and CloudTrail with it")
	}
}

// TestSuspendedByUser holds the reason's text, and that Launch then waits.
func TestSuspendedByUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 0)
	_, err := w.asg.SuspendProcesses(admin(), &sdk.SuspendProcessesInput{AutoScalingGroupName: new("web")})
	must(t, err)
	p := w.view("web").SuspendedProcesses
	if len(p) != 9 || *p[0].SuspensionReason != "User suspended at 2026-03-02T09:00:00Z" {
		t.Errorf("suspended %+v", p)
	}
	w.set("web", 1)
	w.clock.Advance(time.Minute)
	if n := len(w.activities("web")); n != 0 {
		t.Errorf("%d launches while suspended", n)
	}
}

// TestUpdate holds that a change of template holds from the next launch on, and
// one of capacity at once.
func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 1)
	w.clock.Advance(5 * time.Second)
	_, err := w.asg.UpdateAutoScalingGroup(admin(), &sdk.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: new("web"), LaunchTemplate: w.template("newer"), DesiredCapacity: new(int32(2)), AvailabilityZones: []string{"eu-west-1c"},
	})
	must(t, err)
	w.clock.Advance(5 * time.Second)
	i := w.view("web").Instances
	if len(i) != 2 || *i[0].LaunchTemplate.LaunchTemplateName != "web" || *i[1].LaunchTemplate.LaunchTemplateName != "newer" || *i[1].AvailabilityZone != "eu-west-1c" {
		t.Fatalf("instances %+v", i)
	}
	_, err = w.asg.UpdateAutoScalingGroup(admin(), &sdk.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("web"), MaxSize: new(int32(1))})
	must(t, err)
	w.clock.Advance(2 * time.Second)
	if left := w.view("web").Instances; len(left) != 1 || *left[0].InstanceId != *i[0].InstanceId {
		t.Errorf("instances %+v", left)
	}
	if c := *w.activities("web")[0].Cause; !strings.Contains(c, "shrinking the capacity from 2 to 1.") {
		t.Errorf("cause %s", c)
	}
}

// TestDelete holds the Status, what is refused meanwhile, and what is left.
func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 1)
	w.clock.Advance(time.Second)
	in := &sdk.DeleteAutoScalingGroupInput{AutoScalingGroupName: new("web")}
	_, err := w.asg.DeleteAutoScalingGroup(admin(), in)
	wantError(t, err, "ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.")
	in.ForceDelete = new(true)
	_, err = w.asg.DeleteAutoScalingGroup(admin(), in)
	must(t, err)
	if s := w.view("web").Status; s == nil || *s != "Delete in progress" {
		t.Errorf("status %v", s)
	}
	_, err = w.asg.SetDesiredCapacity(admin(), &sdk.SetDesiredCapacityInput{AutoScalingGroupName: new("web"), DesiredCapacity: new(int32(1))})
	wantError(t, err, "ValidationError", "The AutoScaling group may not be modified while it is pending delete")
	_, err = w.asg.SuspendProcesses(admin(), &sdk.SuspendProcessesInput{AutoScalingGroupName: new("web")})
	wantError(t, err, "ValidationError", "Processes may not be suspended while the AutoScaling group is pending delete")
	w.clock.Advance(time.Hour)
	out, err := w.asg.DescribeAutoScalingGroups(admin(), &sdk.DescribeAutoScalingGroupsInput{})
	must(t, err)
	if len(out.AutoScalingGroups) != 0 {
		t.Errorf("still there: %+v", out.AutoScalingGroups)
	}
	_, err = w.asg.DescribeScalingActivities(admin(), &sdk.DescribeScalingActivitiesInput{AutoScalingGroupName: new("web")})
	wantError(t, err, "ValidationError", "AutoScalingGroup name not found - null")
	gone, err := w.asg.DescribeScalingActivities(admin(), &sdk.DescribeScalingActivitiesInput{AutoScalingGroupName: new("web"), IncludeDeletedGroups: new(true)})
	must(t, err)
	if len(gone.Activities) == 0 || *gone.Activities[0].AutoScalingGroupState != "Deleted" {
		t.Errorf("activities %+v", gone.Activities)
	}
}

// TestActivities holds their order and pages.
func TestActivities(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 2)
	w.clock.Advance(35 * time.Second) // a failed round, and one in progress
	var got []string
	in := &sdk.DescribeScalingActivitiesInput{AutoScalingGroupName: new("web"), MaxRecords: new(int32(3))}
	for in.NextToken == nil || *in.NextToken != "" {
		out, err := w.asg.DescribeScalingActivities(admin(), in)
		must(t, err)
		for _, a := range out.Activities {
			got = append(got, fmt.Sprint(a.StatusCode, " ", a.StartTime.Sub(start())))
		}
		got = append(got, "page")
		if in.NextToken = out.NextToken; out.NextToken == nil {
			break
		}
	}
	want := []string{"InProgress 30s", "InProgress 30s", "Cancelled 0s", "page", "Cancelled 0s", "page"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("activities (-want +got):\n%s", diff)
	}
	_, err := w.asg.DescribeScalingActivities(admin(), &sdk.DescribeScalingActivitiesInput{NextToken: new("nonsense")})
	wantError(t, err, "InvalidNextToken", "The token 'nonsense' is invalid.")
}

// TestTags holds tags, the filters on them, and that they reach instances.
func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 0)
	w.group("db", 0)
	_, err := w.asg.CreateOrUpdateTags(admin(), &sdk.CreateOrUpdateTagsInput{Tags: []types.Tag{{Key: new("team"), Value: new("a"), ResourceId: new("web"), PropagateAtLaunch: new(true)}}})
	must(t, err)
	tags, err := w.asg.DescribeTags(admin(), &sdk.DescribeTagsInput{Filters: []types.Filter{{Name: new("auto-scaling-group"), Values: []string{"web"}}}})
	must(t, err)
	if len(tags.Tags) != 1 || *tags.Tags[0].ResourceType != "auto-scaling-group" || *tags.Tags[0].Value != "a" {
		t.Errorf("tags %+v", tags.Tags)
	}
}

// TestForcedWhileSuspended deletes a group though Terminate is suspended.
func TestForcedWhileSuspended(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 2)
	w.clock.Advance(5 * time.Second)
	_, err := w.asg.SuspendProcesses(admin(), &sdk.SuspendProcessesInput{AutoScalingGroupName: new("web")})
	must(t, err)
	_, err = w.asg.DeleteAutoScalingGroup(admin(), &sdk.DeleteAutoScalingGroupInput{AutoScalingGroupName: new("web"), ForceDelete: new(true)})
	must(t, err)
	w.clock.Advance(time.Minute)
	out, err := w.asg.DescribeAutoScalingGroups(admin(), &sdk.DescribeAutoScalingGroupsInput{})
	must(t, err)
	if len(out.AutoScalingGroups) != 0 {
		t.Errorf("still there: %+v", out.AutoScalingGroups)
	}
}

// TestNeeds holds which resources a permission is checked for.
func TestNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 0)
	suffixed := linked + "_prod"
	for _, op := range w.asg.Wire().Operations {
		if op.Name != "UpdateAutoScalingGroup" {
			continue
		}
		checks := op.Needs(admin(), &sdk.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("web"), ServiceLinkedRoleARN: &suffixed})
		want := []string{"autoscaling:UpdateAutoScalingGroup " + *w.view("web").AutoScalingGroupARN, "iam:PassRole " + suffixed}
		var got []string
		for _, c := range checks {
			got = append(got, c.Action+" "+c.Resource)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("checks (-want +got):\n%s", diff)
		}
	}
}
