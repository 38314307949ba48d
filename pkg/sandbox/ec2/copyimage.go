package ec2

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// A tokened is what a request with a client token was, and which image it made.
type tokened struct {
	request ec2.CopyImageInput
	image   string
}

// CopyImage copies an image that the account sees in any Region into the
// caller's, with its snapshots, for which one key may be named. What KMS says
// shows on the copy, a minute later. Launch permissions aren't copied.
func (s *Service) CopyImage(ctx context.Context, in *ec2.CopyImageInput) (*ec2.CopyImageOutput, error) {
	if err := wellFormed(in); err != nil {
		return nil, err
	}
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(c))
	if before, ok := st.tokens[aws.ToString(in.ClientToken)]; ok {
		if !reflect.DeepEqual(before.request, *in) {
			return nil, wire.Errorf("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")
		}
		return &ec2.CopyImageOutput{ImageId: &before.image}, nil
	}
	img, copies, err := s.copyImage(c, in)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.ClientToken) != "" {
		st.tokens[*in.ClientToken] = tokened{*in, *img.ImageId}
	}
	s.carry(c, copies, func(ok bool) { s.copied(c, img, ok) })
	return &ec2.CopyImageOutput{ImageId: img.ImageId}, nil
}

// wellFormed refuses what is wrong with a request by itself.
func wellFormed(in *ec2.CopyImageInput) error {
	if in.SourceRegion == nil || in.SourceImageId == nil || in.Name == nil {
		return wire.Errorf("MissingParameter", "The request must contain the parameters Name, SourceImageId and SourceRegion")
	}
	if in.DestinationOutpostArn != nil || in.DestinationAvailabilityZone != nil || in.DestinationAvailabilityZoneId != nil {
		return wire.Errorf("NotInTheSandbox", "copies into Outposts and Local Zones are not in the sandbox")
	}
	return taggable(in.TagSpecifications, types.ResourceTypeImage, types.ResourceTypeSnapshot)
}

// copyImage starts a copy, or refuses it as EC2 does at once. The caller holds
// s.mu.
func (s *Service) copyImage(c *wire.Caller, in *ec2.CopyImageInput) (*types.Image, []*snapshotCopy, error) {
	p := placeOf(c)
	st := s.store(p)
	found, err := seen(s, place{p.account, *in.SourceRegion}, imagesOf, []string{*in.SourceImageId})
	if err != nil {
		return nil, nil, err
	}
	src := found[0]
	sources, err := copyable(src, p.account)
	if err != nil {
		return nil, nil, err
	}
	if err := unencryptable(in.Encrypted, in.KmsKeyId, sources...); err != nil {
		return nil, nil, err
	}
	if err := st.nameable(*in.Name); err != nil {
		return nil, nil, err
	}
	img := s.twin(p, src, in)
	copies, err := s.copyStorage(p, img, sources, in)
	if err != nil {
		return nil, nil, err
	}
	st.images.add(*img.ImageId, img)
	if aws.ToBool(in.CopyImageTags) {
		st.tag(*img.ImageId, userTags(src.tagsFor(p.account)))
	}
	st.specified(*img.ImageId, types.ResourceTypeImage, in.TagSpecifications)
	return img, copies, nil
}

// copyStorage starts the copies of an image's snapshots, and puts them into the
// new image's mappings in place of the sources. The caller holds s.mu.
func (s *Service) copyStorage(p place, img *types.Image, sources []*types.Snapshot, in *ec2.CopyImageInput) (copies []*snapshotCopy, err error) {
	st := s.store(p)
	d := device{encrypted: aws.ToBool(in.Encrypted), key: aws.ToString(in.KmsKeyId)}
	for i, m := range img.BlockDeviceMappings {
		if m.Ebs == nil || m.Ebs.SnapshotId == nil {
			continue
		}
		source := sources[len(copies)] // they are in the mappings' order
		n, err := keysOfCopy(source, *in.SourceRegion, p, d, st.settings())
		if err != nil {
			return nil, err
		}
		description := fmt.Sprintf("Copied for DestinationAmi %s from SourceAmi %s for SourceSnapshot %s. Task created on %d.",
			*img.ImageId, *in.SourceImageId, *source.SnapshotId, s.clock.Now().UnixMilli())
		one := &snapshotCopy{copy: s.newCopy(st, source.VolumeSize, n, description, in.TagSpecifications), from: *in.SourceRegion, need: n}
		ebs := *m.Ebs
		ebs.SnapshotId, ebs.Encrypted = one.copy.SnapshotId, one.copy.Encrypted
		img.BlockDeviceMappings[i].Ebs = &ebs
		copies = append(copies, one)
	}
	return copies, nil
}

// copyable returns the snapshots of an image that an account wants to copy, or
// says why it can't. A foreign image's snapshots under alias/aws/ebs can't be
// shared, so that they end as storage without permission, too. Both texts are
// recorded (github.com/cloudigrade/cloudigrade).
func copyable(src sight[types.Image], account string) ([]*types.Snapshot, error) {
	if src.v.State != types.ImageStateAvailable {
		return nil, unusable(src.v)
	}
	marketplace := func(code types.ProductCode) bool { return code.ProductCodeType == types.ProductCodeValuesMarketplace }
	if src.owner.account != account && slices.ContainsFunc(src.v.ProductCodes, marketplace) {
		return nil, wire.Errorf("InvalidRequest", "Images from AWS Marketplace cannot be copied to another AWS account")
	}
	var all []*types.Snapshot
	for _, m := range src.v.BlockDeviceMappings {
		if m.Ebs == nil || m.Ebs.SnapshotId == nil {
			continue
		}
		snap := src.owner.snapshots.byID[*m.Ebs.SnapshotId]
		if snap == nil || !src.owner.sharedWith(account, *m.Ebs.SnapshotId) {
			return nil, wire.Errorf("InvalidRequest", "You do not have permission to access the storage of this ami")
		}
		all = append(all, snap)
	}
	return all, nil
}

// twin returns a pending image like another.
func (s *Service) twin(p place, src sight[types.Image], in *ec2.CopyImageInput) *types.Image {
	img := s.newImage(p, in.Name, in.Description)
	img.State, img.SourceImageId, img.SourceImageRegion = types.ImageStatePending, in.SourceImageId, in.SourceRegion
	img.Architecture, img.RootDeviceName, img.EnaSupport = src.v.Architecture, src.v.RootDeviceName, src.v.EnaSupport
	img.BlockDeviceMappings, img.ProductCodes = slices.Clone(src.v.BlockDeviceMappings), src.v.ProductCodes
	return &img
}

// userTags leaves AWS's own tags out, which can't be copied.
func userTags(tags []types.Tag) []types.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t types.Tag) bool { return strings.HasPrefix(*t.Key, "aws:") })
}

// copied ends a copy, unless it was deregistered meanwhile. The code of the reason
// is likely; none is recorded.
func (s *Service) copied(c *wire.Caller, img *types.Image, ok bool) {
	s.mu.Lock()
	if s.store(placeOf(c)).images.byID[*img.ImageId] != img {
		s.mu.Unlock()
		return
	}
	state, trouble := types.ImageStateAvailable, ""
	if !ok {
		state, trouble = types.ImageStateFailed, imageNoAccess
		img.StateReason = &types.StateReason{Code: new("Client.InternalError"), Message: &trouble}
	}
	img.State = state
	s.mu.Unlock()
	s.announceImage(c, *img.ImageId, state, trouble)
}
