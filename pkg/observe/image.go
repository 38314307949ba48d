package observe

import (
	"context"
	"fmt"
	"strings"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/account"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// readImages lays each source's devices over those of its image.
func (r *Resolver) readImages(ctx context.Context, all []*launch.Source) error {
	var ids []string
	for _, s := range all {
		if !s.Settled() {
			ids = append(ids, s.ImageID)
		}
	}
	images, err := remembered(&r.memory.images, ids, func(ids []string) (map[string]*ec2types.Image, error) {
		found, err := imagesByID(ctx, r.images, false, ids)
		out := map[string]*ec2types.Image{}
		for i := range found {
			out[value(found[i].ImageId)] = &found[i]
		}
		return out, err
	})
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Settled() {
			continue
		}
		image := images[s.ImageID]
		if image != nil && image.State == account.UntoldState {
			s.Unknown = fmt.Sprintf("nothing is told of image %s of %s", s.ImageID, s.Name)
			continue
		}
		if s.Refused = unusable(s, image); s.Refused == "" {
			s.Image = imageOf(*image, s.Name)
			s.Devices = encryption.Merge(s.Image.Devices, s.Devices)
		}
	}
	return nil
}

// unusable says why EC2 would launch nothing from the source's image, and what a
// person does about it; "" = it would.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
func unusable(s *launch.Source, image *ec2types.Image) string {
	which := fmt.Sprintf("image %s of %s", s.ImageID, s.Name)
	if image == nil {
		return which + " can't be seen: it is deregistered, or isn't shared with this account any more, or the account's Allowed AMIs setting hides it; " +
			"its owner shares it with aws ec2 modify-image-attribute, or name another image"
	}
	state := image.State
	remedy := map[ec2types.ImageState]string{
		ec2types.ImageStateDisabled:     fmt.Sprintf("account %s, its owner, enables it (aws ec2 enable-image), or name another image", value(image.OwnerId)),
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
