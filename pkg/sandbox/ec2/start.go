package ec2

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

// stoppingTime is how long a running instance takes to stop.
const stoppingTime = 2 * time.Second

// startRefusedChange is the StateTransitionReason of a start whose keys KMS
// refused ("State transition reason: Server.InternalError / State transition
// message: Client.InternalError: Client error on launch", captured,
// facts/launch.md 2: ministryofjustice/modernisation-platform issue 2542).
const startRefusedChange = "Server.InternalError"

// StopInstances stops running instances; their volumes stay.
func (s *Service) StopInstances(ctx context.Context, in *ec2.StopInstancesInput) (*ec2.StopInstancesOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	if aws.ToBool(in.Hibernate) {
		return nil, wire.Errorf("NotInTheSandbox", "hibernation is not in the sandbox")
	}
	const text = "This instance '%s' is not in a state from which it can be stopped."
	changes, err := s.moved(p, in.InstanceIds, text, s.stop,
		types.InstanceStateNameRunning, types.InstanceStateNameStopping, types.InstanceStateNameStopped)
	return &ec2.StopInstancesOutput{StoppingInstances: changes}, err
}

// StartInstances starts stopped instances. It answers before KMS is asked, once
// more and as this caller; what KMS says shows on the instance, seconds later.
func (s *Service) StartInstances(ctx context.Context, in *ec2.StartInstancesInput) (*ec2.StartInstancesOutput, error) {
	c := wire.CallerOf(ctx)
	const text = "The instance '%s' is not in a state from which it can be started."
	changes, err := s.moved(placeOf(c), in.InstanceIds, text, func(_ place, id string) { s.begin(c, id) },
		types.InstanceStateNameStopped, types.InstanceStateNamePending, types.InstanceStateNameRunning)
	return &ec2.StartInstancesOutput{StartingInstances: changes}, err
}

// moved has a change made to each of the instances, and tells of their states
// before and after. One that is in none of the states from has all of the
// request refused.
func (s *Service) moved(p place, ids []string, refusal string, change func(place, string), from ...types.InstanceStateName) ([]types.InstanceStateChange, error) {
	before, err := s.statesOf(p, ids)
	if err != nil {
		return nil, err
	}
	for i, state := range before {
		if !legal(state.Name, from) {
			return nil, wire.Errorf("IncorrectInstanceState", refusal, ids[i])
		}
	}
	for _, id := range ids {
		change(p, id)
	}
	after, err := s.statesOf(p, ids)
	if err != nil {
		return nil, err
	}
	changes := []types.InstanceStateChange{}
	for i, id := range ids {
		changes = append(changes, types.InstanceStateChange{InstanceId: &id, PreviousState: before[i], CurrentState: after[i]})
	}
	return changes, nil
}

func legal(state types.InstanceStateName, from []types.InstanceStateName) bool {
	for _, f := range from {
		if state == f {
			return true
		}
	}
	return false
}

// Start starts a stopped instance as c, as StartInstances does.
func (s *Service) Start(c *wire.Caller, id string) error {
	_, err := s.StartInstances(wire.WithCaller(context.Background(), c), &ec2.StartInstancesInput{InstanceIds: []string{id}})
	return err
}

// Stop stops a running instance as a user would. One that doesn't run stays as
// it is.
func (s *Service) Stop(account, region, id string) { s.stop(place{account, region}, id) }

func (s *Service) stop(p place, id string) {
	reason := &types.StateReason{Code: new("Client.UserInitiatedShutdown"), Message: new("Client.UserInitiatedShutdown: User initiated shutdown")}
	transition := "User initiated (" + s.clock.Now().UTC().Format("2006-01-02 15:04:05 MST") + ")"
	if !s.enter(p, id, types.InstanceStateNameStopping, reason, transition, types.InstanceStateNameRunning) {
		return
	}
	s.clock.After(stoppingTime, func() {
		s.enter(p, id, types.InstanceStateNameStopped, reason, transition, types.InstanceStateNameStopping)
	})
}

// begin sets the start of a stopped instance going.
func (s *Service) begin(c *wire.Caller, id string) {
	p := placeOf(c)
	reason := &types.StateReason{Code: new("pending"), Message: new("pending")}
	if !s.enter(p, id, types.InstanceStateNamePending, reason, "", types.InstanceStateNameStopped) {
		return
	}
	s.clock.After(askAfter, func() { s.askAgain(c, p, id) })
}

// askAgain asks KMS for the keys of an instance's volumes as they are attached
// to a started instance. The data keys exist: it takes a grant only, by which
// EC2 has them decrypted.
// https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html
func (s *Service) askAgain(c *wire.Caller, p place, id string) {
	for _, v := range s.attached(p, id) {
		use := kms.Use{
			EncryptionContext: map[string]string{"aws:ebs:id": *v.VolumeId}, ViaService: fmt.Sprintf("ec2.%s.amazonaws.com", c.Region),
			ForAWSResource: true, GrantOperations: []string{"Decrypt"},
			Grantee: session(p, id),
		}
		_, err := s.keys.Use(c, *v.KmsKeyId, "CreateGrant", use)
		if err == nil {
			err = s.decrypt(c, *v.KmsKeyId, *v.VolumeId, use.Grantee)
		}
		if err != nil {
			s.clock.After(giveUpAfter-askAfter, func() { s.fallBack(p, id) })
			return
		}
	}
	s.clock.After(runAfter-askAfter, func() {
		s.enter(p, id, types.InstanceStateNameRunning, nil, "", types.InstanceStateNamePending)
	})
}

// attached returns an instance's encrypted volumes.
func (s *Service) attached(p place, id string) []types.Volume {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	var all []types.Volume
	for _, m := range st.instances.byID[id].view.BlockDeviceMappings {
		if v := st.volumes.byID[*m.Ebs.VolumeId]; v != nil && v.KmsKeyId != nil {
			all = append(all, *v)
		}
	}
	return all
}

// fallBack puts an instance that couldn't start back to stopped. The text is the
// one captured, whatever a launch's would be: no newer one is on record.
func (s *Service) fallBack(p place, id string) {
	reason := &types.StateReason{Code: new("Client.InternalError"), Message: new("Client.InternalError: Client error on launch")}
	s.enter(p, id, types.InstanceStateNameStopped, reason, startRefusedChange, types.InstanceStateNamePending)
}
