package ec2

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/wire"
)

// DisableImage keeps an image from being launched, and takes it away from
// everyone it was shared with (EC2 user guide, disable-an-ami).
func (s *Service) DisableImage(ctx context.Context, in *ec2.DisableImageInput) (*ec2.DisableImageOutput, error) {
	err := s.enable(ctx, in.ImageId, types.ImageStateAvailable, types.ImageStateDisabled)
	return &ec2.DisableImageOutput{Return: new(err == nil)}, err
}

// EnableImage makes a disabled image available again, to its owner alone.
func (s *Service) EnableImage(ctx context.Context, in *ec2.EnableImageInput) (*ec2.EnableImageOutput, error) {
	err := s.enable(ctx, in.ImageId, types.ImageStateDisabled, types.ImageStateAvailable)
	return &ec2.EnableImageOutput{Return: new(err == nil)}, err
}

// enable puts an image into a state and tells so; one that is in it stays there.
func (s *Service) enable(ctx context.Context, image *string, from, to types.ImageState) error {
	c := wire.CallerOf(ctx)
	id := aws.ToString(image)
	changes := false
	err := s.onImage(c, id, func(st *store, img *types.Image) error {
		if img.State != from && img.State != to {
			return unusable(img)
		}
		changes = img.State == from
		img.State = to
		if to == types.ImageStateDisabled {
			delete(st.shared, id)
		}
		return nil
	})
	if err == nil && changes {
		s.announceImage(c, id, to, "")
	}
	return err
}

// EnableImageDeprecation says from when on an image is deprecated: it launches
// all the same, and others no longer come across it.
func (s *Service) EnableImageDeprecation(ctx context.Context, in *ec2.EnableImageDeprecationInput) (*ec2.EnableImageDeprecationOutput, error) {
	if in.DeprecateAt == nil {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter DeprecateAt")
	}
	at := in.DeprecateAt.UTC().Round(time.Minute).Format(imageTime) // "rounds the seconds to the nearest minute" (API reference)
	err := s.onImage(wire.CallerOf(ctx), aws.ToString(in.ImageId), func(_ *store, img *types.Image) error {
		img.DeprecationTime = &at
		return nil
	})
	return &ec2.EnableImageDeprecationOutput{Return: new(err == nil)}, err
}

// DisableImageDeprecation cancels a deprecation.
func (s *Service) DisableImageDeprecation(ctx context.Context, in *ec2.DisableImageDeprecationInput) (*ec2.DisableImageDeprecationOutput, error) {
	err := s.onImage(wire.CallerOf(ctx), aws.ToString(in.ImageId), func(_ *store, img *types.Image) error {
		img.DeprecationTime = nil
		return nil
	})
	return &ec2.DisableImageDeprecationOutput{Return: new(err == nil)}, err
}

// deprecated tells whether an image's deprecation has begun.
func (s *Service) deprecated(img *types.Image) bool {
	return img.DeprecationTime != nil && *img.DeprecationTime <= s.clock.Now().UTC().Format(imageTime)
}

// onImage has f look at or change an image of the caller's own, under the lock.
//
// Another account's is refused as recorded of DescribeImageAttribute
// (github.com/cloudquery/cloudquery pull request 9406), a deregistered one as
// recorded of DeregisterImage (github.com/ansible/ansible issue 24945); that the
// other calls answer alike is likely.
func (s *Service) onImage(c *wire.Caller, id string, f func(*store, *types.Image) error) error {
	p := placeOf(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(p)
	if img := st.images.byID[id]; img != nil {
		return f(st, img)
	}
	for _, other := range s.around(p) {
		if other.images.byID[id] != nil {
			return wire.Errorf("AuthFailure", "Not authorized for image:%s", id)
		}
	}
	if slices.Contains(st.images.ids, id) {
		return wire.Errorf("InvalidAMIID.Unavailable", "The image ID '%s' is no longer available", id)
	}
	return noImage(id)
}

// unusable is EC2's refusal to work on an image in its state (recorded of
// ModifyImageAttribute on a pending one: github.com/SUSE-Enceladus/ec2imgutils
// issue 45).
func unusable(img *types.Image) error {
	return wire.Errorf("InvalidAMIID.Unavailable", "The AMI ID '%s' is currently %s and may not be used for this operation", *img.ImageId, img.State)
}

// launchable finds the image of a launch, with its owner's store, or refuses it
// as RunInstances does at once. The caller holds s.mu.
//
// The texts are Auto Scaling's troubleshooting page's (ts-as-ami), without the
// sentence that Auto Scaling adds; the code is what EC2's list of error codes has
// for an image that "is not in a state from which you can launch". The page has a
// deregistered image "not exist", and EC2's list has it "Unavailable": both were
// seen, and the later answer is taken here.
func (s *Service) launchable(p place, id string) (*store, *types.Image, error) {
	for _, st := range s.around(p) {
		img := st.images.byID[id]
		switch {
		case img == nil:
			continue
		case !st.sharedWith(p.account, id):
			return nil, nil, wire.Errorf("AuthFailure", "Not authorized for images: [%s]", id)
		case img.State == types.ImageStatePending:
			return nil, nil, wire.Errorf("InvalidAMIID.Unavailable", "AMI %s is pending, and cannot be run.", id)
		case img.State != types.ImageStateAvailable:
			return nil, nil, wire.Errorf("InvalidAMIID.Unavailable", "AMI '%s' is %s, and cannot be run.", id, img.State)
		}
		return st, img, nil
	}
	return nil, nil, noImage(id)
}

// imageChange is the detail of an EC2 AMI State Change event (EC2 user guide,
// monitor-ami-events).
type imageChange struct {
	RequestID    string `json:"RequestId"`
	ImageID      string `json:"ImageId"`
	State        string `json:"State"`
	ErrorMessage string `json:"ErrorMessage"`
}

// announceImage tells the bus of an image's state. The caller doesn't hold s.mu.
func (s *Service) announceImage(c *wire.Caller, id string, state types.ImageState, trouble string) {
	s.bus.Put(c.Account, c.Region, eventbridge.Event{
		Source: "aws.ec2", DetailType: "EC2 AMI State Change", Time: s.clock.Now(), Resources: []string{imageARN(c.Region, id)},
		Detail: imageChange{RequestID: c.RequestID, ImageID: id, State: string(state), ErrorMessage: trouble},
	})
}
