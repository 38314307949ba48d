package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// An instance, as Describe calls show it, and what its launch still needs.
type instance struct {
	view        types.Instance
	reservation string
	caller      *wire.Caller
	devices     []device
	needs       []need
}

// RunInstances starts instances; see prepare and askKeys for what can become of
// them.
func (s *Service) RunInstances(ctx context.Context, in *ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	c := wire.CallerOf(ctx)
	o, err := s.prepare(c, in)
	if err != nil {
		return nil, err
	}
	if aws.ToBool(in.DryRun) {
		return nil, &wire.Error{Code: "DryRunOperation", Message: "Request would have succeeded, but DryRun flag is set.", Status: 412}
	}
	if err := s.capacity(o.launched); err != nil {
		return nil, err
	}
	var all []types.Instance
	for i := range aws.ToInt32(in.MaxCount) {
		all = append(all, s.start(c, o, i))
	}
	if len(all) == 0 {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter MaxCount")
	}
	return &ec2.RunInstancesOutput{ReservationId: &o.reservation, OwnerId: &c.Account, Instances: all}, nil
}

// DescribeInstances lists instances, terminated ones too.
func (s *Service) DescribeInstances(ctx context.Context, in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	q := query{in.InstanceIds, in.Filters, in.MaxResults, in.NextToken}
	page, next, err := describe(&st.instances, q, func(id string, i *instance) types.Reservation {
		v := i.view
		v.Tags = st.tags[id]
		return types.Reservation{ReservationId: &i.reservation, OwnerId: &p.account, Instances: []types.Instance{v}}
	})
	return &ec2.DescribeInstancesOutput{Reservations: page, NextToken: next}, err
}

// TerminateInstances shuts instances down.
func (s *Service) TerminateInstances(ctx context.Context, in *ec2.TerminateInstancesInput) (*ec2.TerminateInstancesOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	before, err := s.statesOf(p, in.InstanceIds)
	if err != nil {
		return nil, err
	}
	for _, id := range in.InstanceIds {
		s.Terminate(p.account, p.region, id)
	}
	after, err := s.statesOf(p, in.InstanceIds)
	if err != nil {
		return nil, err
	}
	out := &ec2.TerminateInstancesOutput{TerminatingInstances: []types.InstanceStateChange{}}
	for i, id := range in.InstanceIds {
		out.TerminatingInstances = append(out.TerminatingInstances, types.InstanceStateChange{InstanceId: &id, PreviousState: before[i], CurrentState: after[i]})
	}
	return out, nil
}

func (s *Service) statesOf(p place, ids []string) ([]*types.InstanceState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var states []*types.InstanceState
	for _, id := range ids {
		i := s.store(p).instances.byID[id]
		if i == nil {
			return nil, noInstance(id)
		}
		states = append(states, i.view.State)
	}
	return states, nil
}

// start makes one pending instance of an order and sets its launch going. n is
// its number in the launch.
func (s *Service) start(c *wire.Caller, o *order, n int32) types.Instance {
	p := placeOf(c)
	l := o.launched
	s.mu.Lock()
	id := s.newID("i")
	if o.reservation == "" {
		o.reservation = hashedID("r", id)
	}
	i := &instance{caller: c, devices: o.devices, needs: o.needs, reservation: o.reservation, view: types.Instance{
		InstanceId: &id, ImageId: &l.ImageID, InstanceType: types.InstanceType(l.InstanceType), AmiLaunchIndex: &n, LaunchTime: new(s.clock.Now()),
		Placement: &types.Placement{AvailabilityZone: &l.Zone, Tenancy: types.TenancyDefault}, SubnetId: &l.Subnet, VpcId: new(vpcOf(p)),
		State: stateOf(types.InstanceStateNamePending), StateReason: &types.StateReason{Code: new("pending"), Message: new("pending")},
		StateTransitionReason: new(""), Architecture: o.image.Architecture, RootDeviceName: o.image.RootDeviceName, RootDeviceType: o.image.RootDeviceType,
		VirtualizationType: o.image.VirtualizationType, Hypervisor: o.image.Hypervisor, KeyName: o.data.KeyName,
		BlockDeviceMappings: []types.InstanceBlockDeviceMapping{},
	}}
	st := s.store(p)
	st.instances.add(id, i)
	for _, spec := range o.data.TagSpecifications {
		if spec.ResourceType == types.ResourceTypeInstance {
			st.tag(id, spec.Tags)
		}
	}
	st.specified(id, types.ResourceTypeInstance, o.specs)
	view := i.view
	view.Tags = st.tags[id]
	s.mu.Unlock()
	s.announce(p, id, types.InstanceStateNamePending, nil)
	s.clock.After(askAfter, func() { s.askKeys(p, id) })
	return view
}

func noInstance(id string) error {
	return wire.Errorf("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
}
