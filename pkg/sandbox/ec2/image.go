package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// RegisterImage makes an image of snapshots. Its mappings take their encryption
// from the snapshots: a mapping that says Encrypted itself is refused, and a key
// is never kept (API reference, EbsBlockDevice).
func (s *Service) RegisterImage(ctx context.Context, in *ec2.RegisterImageInput) (*ec2.RegisterImageOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	for _, img := range st.images.byID {
		if *img.Name == aws.ToString(in.Name) {
			return nil, wire.Errorf("InvalidAMIName.Duplicate", "AMI name %s is already in use by AMI %s", *img.Name, *img.ImageId)
		}
	}
	id := s.newID("ami")
	img := types.Image{
		ImageId: &id, Name: new(aws.ToString(in.Name)), OwnerId: &p.account, State: types.ImageStateAvailable, RootDeviceName: in.RootDeviceName,
		Architecture: in.Architecture, Description: in.Description, VirtualizationType: types.VirtualizationTypeHvm, RootDeviceType: types.DeviceTypeEbs,
		ImageType: types.ImageTypeValuesMachine, Public: new(false), Hypervisor: types.HypervisorTypeXen, EnaSupport: in.EnaSupport,
		CreationDate: new(s.clock.Now().UTC().Format("2006-01-02T15:04:05.000Z")), ImageLocation: new(p.account + "/" + aws.ToString(in.Name)),
	}
	if img.Architecture == "" {
		img.Architecture = types.ArchitectureValuesX8664
	}
	for _, m := range in.BlockDeviceMappings {
		mapped, err := st.mapped(m)
		if err != nil {
			return nil, err
		}
		img.BlockDeviceMappings = append(img.BlockDeviceMappings, mapped)
	}
	st.images.add(id, &img)
	st.specified(id, types.ResourceTypeImage, in.TagSpecifications)
	return &ec2.RegisterImageOutput{ImageId: &id}, nil
}

// mapped completes an image's mapping from its snapshot.
func (st *store) mapped(m types.BlockDeviceMapping) (types.BlockDeviceMapping, error) {
	if m.Ebs == nil {
		return m, nil
	}
	ebs := *m.Ebs
	if ebs.KmsKeyId != nil {
		return m, wire.Errorf("InvalidParameter", "The parameter KmsKeyId is not recognized")
	}
	if ebs.SnapshotId != nil {
		snap := st.snapshots.byID[*ebs.SnapshotId]
		if snap == nil {
			return m, noSnapshot(*ebs.SnapshotId)
		}
		if ebs.Encrypted != nil {
			return m, wire.Errorf("InvalidBlockDeviceMapping", "the encrypted flag cannot be specified since device %s has a snapshot specified.", aws.ToString(m.DeviceName))
		}
		ebs.Encrypted = snap.Encrypted
		if ebs.VolumeSize == nil {
			ebs.VolumeSize = snap.VolumeSize
		}
	}
	if ebs.Encrypted == nil {
		ebs.Encrypted = new(false)
	}
	if ebs.DeleteOnTermination == nil {
		ebs.DeleteOnTermination = new(true)
	}
	if ebs.VolumeType == "" {
		ebs.VolumeType = types.VolumeTypeGp2
	}
	m.Ebs = &ebs
	return m, nil
}

// DescribeImages lists the account's own images; others' aren't shared in the
// sandbox yet.
func (s *Service) DescribeImages(ctx context.Context, in *ec2.DescribeImagesInput) (*ec2.DescribeImagesOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	if !ownedBy(p.account, in.Owners) {
		return &ec2.DescribeImagesOutput{}, nil
	}
	q := query{in.ImageIds, in.Filters, in.MaxResults, in.NextToken}
	page, next, err := describe(&st.images, q, func(id string, img *types.Image) types.Image {
		shown := *img
		shown.Tags = st.tags[id]
		return shown
	})
	return &ec2.DescribeImagesOutput{Images: page, NextToken: next}, err
}

// DeregisterImage removes an image; its snapshots stay.
func (s *Service) DeregisterImage(ctx context.Context, in *ec2.DeregisterImageInput) (*ec2.DeregisterImageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(wire.CallerOf(ctx)))
	id := aws.ToString(in.ImageId)
	if st.images.byID[id] == nil {
		return nil, noImage(id)
	}
	st.images.remove(id)
	delete(st.tags, id)
	return &ec2.DeregisterImageOutput{Return: new(true)}, nil
}

func noImage(id string) error {
	return wire.Errorf("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
}
