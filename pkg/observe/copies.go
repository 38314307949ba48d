package observe

import (
	"context"
	"slices"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/plan/copies"
	ours "keymend/pkg/tag"
)

// Copies returns which copies of an image or snapshot there are under a key,
// wherever that is by now.
func (r *Storage) Copies(ctx context.Context, id, copyKey string) (copies.Source, error) {
	s := copies.Source{ID: id}
	return s, r.copiesOf(ctx, &s, nil, copyKey)
}

// Marked returns the ids of the snapshots that a remediation made of a source under
// a key.
func (r *Storage) Marked(ctx context.Context, source, copyKey, remediation string) ([]string, error) {
	found, err := ownSnapshots(ctx, r.images, append(marked(source, copyKey), filter("tag:"+ours.Remediation, remediation))...)
	var out []string
	for _, f := range found {
		out = append(out, value(f.SnapshotId))
	}
	return out, err
}

// copySource is an image or a snapshot of a way, as the launch has it.
func copySource(w launch.Way, id string) copies.Source {
	s := copies.Source{ID: id, Owner: w.Seen[id].OwnerID}
	parts := []string{id}
	if s.Image() {
		s.Owner, s.Marketplace, parts = w.Image.Owner, w.Image.Marketplace, snapshotsOf(w.Image.Devices)
	}
	if s.Gone = s.Owner == ""; s.Gone {
		return s
	}
	for _, id := range parts {
		if part := w.Seen[id]; !part.Visible {
			s.Hidden = append(s.Hidden, id)
		} else if part.KeyARN != "" && !slices.Contains(s.Keys, part.KeyARN) {
			s.Keys = append(s.Keys, part.KeyARN)
		}
	}
	return s
}

// copiesOf fills in the copies of a source under a key. Devices are the source's,
// where it is an image.
func (r *Storage) copiesOf(ctx context.Context, s *copies.Source, devices []encryption.Device, copyKey string) (err error) {
	if s.Image() {
		return r.imageCopies(ctx, s, devices, copyKey)
	}
	s.Copies, err = r.snapshotCopies(ctx, s.ID, copyKey)
	return err
}

func (r *Storage) snapshotCopies(ctx context.Context, source, copyKey string) ([]copies.Copy, error) {
	found, err := ownSnapshots(ctx, r.images, marked(source, copyKey)...)
	var out []copies.Copy
	for _, c := range found {
		out = append(out, snapshotCopy(c, copyKey))
	}
	return out, err
}

// imageCopies: EC2 itself says of which image another is a copy; tags alone would
// let anyone who may tag put another in its place.
func (r *Storage) imageCopies(ctx context.Context, s *copies.Source, devices []encryption.Device, copyKey string) error {
	found, err := ownImages(ctx, r.images, append(marked(s.ID, copyKey), filter("source-image-id", s.ID))...)
	if err != nil {
		return err
	}
	parts, err := ownSnapshots(ctx, r.images, marked(s.ID, copyKey)...)
	if err != nil {
		return err
	}
	var named []string
	for _, c := range found {
		if c.State == ec2types.ImageStateDeregistered {
			continue
		}
		one := imageCopy(c, devices, parts, copyKey)
		s.Copies, named = append(s.Copies, one), append(named, one.Snapshots...)
	}
	for _, p := range parts {
		made := p.State == ec2types.SnapshotStateCompleted || p.State == ec2types.SnapshotStateError
		if id := value(p.SnapshotId); made && !slices.Contains(named, id) {
			s.Orphans = append(s.Orphans, id)
		}
	}
	return nil
}

// imageCopy reads a copy's state. Its devices have the names of the source's.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
func imageCopy(c ec2types.Image, devices []encryption.Device, parts []ec2types.Snapshot, copyKey string) copies.Copy {
	copied := imageOf(c, "").Devices
	out := copies.Copy{ID: value(c.ImageId), Snapshots: snapshotsOf(copied), Of: map[string]string{}, Remediation: tagsOf(c.Tags)[ours.Remediation]}
	for _, from := range devices {
		for _, to := range copied {
			if to.Name == from.Name && to.SnapshotID != "" && from.SnapshotID != "" {
				out.Of[from.SnapshotID] = to.SnapshotID
			}
		}
	}
	switch c.State {
	case ec2types.ImageStateAvailable:
		out.State, out.Reason = copies.Ready, notUnder(copyKey, out.Snapshots, parts)
		if out.Reason != "" {
			out.State = copies.Unfit
		}
	case ec2types.ImageStatePending, ec2types.ImageStateTransient, "":
		out.State = copies.Pending
	case ec2types.ImageStateFailed, ec2types.ImageStateError, ec2types.ImageStateInvalid:
		out.State = copies.Failed
		if c.StateReason != nil {
			out.Reason = value(c.StateReason.Message)
		}
	default:
		out.State, out.Reason = copies.Unfit, "it is "+string(c.State)
	}
	return out
}

// notUnder says which of a copy's snapshots doesn't lie under the copy key: a tag may say
// that it does, and only EC2 knows.
func notUnder(copyKey string, ids []string, parts []ec2types.Snapshot) string {
	for _, id := range ids {
		if !slices.ContainsFunc(parts, func(p ec2types.Snapshot) bool { return value(p.SnapshotId) == id && value(p.KmsKeyId) == copyKey }) {
			return "its snapshot " + id + " isn't one of Keymend's under " + copyKey
		}
	}
	return ""
}

// snapshotCopy reads a copy's state. EC2 doesn't say of which snapshot another is a
// copy, nor that it is one: a copy's volume id "should not be used for any purpose".
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
func snapshotCopy(c ec2types.Snapshot, copyKey string) copies.Copy {
	out := copies.Copy{ID: value(c.SnapshotId), Remediation: tagsOf(c.Tags)[ours.Remediation]}
	switch c.State {
	case ec2types.SnapshotStateCompleted:
		out.State = copies.Ready
		if value(c.KmsKeyId) != copyKey {
			out.State, out.Reason = copies.Unfit, "it doesn't lie under "+copyKey
		}
	case ec2types.SnapshotStatePending, "":
		out.State = copies.Pending
	case ec2types.SnapshotStateError:
		out.State, out.Reason = copies.Failed, value(c.StateMessage)
	default:
		out.State, out.Reason = copies.Unfit, "it is "+string(c.State)
	}
	return out
}

// marked are the filters that find Keymend's copies of a source under a key.
func marked(source, copyKey string) []ec2types.Filter {
	return []ec2types.Filter{filter("tag:"+ours.CopyOf, source), filter("tag:"+ours.CopyKey, copyKey)}
}

func snapshotsOf(devices []encryption.Device) []string {
	var out []string
	for _, d := range devices {
		if d.SnapshotID != "" {
			out = append(out, d.SnapshotID)
		}
	}
	return out
}

// GroupOf returns the group that a copy of Keymend's was made for; "" = the image
// is none, or gone.
func (r *Storage) GroupOf(ctx context.Context, image string) (string, error) {
	found, err := imagesByID(ctx, r.images, true, []string{image})
	if err != nil || len(found) != 1 {
		return "", err
	}
	tags := tagsOf(found[0].Tags)
	if of := value(found[0].SourceImageId); of == "" || tags[ours.CopyOf] != of {
		return "", nil
	}
	return tags[ours.Group], nil
}
