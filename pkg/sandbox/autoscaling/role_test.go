package autoscaling_test

import (
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/sandbox/autoscaling"
)

// TestNewRoleUnknownToGroups refuses a role that was just made, by create and by
// update, until the delay is over.
func TestNewRoleUnknownToGroups(t *testing.T) {
	t.Parallel()
	sw := autoscaling.DefaultSwitches()
	sw.GroupDelay = 8 * time.Second
	w := newWorld(t, sw)
	w.open = true
	w.group("web", 1) // with the default role, which it makes itself
	w.clock.Advance(5 * time.Second)
	role, err := w.iam.EnsureServiceLinkedRole(account, "autoscaling.amazonaws.com", "prod")
	must(t, err)
	update := func() error {
		_, err := w.asg.UpdateAutoScalingGroup(admin(), &sdk.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("web"), ServiceLinkedRoleARN: &role.ARN})
		return err
	}
	create := func(name string) error {
		in := w.request(name, 0)
		in.ServiceLinkedRoleARN = &role.ARN
		_, err := w.asg.CreateAutoScalingGroup(admin(), in)
		return err
	}
	w.clock.Advance(7 * time.Second)
	const text = "ARN specified for Service-Linked Role does not exist."
	wantError(t, update(), "ValidationError", text)
	wantError(t, create("early"), "ValidationError", text)
	w.clock.Advance(time.Second)
	must(t, update())
	must(t, create("late"))
	if w.inService("web") != 1 || *w.view("web").ServiceLinkedRoleARN != role.ARN {
		t.Errorf("group %+v", w.view("web"))
	}
}

// TestNewRoleFailsLaunches at once, and the retry heals it (aws-facts 1.8).
func TestNewRoleFailsLaunches(t *testing.T) {
	t.Parallel()
	sw := autoscaling.DefaultSwitches()
	sw.LaunchDelay = 8 * time.Second
	w := newWorld(t, sw)
	w.open = true
	w.group("web", 1)
	w.clock.Advance(time.Second)
	a := w.activities("web")[0]
	const text = "Authentication Failure. Launching EC2 instance failed."
	if a.StatusCode != types.ScalingActivityStatusCodeFailed || *a.StatusMessage != text || !strings.HasPrefix(*a.Description, "Launching a new EC2 instance.  ") {
		t.Errorf("%s: %s", a.StatusCode, *a.Description)
	}
	w.clock.Advance(30 * time.Second)
	if w.inService("web") != 1 {
		t.Errorf("group %+v", w.view("web").Instances)
	}
}

// TestNewRoleFailsWarmStarts, and the instance goes with it.
func TestNewRoleFailsWarmStarts(t *testing.T) {
	t.Parallel()
	sw := autoscaling.DefaultSwitches()
	w := newWorld(t, sw)
	w.open = true
	w.group("web", 0)
	w.pool(sdk.PutWarmPoolInput{MinSize: new(int32(1)), MaxGroupPreparedCapacity: new(int32(1))})
	w.clock.Advance(7 * time.Second)
	sw.LaunchDelay = time.Minute
	w.asg.SetSwitches(sw)
	w.set("web", 1)
	w.clock.Advance(time.Second)
	found := false
	for _, a := range w.activities("web") {
		found = found || strings.HasSuffix(*a.Description, ".  Status Reason: Authentication Failure. Launching EC2 instance failed.") &&
			strings.HasPrefix(*a.Description, "Launching a new EC2 instance from warm pool: i-") && a.StatusCode == types.ScalingActivityStatusCodeFailed
	}
	if !found || len(w.view("web").Instances) != 0 {
		t.Errorf("activities %+v", w.activities("web"))
	}
	w.clock.Advance(2 * time.Minute)
	if w.inService("web") != 1 {
		t.Errorf("group %+v", w.view("web").Instances)
	}
}
