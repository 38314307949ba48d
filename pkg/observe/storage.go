package observe

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/plan/copies"
)

// Storage reads images, snapshots and launch templates of an account in a Region, as
// far as copies of them matter. It changes nothing.
type Storage struct {
	images Images
	groups autoscaling.DescribeAutoScalingGroupsAPIClient
	trail  cloudtrail.LookupEventsAPIClient // nil = not asked
}

// NewStorage returns one over the given clients.
func NewStorage(images Images, groups autoscaling.DescribeAutoScalingGroupsAPIClient) *Storage {
	return &Storage{images: images, groups: groups}
}

// Read returns those of a launch's ways that need the key in question, with what is
// there around each. Where no way is known to need it, those count whose images hide
// their snapshots. Means says whether a key as it is written down is the one;
// copyKey is an ARN.
//
// Errors are the SDK's, wrapped with what was being read.
func (r *Storage) Read(ctx context.Context, ways []launch.Way, means func(written string) bool, copyKey string) ([]copies.Way, error) {
	uses, none := make([][]encryption.Use, len(ways)), true
	for i, w := range ways {
		uses[i] = slices.DeleteFunc(slices.Clone(w.Uses), func(u encryption.Use) bool { return u.KeyID == "" || !means(u.KeyID) })
		none = none && len(uses[i]) == 0
	}
	var out []copies.Way
	for i, w := range ways {
		if none && len(w.Hidden) > 0 {
			uses[i] = []encryption.Use{{SnapshotID: w.Hidden[0]}}
		}
		if len(uses[i]) == 0 {
			continue
		}
		one := wayOf(w, uses[i])
		if err := r.fill(ctx, &one, w.Image.Devices, copyKey); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// wayOf says what a way needs the key for.
func wayOf(w launch.Way, uses []encryption.Use) copies.Way {
	out := copies.Way{
		Name: w.Name, Configuration: w.Configuration, Asked: w.Asked, Mixed: w.Mixed, Override: w.Override, Image: w.ImageID,
		Template: copies.Template{ID: w.TemplateID, Version: w.Version},
	}
	if w.Configuration != "" {
		out.Configuration, out.Asked = w.Name, ""
	}
	for _, u := range uses {
		if u.Written && !slices.Contains(out.KeyIDs, u.KeyID) {
			out.KeyIDs = append(out.KeyIDs, u.KeyID)
		}
		if u.Default {
			out.Default = u.Because
		}
		id := u.SnapshotID
		if id != "" && !u.Named {
			id = w.ImageID
		}
		if id != "" && !slices.ContainsFunc(out.Sources, func(s copies.Source) bool { return s.ID == id }) {
			out.Sources = append(out.Sources, copySource(w, id))
		}
	}
	return out
}

// fill reads what the launch doesn't: copies, and what stands around the template.
// Devices are the image's.
func (r *Storage) fill(ctx context.Context, w *copies.Way, devices []encryption.Device, copyKey string) error {
	for i := range w.Sources {
		if s := &w.Sources[i]; !s.Gone {
			if err := r.copiesOf(ctx, s, devices, copyKey); err != nil {
				return err
			}
		}
	}
	if w.Template.ID == "" {
		return nil
	}
	return r.template(ctx, w)
}
