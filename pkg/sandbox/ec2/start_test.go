package ec2_test

import (
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/wire"
)

// stopped runs an instance whose root volume is under K, and stops it.
func (w *world) stopped() string {
	w.t.Helper()
	id, err := w.run(w.template("web", w.image(w.snapshot("")), root(ebs{Encrypted: new(true), KmsKeyId: new("K")})))
	must(w.t, err)
	w.clock.Advance(5 * time.Second)
	out, err := w.ec2.StopInstances(as(account), &sdk.StopInstancesInput{InstanceIds: []string{id}})
	must(w.t, err)
	if c := out.StoppingInstances[0]; c.PreviousState.Name != "running" || c.CurrentState.Name != "stopping" || *c.CurrentState.Code != 64 {
		w.t.Errorf("%s to %s", c.PreviousState.Name, c.CurrentState.Name)
	}
	w.clock.Advance(2 * time.Second)
	i := w.instance(id)
	if i.State.Name != "stopped" || *i.State.Code != 80 || *i.StateReason.Code != "Client.UserInitiatedShutdown" || len(i.BlockDeviceMappings) != 1 {
		w.t.Fatalf("%s, %s, volumes %v", i.State.Name, *i.StateReason.Code, i.BlockDeviceMappings)
	}
	w.asked, w.events = nil, nil
	return id
}

// TestStart asks KMS for a grant only, since the data key is there.
func TestStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stopped()
	out, err := w.ec2.StartInstances(as(account), &sdk.StartInstancesInput{InstanceIds: []string{id}})
	must(t, err)
	if c := out.StartingInstances[0]; c.PreviousState.Name != "stopped" || c.CurrentState.Name != "pending" || w.asked != nil {
		t.Errorf("%s to %s, asked %v", c.PreviousState.Name, c.CurrentState.Name, w.asked)
	}
	w.clock.Advance(5 * time.Second)
	if diff := cmp.Diff([]string{"CreateGrant K"}, w.asked); diff != "" {
		t.Errorf("asked of KMS (-want +got):\n%s", diff)
	}
	w.wantVolume(id, "K")
	w.wantStates("pending", "running")
}

// TestRefusedStart puts the instance back, with the captured reason, and lets it
// be terminated.
func TestRefusedStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stopped()
	w.denied = []string{"CreateGrant K"}
	must(t, w.ec2.Start(wire.CallerOf(as(account)), id))
	w.clock.Advance(8 * time.Second)
	if got := w.instance(id).State.Name; got != types.InstanceStateNamePending {
		t.Fatalf("after 8 s %s, want pending", got)
	}
	w.clock.Advance(time.Second)
	i := w.instance(id)
	if i.State.Name != "stopped" || *i.StateTransitionReason != "Server.InternalError" || *i.StateReason.Message != "Client.InternalError: Client error on launch" {
		t.Errorf("%s, %s, %s", i.State.Name, *i.StateTransitionReason, *i.StateReason.Message)
	}
	w.ec2.Terminate(account, region, id)
	w.clock.Advance(time.Second)
	w.wantStates("pending", "stopped", "shutting-down", "terminated")
}

// TestWrongState holds what EC2 refuses to stop and to start.
func TestWrongState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stopped()
	start := func() error {
		_, err := w.ec2.StartInstances(as(account), &sdk.StartInstancesInput{InstanceIds: []string{id}})
		return err
	}
	stop := func(in *sdk.StopInstancesInput) error {
		in.InstanceIds = append(in.InstanceIds, id)
		_, err := w.ec2.StopInstances(as(account), in)
		return err
	}
	must(t, stop(&sdk.StopInstancesInput{})) // it is already
	must(t, start())
	wantError(t, stop(&sdk.StopInstancesInput{}), "IncorrectInstanceState", "This instance '"+id+"' is not in a state from which it can be stopped.")
	wantError(t, stop(&sdk.StopInstancesInput{Hibernate: new(true)}), "NotInTheSandbox", "hibernation is not in the sandbox")
	wantError(t, stop(&sdk.StopInstancesInput{InstanceIds: []string{"i-0000000000000000a"}}), "InvalidInstanceID.NotFound", "The instance ID 'i-0000000000000000a' does not exist")
	w.clock.Advance(5 * time.Second)
	must(t, stop(&sdk.StopInstancesInput{}))
	wantError(t, start(), "IncorrectInstanceState", "The instance '"+id+"' is not in a state from which it can be started.")
}
