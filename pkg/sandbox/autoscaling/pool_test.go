package autoscaling_test

import (
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/autoscaling"
)

// pool gives a group a warm pool.
func (w *world) pool(in sdk.PutWarmPoolInput) {
	w.t.Helper()
	in.AutoScalingGroupName = new("web")
	_, err := w.asg.PutWarmPool(admin(), &in)
	must(w.t, err)
}

// warm returns the lifecycle states of the pool's instances.
func (w *world) warm() (states []types.LifecycleState) {
	w.t.Helper()
	out, err := w.asg.DescribeWarmPool(admin(), &sdk.DescribeWarmPoolInput{AutoScalingGroupName: new("web")})
	must(w.t, err)
	for _, i := range out.Instances {
		states = append(states, i.LifecycleState)
	}
	return states
}

func (w *world) wantWarm(want ...types.LifecycleState) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.warm()); diff != "" {
		w.t.Errorf("pool (-want +got):\n%s", diff)
	}
}

const (
	pending = types.LifecycleStateWarmedPending
	stopped = types.LifecycleStateWarmedStopped
	running = types.LifecycleStateWarmedRunning
)

// TestPoolSize holds it to AWS's description of its settings.
func TestPoolSize(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pool    sdk.PutWarmPoolInput
		desired int32
		want    int
	}{
		"up to the maximum":                {desired: 1, want: 3},
		"for none in the group":            {want: 4},
		"full group":                       {desired: 4},
		"at least":                         {pool: sdk.PutWarmPoolInput{MinSize: new(int32(2))}, desired: 4, want: 2},
		"up to a prepared capacity":        {pool: sdk.PutWarmPoolInput{MaxGroupPreparedCapacity: new(int32(3))}, desired: 2, want: 1},
		"prepared capacity, overrun":       {pool: sdk.PutWarmPoolInput{MaxGroupPreparedCapacity: new(int32(1))}, desired: 2},
		"above the maximum":                {pool: sdk.PutWarmPoolInput{MaxGroupPreparedCapacity: new(int32(6))}, want: 6},
		"absolute size":                    {pool: sdk.PutWarmPoolInput{MinSize: new(int32(2)), MaxGroupPreparedCapacity: new(int32(2))}, want: 2},
		"removed by -1: up to the maximum": {pool: sdk.PutWarmPoolInput{MaxGroupPreparedCapacity: new(int32(-1))}, desired: 1, want: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, autoscaling.DefaultSwitches())
			w.open = true
			w.group("web", tc.desired)
			w.pool(tc.pool)
			w.clock.Advance(time.Minute)
			if got := len(w.warm()); got != tc.want || w.inService("web") != int(tc.desired) {
				t.Errorf("pool of %d beside %d, want %d", got, w.inService("web"), tc.want)
			}
			if v := w.view("web"); int(*v.WarmPoolSize) != tc.want || *v.WarmPoolConfiguration.MinSize < 0 || v.WarmPoolConfiguration.PoolState != "Stopped" {
				t.Errorf("shown as %d, %+v", *v.WarmPoolSize, v.WarmPoolConfiguration)
			}
		})
	}
}

// TestWarmStart follows an instance into the pool, out of it into the group, and
// its successor.
func TestWarmStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 0)
	w.pool(sdk.PutWarmPoolInput{MinSize: new(int32(1)), MaxGroupPreparedCapacity: new(int32(1))})
	w.clock.Advance(5 * time.Second)
	w.wantWarm(pending)
	w.clock.Advance(2 * time.Second)
	w.wantWarm(stopped)
	a := w.activities("web")[0]
	id, ok := strings.CutPrefix(*a.Description, "Launching a new EC2 instance into warm pool: ")
	if !ok || a.StatusCode != types.ScalingActivityStatusCodeSuccessful {
		t.Errorf("%s %s", a.StatusCode, *a.Description)
	}
	w.wantPath(0, "EC2 Instance Launch Successful", "EC2", "WarmPool")

	w.caller, w.events = nil, nil
	w.set("web", 1)
	w.clock.Advance(5 * time.Second)
	if v := w.view("web"); w.inService("web") != 1 || *v.Instances[0].InstanceId != id || *v.WarmPoolSize != 1 {
		t.Errorf("instances %+v", v.Instances)
	}
	if w.caller == nil || w.caller.Role != linked || w.caller.InvokedBy != "autoscaling.amazonaws.com" {
		t.Errorf("started as %+v", w.caller)
	}
	w.wantPath(0, "EC2 Instance Launch Successful", "WarmPool", "AutoScalingGroup")
	w.clock.Advance(2 * time.Second)
	w.wantWarm(stopped)
	var found bool
	for _, a := range w.activities("web") {
		found = found || *a.Description == "Launching a new EC2 instance from warm pool: "+id && strings.HasSuffix(*a.Cause, "increasing the capacity from 0 to 1.")
	}
	if !found {
		t.Errorf("activities %+v", w.activities("web"))
	}
}

// wantPath holds an event to where the instance came from and went to.
func (w *world) wantPath(n int, kind, from, to string) {
	w.t.Helper()
	if len(w.events) <= n {
		w.t.Fatalf("%d events", len(w.events))
	}
	d := object(w.t, w.events[n].Detail)
	if w.events[n].DetailType != kind || d["Origin"] != from || d["Destination"] != to {
		w.t.Errorf("%s from %s to %s", w.events[n].DetailType, d["Origin"], d["Destination"])
	}
}

// TestRunningPool hands out instances that run without asking KMS again.
func TestRunningPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 0)
	w.pool(sdk.PutWarmPoolInput{PoolState: types.WarmPoolStateRunning, MaxGroupPreparedCapacity: new(int32(2))})
	w.clock.Advance(5 * time.Second)
	w.wantWarm(running, running)
	w.open = false
	w.set("web", 1)
	w.clock.Advance(2 * time.Second)
	if w.inService("web") != 1 {
		t.Errorf("group %+v", w.view("web").Instances)
	}
	w.wantWarm(running)
}

// TestRefusedPool fails on the key though the group itself wants no instance,
// with the group's texts, and backs off as a group does.
func TestRefusedPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 0)
	w.pool(sdk.PutWarmPoolInput{MinSize: new(int32(1)), MaxGroupPreparedCapacity: new(int32(1))})
	w.clock.Advance(10 * time.Second)
	a := w.activities("web")[0]
	if a.StatusCode != types.ScalingActivityStatusCodeCancelled || *a.StatusMessage != refused || len(w.warm()) != 0 {
		t.Errorf("%s: %s", a.StatusCode, *a.StatusMessage)
	}
	w.wantPath(0, "EC2 Instance Launch Unsuccessful", "EC2", "WarmPool")
	w.clock.Advance(25 * time.Second)
	if diff := cmp.Diff([]int{0, 30}, w.launchTimes("web")); diff != "" {
		t.Errorf("launches (-want +got):\n%s", diff)
	}
	w.open = true
	w.clock.Advance(time.Hour)
	w.wantWarm(stopped)
}

// TestRefusedWarmStart ends like a failed launch; the instance is gone.
func TestRefusedWarmStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 0)
	w.pool(sdk.PutWarmPoolInput{MinSize: new(int32(1)), MaxGroupPreparedCapacity: new(int32(1))})
	w.clock.Advance(7 * time.Second)
	w.open = false
	w.events = nil
	w.set("web", 1)
	w.clock.Advance(9 * time.Second)
	var a types.Activity
	for _, other := range w.activities("web") {
		if strings.HasPrefix(*other.Description, "Launching a new EC2 instance from warm pool: i-") {
			a = other
		}
	}
	const text = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InternalError: Client error on launch"
	if a.StatusCode != types.ScalingActivityStatusCodeCancelled || *a.StatusMessage != text || !strings.HasSuffix(*a.Description, ".  Status Reason: "+text) {
		t.Errorf("%s: %s", a.StatusCode, *a.Description)
	}
	w.wantPath(0, "EC2 Instance Launch Unsuccessful", "WarmPool", "AutoScalingGroup")
	w.clock.Advance(time.Second)
	out, err := w.ec2.DescribeInstances(admin(), &ec2sdk.DescribeInstancesInput{})
	must(t, err)
	if s := out.Reservations[0].Instances[0].State.Name; s != ec2types.InstanceStateNameTerminated {
		t.Errorf("the instance is %s", s)
	}
}

// TestShrinkingPool terminates what it has too many of.
func TestShrinkingPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 0)
	w.pool(sdk.PutWarmPoolInput{})
	w.clock.Advance(7 * time.Second)
	w.wantWarm(stopped, stopped, stopped, stopped)
	w.events = nil
	_, err := w.asg.UpdateAutoScalingGroup(admin(), &sdk.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("web"), MaxSize: new(int32(3))})
	must(t, err)
	w.clock.Advance(0)
	w.wantWarm(stopped, stopped, stopped, types.LifecycleStateWarmedTerminating)
	w.clock.Advance(time.Second)
	w.wantWarm(stopped, stopped, stopped)
	w.wantPath(0, "EC2 Instance Terminate Successful", "WarmPool", "EC2")
}

// TestDeletePool holds the refusals, and what is left.
func TestDeletePool(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 0)
	in := &sdk.DeleteWarmPoolInput{AutoScalingGroupName: new("web")}
	_, err := w.asg.DeleteWarmPool(admin(), in)
	wantError(t, err, "ValidationError", "No warm pool found for group web")
	w.pool(sdk.PutWarmPoolInput{InstanceReusePolicy: &types.InstanceReusePolicy{ReuseOnScaleIn: new(true)}})
	w.clock.Advance(time.Minute)
	if p := w.view("web").WarmPoolConfiguration; !*p.InstanceReusePolicy.ReuseOnScaleIn {
		t.Errorf("pool %+v", p)
	}
	_, err = w.asg.DeleteWarmPool(admin(), in)
	wantError(t, err, "ResourceInUse", "You cannot delete a warm pool while there are instances still in the warm pool.")
	_, err = w.asg.DeleteAutoScalingGroup(admin(), &sdk.DeleteAutoScalingGroupInput{AutoScalingGroupName: new("web")})
	wantError(t, err, "ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.")
	in.ForceDelete = new(true)
	_, err = w.asg.DeleteWarmPool(admin(), in)
	must(t, err)
	if p := w.view("web").WarmPoolConfiguration; p.Status != types.WarmPoolStatusPendingDelete {
		t.Errorf("pool %+v", p)
	}
	_, err = w.asg.PutWarmPool(admin(), &sdk.PutWarmPoolInput{AutoScalingGroupName: new("web")})
	wantError(t, err, "ValidationError", "The warm pool may not be modified while it is pending delete")
	w.clock.Advance(time.Minute)
	if v := w.view("web"); v.WarmPoolConfiguration != nil || v.WarmPoolSize != nil || len(w.warm()) != 0 {
		t.Errorf("pool %+v", v.WarmPoolConfiguration)
	}
}

// TestDeleteGroupWithPool takes the pool's instances along.
func TestDeleteGroupWithPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 1)
	w.pool(sdk.PutWarmPoolInput{})
	w.clock.Advance(time.Minute)
	_, err := w.asg.DeleteAutoScalingGroup(admin(), &sdk.DeleteAutoScalingGroupInput{AutoScalingGroupName: new("web"), ForceDelete: new(true)})
	must(t, err)
	w.clock.Advance(time.Minute)
	_, err = w.asg.DescribeWarmPool(admin(), &sdk.DescribeWarmPoolInput{AutoScalingGroupName: new("web")})
	wantError(t, err, "ValidationError", "AutoScalingGroup name not found - null")
	out, err := w.ec2.DescribeInstances(admin(), &ec2sdk.DescribeInstancesInput{})
	must(t, err)
	for _, r := range out.Reservations {
		if r.Instances[0].State.Name != ec2types.InstanceStateNameTerminated {
			t.Errorf("%s is %s", *r.Instances[0].InstanceId, r.Instances[0].State.Name)
		}
	}
}

// TestPoolAndSpot: no group that launches Spot Instances has a pool, in either
// order; one with a mixed instances policy On-Demand may.
func TestPoolAndSpot(t *testing.T) {
	t.Parallel()
	const text = "You cannot use a warm pool with an Auto Scaling group that launches Spot Instances."
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 0)
	policy := func(onDemand int32) *types.MixedInstancesPolicy {
		return &types.MixedInstancesPolicy{
			InstancesDistribution: &types.InstancesDistribution{OnDemandPercentageAboveBaseCapacity: &onDemand},
			LaunchTemplate:        &types.LaunchTemplate{LaunchTemplateSpecification: &types.LaunchTemplateSpecification{LaunchTemplateName: new("web")}},
		}
	}
	update := func(in *sdk.UpdateAutoScalingGroupInput) error {
		in.AutoScalingGroupName = new("web")
		_, err := w.asg.UpdateAutoScalingGroup(admin(), in)
		return err
	}
	put := func() error {
		_, err := w.asg.PutWarmPool(admin(), &sdk.PutWarmPoolInput{AutoScalingGroupName: new("web")})
		return err
	}
	must(t, update(&sdk.UpdateAutoScalingGroupInput{MixedInstancesPolicy: policy(50)}))
	wantError(t, put(), "ValidationError", text)
	must(t, update(&sdk.UpdateAutoScalingGroupInput{MixedInstancesPolicy: policy(100)}))
	must(t, put())
	wantError(t, update(&sdk.UpdateAutoScalingGroupInput{MixedInstancesPolicy: policy(0)}), "ValidationError", text)
	w.spotTemplate("cheap")
	wantError(t, update(&sdk.UpdateAutoScalingGroupInput{LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateName: new("cheap")}}), "ValidationError", text)
	w.configuration("old", new("0.01"))
	wantError(t, update(&sdk.UpdateAutoScalingGroupInput{LaunchConfigurationName: new("old")}), "ValidationError", text)
}

// TestRefusedSettings holds what PutWarmPool refuses of itself.
func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	_, err := w.asg.PutWarmPool(admin(), &sdk.PutWarmPoolInput{AutoScalingGroupName: new("web"), PoolState: types.WarmPoolStateHibernated})
	wantError(t, err, "NotInTheSandbox", "hibernated warm pools are not in the sandbox")
	_, err = w.asg.PutWarmPool(admin(), &sdk.PutWarmPoolInput{AutoScalingGroupName: new("web"), MaxGroupPreparedCapacity: new(int32(-2))})
	wantError(t, err, "ValidationError", "MinSize must not be below 0, and MaxGroupPreparedCapacity not below -1")
	_, err = w.asg.PutWarmPool(admin(), &sdk.PutWarmPoolInput{AutoScalingGroupName: new("web")})
	wantError(t, err, "ValidationError", "AutoScalingGroup name not found - null")
}

// TestStoppedByHand replaces an instance of the group that somebody stopped.
func TestStoppedByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 1)
	w.clock.Advance(5 * time.Second)
	id := *w.view("web").Instances[0].InstanceId
	_, err := w.ec2.StopInstances(admin(), &ec2sdk.StopInstancesInput{InstanceIds: []string{id}})
	must(t, err)
	w.clock.Advance(10 * time.Second)
	if v := w.view("web"); w.inService("web") != 1 || *v.Instances[0].InstanceId == id {
		t.Errorf("instances %+v", v.Instances)
	}
}
