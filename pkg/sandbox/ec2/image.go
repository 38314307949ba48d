package ec2

import (
	"cmp"
	"context"
	"regexp"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// RegisterImage makes an image of snapshots. Its mappings take their encryption
// from the snapshots: a mapping that says Encrypted itself is refused, and a key
// is never kept (API reference, EbsBlockDevice).
func (s *Service) RegisterImage(ctx context.Context, in *ec2.RegisterImageInput) (*ec2.RegisterImageOutput, error) {
	c := wire.CallerOf(ctx)
	id, err := s.register(placeOf(c), in)
	if err != nil {
		return nil, err
	}
	s.announceImage(c, id, types.ImageStateAvailable, "")
	return &ec2.RegisterImageOutput{ImageId: &id}, nil
}

func (s *Service) register(p place, in *ec2.RegisterImageInput) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	if err := st.nameable(aws.ToString(in.Name)); err != nil {
		return "", err
	}
	img := s.newImage(p, in.Name, in.Description)
	img.State, img.RootDeviceName, img.EnaSupport = types.ImageStateAvailable, in.RootDeviceName, in.EnaSupport
	img.Architecture = cmp.Or(in.Architecture, types.ArchitectureValuesX8664)
	for _, m := range in.BlockDeviceMappings {
		mapped, err := st.mapped(m)
		if err != nil {
			return "", err
		}
		img.BlockDeviceMappings = append(img.BlockDeviceMappings, mapped)
	}
	st.images.add(*img.ImageId, &img)
	st.specified(*img.ImageId, types.ResourceTypeImage, in.TagSpecifications)
	return *img.ImageId, nil
}

// newImage returns an image with what all of an account's have. The caller holds
// s.mu.
func (s *Service) newImage(p place, name, description *string) types.Image {
	return types.Image{
		ImageId: new(s.newID("ami")), Name: name, Description: description, OwnerId: &p.account, ImageLocation: new(p.account + "/" + *name),
		VirtualizationType: types.VirtualizationTypeHvm, Hypervisor: types.HypervisorTypeXen, RootDeviceType: types.DeviceTypeEbs,
		ImageType: types.ImageTypeValuesMachine, CreationDate: new(s.clock.Now().UTC().Format(imageTime)),
	}
}

// imageTime is how times are written in an image's description.
const imageTime = "2006-01-02T15:04:05.000Z"

// imageName is what an image may be called (API reference, CopyImage).
var imageName = regexp.MustCompile(`^[a-zA-Z0-9()\[\] ./\-'@_]{3,128}$`)

// nameable refuses a name that EC2 doesn't take, or that is taken. The first text
// is as recorded, older than some of the characters that it leaves out.
func (st *store) nameable(name string) error {
	if !imageName.MatchString(name) {
		return wire.Errorf("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'")
	}
	for _, img := range st.images.byID {
		if *img.Name == name {
			return wire.Errorf("InvalidAMIName.Duplicate", "AMI name %s is already in use by AMI %s", name, *img.ImageId)
		}
	}
	return nil
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

// DescribeImages lists the images that an account sees.
func (s *Service) DescribeImages(ctx context.Context, in *ec2.DescribeImagesInput) (*ec2.DescribeImagesOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := seen(s, p, imagesOf, in.ImageIds)
	if err != nil {
		return nil, err
	}
	all := []types.Image{}
	for _, one := range found {
		img := shownImage(one, p.account)
		ok, err := matches(in.Filters, imageFields(img))
		if err != nil {
			return nil, err
		}
		if ok && one.owned(p, in.Owners) && one.usable(p, in.ExecutableUsers) && s.current(p, one, in) {
			all = append(all, img)
		}
	}
	images, next, err := page(all, query{limit: in.MaxResults, token: in.NextToken})
	return &ec2.DescribeImagesOutput{Images: images, NextToken: next}, err
}

// current leaves out disabled images, and other owners' deprecated ones, unless
// they are asked for or named ("To describe the status of an AMI", EC2 user
// guide, disable-an-ami; ami-deprecate).
func (s *Service) current(p place, one sight[types.Image], in *ec2.DescribeImagesInput) bool {
	if len(in.ImageIds) > 0 {
		return true
	}
	if one.v.State == types.ImageStateDisabled && !aws.ToBool(in.IncludeDisabled) {
		return false
	}
	return aws.ToBool(in.IncludeDeprecated) || one.owner.account == p.account || !s.deprecated(one.v)
}

// shownImage is an image as an account sees it.
func shownImage(one sight[types.Image], account string) types.Image {
	img := *one.v
	img.Public, img.Tags = new(one.owner.shared[one.id].public), one.tagsFor(account)
	return img
}

// imageFields are the filters of DescribeImages that are in the sandbox.
func imageFields(img types.Image) map[string]string {
	return tagged(map[string]string{
		"image-id": *img.ImageId, "name": *img.Name, "owner-id": *img.OwnerId, "state": string(img.State), "architecture": string(img.Architecture),
		"is-public": strconv.FormatBool(*img.Public), "source-image-id": aws.ToString(img.SourceImageId),
		"source-image-region": aws.ToString(img.SourceImageRegion), "root-device-type": string(img.RootDeviceType),
	}, img.Tags)
}

// DeregisterImage removes an image; its snapshots stay.
func (s *Service) DeregisterImage(ctx context.Context, in *ec2.DeregisterImageInput) (*ec2.DeregisterImageOutput, error) {
	if aws.ToBool(in.DeleteAssociatedSnapshots) {
		return nil, wire.Errorf("NotInTheSandbox", "DeleteAssociatedSnapshots is not in the sandbox")
	}
	c := wire.CallerOf(ctx)
	id := aws.ToString(in.ImageId)
	err := s.onImage(c, id, func(st *store, img *types.Image) error {
		for _, m := range img.BlockDeviceMappings {
			if m.Ebs != nil {
				st.lingering[aws.ToString(m.Ebs.SnapshotId)] = s.switches.SnapshotsInUse
			}
		}
		st.images.remove(id)
		delete(st.tags, id)
		delete(st.shared, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.announceImage(c, id, types.ImageStateDeregistered, "")
	return &ec2.DeregisterImageOutput{Return: new(true)}, nil
}

func noImage(id string) error {
	return wire.Errorf("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
}
