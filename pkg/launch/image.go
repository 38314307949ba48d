package launch

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch/encryption"
)

// filterValues is how many values EC2 takes for a filter.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
const filterValues = 200

// readImages lays each source's devices over those of its image.
func (r *Resolver) readImages(ctx context.Context, all []*source) error {
	var ids []string
	for _, s := range all {
		if !s.settled() {
			ids = append(ids, s.imageID)
		}
	}
	found, err := inParts(distinct(ids), filterValues, func(part []string) ([]ec2types.Image, error) { return r.describeImages(ctx, part) })
	if err != nil {
		return err
	}
	images := map[string]ec2types.Image{}
	for _, image := range found {
		images[value(image.ImageId)] = image
	}
	for _, s := range all {
		if s.settled() {
			continue
		}
		image, visible := images[s.imageID]
		if s.refused = s.unusable(image, visible); s.refused == "" {
			s.imageOwner = value(image.OwnerId)
			s.devices = encryption.Merge(imageDevices(image, s.name), s.devices)
		}
	}
	return nil
}

// describeImages asks by filter, not by id: one id that isn't visible would fail
// the call for all of them (InvalidAMIID.NotFound).
func (r *Resolver) describeImages(ctx context.Context, ids []string) ([]ec2types.Image, error) {
	var out []ec2types.Image
	pages := ec2.NewDescribeImagesPaginator(r.images, &ec2.DescribeImagesInput{
		Filters:           []ec2types.Filter{{Name: new("image-id"), Values: ids}},
		IncludeDeprecated: new(true), // they launch all the same
		IncludeDisabled:   new(true), // to tell a disabled one from none
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe images %s: %w", strings.Join(ids, ", "), err)
		}
		out = append(out, page.Images...)
	}
	return out, nil
}

// unusable says why EC2 would launch nothing from the source's image, and what a
// person does about it; "" = it would.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
func (s *source) unusable(image ec2types.Image, visible bool) string {
	which := fmt.Sprintf("image %s of %s", s.imageID, s.name)
	if !visible {
		return which + " can't be seen: it is deregistered, or isn't shared with this account any more, or the account's Allowed AMIs setting hides it; " +
			"its owner shares it with `aws ec2 modify-image-attribute`, or name another image"
	}
	state := image.State
	remedy := map[ec2types.ImageState]string{
		ec2types.ImageStateDisabled:     fmt.Sprintf("account %s, its owner, enables it with `aws ec2 enable-image --image-id %s`, or name another image", value(image.OwnerId), s.imageID),
		ec2types.ImageStateDeregistered: "name another image",
		ec2types.ImageStateInvalid:      "name another image",
		ec2types.ImageStateFailed:       "make it anew, or name another image",
		ec2types.ImageStateError:        "make it anew, or name another image",
		ec2types.ImageStatePending:      "wait until it is available",
		ec2types.ImageStateTransient:    "wait until it is available",
	}[state]
	switch {
	case state == ec2types.ImageStateAvailable || state == "":
		return ""
	case remedy == "":
		remedy = "name another image"
	}
	why := ""
	if r := image.StateReason; r != nil {
		why = " (" + strings.Trim(value(r.Code)+": "+value(r.Message), ": ") + ")"
	}
	return fmt.Sprintf("%s is %s%s; %s", which, state, why, remedy)
}
