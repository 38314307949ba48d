package ec2

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/eventbridge"
)

// How long a launch takes, from RunInstances' answer on: an instance runs after
// some 5 s, one whose key is refused shuts down after some 10 (captured,
// tools.md 7).
const (
	askAfter      = 2 * time.Second
	runAfter      = 5 * time.Second
	giveUpAfter   = 9 * time.Second
	shuttingDown  = time.Second
	refusedChange = "Client.InternalError" // StateTransitionReason
)

// refusal is the reason on an instance whose keys KMS refused. It is the same
// for missing access and for a key that can't be used.
func (s *Service) refusal() *types.StateReason {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.switches.OldFailureText {
		return &types.StateReason{Code: new("Client.InternalError"), Message: new("Client.InternalError: Client error on launch")}
	}
	return &types.StateReason{
		Code:    new("Client.InvalidKMSKey.InvalidState"),
		Message: new("Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"),
	}
}

// askKeys has KMS decide about every volume of a pending instance, and thereby
// about the instance. The first refusal ends it.
func (s *Service) askKeys(p place, id string) {
	s.mu.Lock()
	i := s.store(p).instances.byID[id]
	if i.view.State.Name != types.InstanceStateNamePending {
		s.mu.Unlock()
		return
	}
	volumes := make([]types.Volume, len(i.devices))
	for n, d := range i.devices {
		volumes[n] = i.volume(p, d, s.newID("vol"), s.clock.Now())
	}
	s.mu.Unlock()
	grantee := session(p, id)
	for n := range volumes {
		if i.needs[n].volume == "" {
			continue
		}
		key, ok := s.ask(i.caller, i.needs[n], *volumes[n].VolumeId, grantee)
		if !ok {
			s.clock.After(giveUpAfter-askAfter, func() { s.down(p, id, s.refusal(), refusedChange) })
			return
		}
		volumes[n].Encrypted, volumes[n].KmsKeyId = new(true), &key
	}
	s.attach(p, i, volumes)
	s.clock.After(runAfter-askAfter, func() {
		s.enter(p, id, types.InstanceStateNameRunning, nil, "", types.InstanceStateNamePending)
	})
}

// session is as whom EC2 decrypts an instance's volumes.
func session(p place, id string) string {
	return fmt.Sprintf("arn:aws:sts::%s:assumed-role/aws:ec2-infrastructure/%s", p.account, id)
}

// volume makes the volume of a device.
func (i *instance) volume(p place, d device, id string, now time.Time) types.Volume {
	v := types.Volume{
		VolumeId: &id, SnapshotId: new(d.snapshot), Size: d.ebs.VolumeSize, VolumeType: d.ebs.VolumeType, Encrypted: new(false), CreateTime: &now,
		AvailabilityZone: i.view.Placement.AvailabilityZone, State: types.VolumeStateInUse, OwnerId: &p.account,
		Attachments: []types.VolumeAttachment{{
			VolumeId: &id, InstanceId: i.view.InstanceId, Device: &d.name, State: types.VolumeAttachmentStateAttached, AttachTime: &now,
			DeleteOnTermination: new(d.ebs.DeleteOnTermination == nil || *d.ebs.DeleteOnTermination),
		}},
	}
	complete(&v, nil)
	return v
}

func (s *Service) attach(p place, i *instance, volumes []types.Volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range volumes {
		s.store(p).volumes.add(*v.VolumeId, &v)
		a := v.Attachments[0]
		i.view.BlockDeviceMappings = append(i.view.BlockDeviceMappings, types.InstanceBlockDeviceMapping{
			DeviceName: a.Device, Ebs: &types.EbsInstanceBlockDevice{
				VolumeId: v.VolumeId, AttachTime: a.AttachTime, DeleteOnTermination: a.DeleteOnTermination, Status: types.AttachmentStatusAttached,
			},
		})
	}
}

// Terminate shuts an instance down as a user would. One that is gone, or going,
// stays so.
func (s *Service) Terminate(account, region, id string) {
	reason := &types.StateReason{Code: new("Client.UserInitiatedShutdown"), Message: new("Client.UserInitiatedShutdown: User initiated shutdown")}
	at := s.clock.Now().UTC().Format("2006-01-02 15:04:05 MST")
	s.down(place{account, region}, id, reason, "User initiated ("+at+")")
}

// down takes an instance through shutting-down to terminated.
func (s *Service) down(p place, id string, reason *types.StateReason, transition string) {
	if !s.enter(p, id, types.InstanceStateNameShuttingDown, reason, transition, types.InstanceStateNamePending, types.InstanceStateNameRunning,
		types.InstanceStateNameStopping, types.InstanceStateNameStopped) {
		return
	}
	s.clock.After(shuttingDown, func() {
		s.release(p, id)
		s.keys.Release(p.account, p.region, session(p, id))
		s.enter(p, id, types.InstanceStateNameTerminated, reason, transition, types.InstanceStateNameShuttingDown)
	})
}

// release detaches an instance's volumes, and deletes those that go with it.
func (s *Service) release(p place, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	i := st.instances.byID[id]
	for _, m := range i.view.BlockDeviceMappings {
		v := st.volumes.byID[*m.Ebs.VolumeId]
		if v == nil {
			continue
		}
		if aws.ToBool(m.Ebs.DeleteOnTermination) {
			st.volumes.remove(*v.VolumeId)
			continue
		}
		v.State, v.Attachments = types.VolumeStateAvailable, []types.VolumeAttachment{}
	}
	i.view.BlockDeviceMappings = []types.InstanceBlockDeviceMapping{}
}

// enter puts an instance that is in one of the states from into a new one, and
// tells so; false where it isn't, and nothing happens.
func (s *Service) enter(p place, id string, state types.InstanceStateName, reason *types.StateReason, transition string, from ...types.InstanceStateName) bool {
	s.mu.Lock()
	i := s.store(p).instances.byID[id]
	legal := false
	for _, f := range from {
		legal = legal || i != nil && i.view.State.Name == f
	}
	if !legal {
		s.mu.Unlock()
		return false
	}
	i.view.State, i.view.StateTransitionReason = stateOf(state), &transition
	i.view.StateReason = reason
	s.mu.Unlock()
	s.announce(p, id, state, reason)
	return true
}

// change is the detail of an EC2 Instance State-change Notification. It carries
// no reason (EC2 user guide, monitoring-instance-state-changes).
type change struct {
	InstanceID string `json:"instance-id"`
	State      string `json:"state"`
}

// announce tells the bus and the observers of a state.
func (s *Service) announce(p place, id string, state types.InstanceStateName, reason *types.StateReason) {
	s.bus.Put(p.account, p.region, eventbridge.Event{
		Source: "aws.ec2", DetailType: "EC2 Instance State-change Notification", Time: s.clock.Now(),
		Resources: []string{arn(p, "instance/"+id)}, Detail: change{InstanceID: id, State: string(state)},
	})
	s.mu.Lock()
	observers := s.observers
	s.mu.Unlock()
	for _, f := range observers {
		f(p.account, p.region, id, string(state), reason)
	}
}

// stateOf returns a state with the code that AWS gives it.
func stateOf(name types.InstanceStateName) *types.InstanceState {
	code := map[types.InstanceStateName]int32{
		types.InstanceStateNamePending: 0, types.InstanceStateNameRunning: 16,
		types.InstanceStateNameShuttingDown: 32, types.InstanceStateNameTerminated: 48,
		types.InstanceStateNameStopping: 64, types.InstanceStateNameStopped: 80,
	}[name]
	return &types.InstanceState{Name: name, Code: &code}
}
