package ec2

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// A LaunchRequest is one instance that another service wants, from a launch
// template or, where it names none, from the image and volumes given here.
type LaunchRequest struct {
	TemplateID, TemplateName string // one of them
	Version                  string // as in a launch template specification; "" = $Default
	ImageID, InstanceType    string // over the template's; "" = the template's
	Zone, Subnet             string // "" = anywhere
	Mappings                 []types.BlockDeviceMapping
	Tags                     map[string]string
	DryRun                   bool // resolve and check only
}

// A Launched is what became of a LaunchRequest.
type Launched struct {
	InstanceID               string // "" for a dry run
	TemplateID, TemplateName string
	Version                  string // a number
	ImageID, InstanceType    string
	Zone, ZoneID, Subnet     string
	Spot                     bool         // the template asks for a Spot Instance
	Needs                    []wire.Check // what whoever has a service launch it must be allowed
}

// Launch starts an instance as c. Errors are what RunInstances answers at once;
// what KMS says shows on the instance, seconds later.
func (s *Service) Launch(c *wire.Caller, r LaunchRequest) (Launched, error) {
	in := &ec2.RunInstancesInput{
		MinCount: new(int32(1)), MaxCount: new(int32(1)), InstanceType: types.InstanceType(r.InstanceType),
		BlockDeviceMappings: r.Mappings, ImageId: given(r.ImageID), SubnetId: given(r.Subnet), Placement: &types.Placement{AvailabilityZone: given(r.Zone)},
	}
	if r.TemplateID != "" || r.TemplateName != "" {
		in.LaunchTemplate = &types.LaunchTemplateSpecification{
			LaunchTemplateId: given(r.TemplateID), LaunchTemplateName: given(r.TemplateName), Version: given(r.Version),
		}
	}
	spec := types.TagSpecification{ResourceType: types.ResourceTypeInstance}
	for k, v := range r.Tags {
		spec.Tags = append(spec.Tags, types.Tag{Key: &k, Value: &v})
	}
	in.TagSpecifications = []types.TagSpecification{spec}
	o, err := s.prepare(c, in)
	if err != nil {
		return Launched{}, err
	}
	l := o.launched
	if r.DryRun {
		return l, nil
	}
	if err := s.capacity(o.launched); err != nil {
		return Launched{}, err
	}
	l.InstanceID = *s.start(c, o, 0).InstanceId
	return l, nil
}

// An order is a launch that RunInstances has accepted.
type order struct {
	launched Launched
	data     types.RequestLaunchTemplateData // template and request merged
	image    types.Image
	devices  []device
	needs    []need // by device
	specs    []types.TagSpecification

	reservation string // that of the first instance, once it is started
}

// prepare resolves a request and refuses what RunInstances refuses at once. It
// doesn't ask KMS, nor does AWS here, dry run or not.
func (s *Service) prepare(c *wire.Caller, in *ec2.RunInstancesInput) (*order, error) {
	p := placeOf(c)
	o := &order{specs: in.TagSpecifications}
	if err := s.template(p, in, o); err != nil {
		return nil, err
	}
	image, err := s.aliased(p, aws.ToString(o.data.ImageId))
	if err != nil {
		return nil, err
	}
	if image == "" {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter ImageId")
	}
	o.launched.ImageID, o.launched.InstanceType = image, string(o.data.InstanceType)
	o.launched.Spot = o.data.InstanceMarketOptions != nil && o.data.InstanceMarketOptions.MarketType == types.MarketTypeSpot
	o.launched.Needs = o.permissions(p)
	if o.data.InstanceType == "" {
		o.launched.InstanceType = string(types.InstanceTypeM1Small) // AWS's default
	}
	if err := s.placed(p, in, o); err != nil {
		return nil, err
	}
	return o, s.mapped(p, o)
}

// template fills in the order's data: the template's, and the request's over it.
func (s *Service) template(p place, in *ec2.RunInstancesInput, o *order) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if spec := in.LaunchTemplate; spec != nil {
		t, err := s.store(p).template(spec.LaunchTemplateId, spec.LaunchTemplateName)
		if err != nil {
			return err
		}
		v, err := t.version(aws.ToString(spec.Version))
		if err != nil {
			return err
		}
		o.data = v.data
		o.launched.TemplateID, o.launched.TemplateName = *t.head.LaunchTemplateId, *t.head.LaunchTemplateName
		o.launched.Version = strconv.FormatInt(v.number, 10)
	}
	overlay(&o.data, types.RequestLaunchTemplateData{
		ImageId: in.ImageId, InstanceType: in.InstanceType, KeyName: in.KeyName,
		BlockDeviceMappings: convert[[]types.LaunchTemplateBlockDeviceMappingRequest](in.BlockDeviceMappings),
	})
	return nil
}

// placed chooses zone and subnet: the request's, the template's, or any.
func (s *Service) placed(p place, in *ec2.RunInstancesInput, o *order) error {
	l := &o.launched
	l.Subnet = aws.ToString(in.SubnetId)
	if in.Placement != nil {
		l.Zone = aws.ToString(in.Placement.AvailabilityZone)
	}
	if t := o.data.Placement; t != nil && l.Zone == "" && l.Subnet == "" {
		l.Zone = aws.ToString(t.AvailabilityZone)
	}
	if l.Subnet != "" {
		zone, err := zoneOf(p, l.Subnet)
		if err != nil {
			return err
		}
		l.Zone = zone
	}
	if l.Zone == "" {
		l.Zone = s.roomiest(p, l.InstanceType)
	}
	for i, z := range zones(p.region) {
		if z == l.Zone {
			l.Subnet, l.ZoneID = subnetOf(p, z), zoneID(p.region, i)
			return nil
		}
	}
	return wire.Errorf("InvalidParameterValue", "Invalid availability zone: [%s]", l.Zone)
}

// mapped fills in the order's devices and what keys they need.
func (s *Service) mapped(p place, o *order) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	owner, image, err := s.launchable(p, o.launched.ImageID)
	if err != nil {
		return err
	}
	o.image = *image
	set := st.settings()
	o.devices = devices(image.BlockDeviceMappings, convert[[]types.BlockDeviceMapping](o.data.BlockDeviceMappings))
	for _, d := range o.devices {
		source, err := s.sourceOf(p, d, owner)
		if err != nil {
			return err
		}
		n, err := decide(d, source, set)
		if err != nil {
			return err
		}
		o.needs = append(o.needs, n)
	}
	return nil
}

// capacity refuses a launch where a switch says that there is none.
func (s *Service) capacity(l Launched) error {
	if s.hasRoom(l.InstanceType, l.Zone) {
		return nil
	}
	text := fmt.Sprintf("We currently do not have sufficient %s capacity in the Availability Zone you requested (%s). Our system will be working on provisioning additional capacity.", l.InstanceType, l.Zone)
	others := ""
	for _, z := range zones(l.Zone[:len(l.Zone)-1]) {
		if s.hasRoom(l.InstanceType, z) {
			others += ", " + z
		}
	}
	if others != "" {
		text += fmt.Sprintf(" You can currently get %s capacity by not specifying an Availability Zone in your request or choosing %s.", l.InstanceType, others[2:])
	}
	return &wire.Error{Code: "InsufficientInstanceCapacity", Message: text, Status: 500}
}

// roomiest returns the first zone with capacity; the first of all where none has.
func (s *Service) roomiest(p place, instanceType string) string {
	all := zones(p.region)
	for _, z := range all {
		if s.hasRoom(instanceType, z) {
			return z
		}
	}
	return all[0]
}

func (s *Service) hasRoom(instanceType, zone string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := s.switches.NoCapacity
	return !oneOf(instanceType, full) && !oneOf(zone, full) && !oneOf(instanceType+" "+zone, full)
}

// given returns nil for "", as a request that leaves the parameter out.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
