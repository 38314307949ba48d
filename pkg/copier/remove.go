package copier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/apply"
	"keymend/pkg/owncopy"
	"keymend/pkg/owncopy/pipeline"
)

// ErrInUse says that a copy can't be taken away while a template names it.
var ErrInUse = errors.New("it is in use, and stays")

// Remove takes a copy away, with its snapshots: only what Keymend's tags are on,
// and only what no template names.
func (w Work) Remove(ctx context.Context, s owncopy.RemoveCopy) (apply.Done, error) {
	images, snapshots, err := w.removable(ctx, s)
	if err != nil {
		return apply.Done{}, fmt.Errorf("remove the copy of %s: %w", s.Source, err)
	}
	done := apply.Done{Changed: len(images)+len(snapshots) > 0}
	for _, id := range images {
		err := w.remove(ctx, "ec2:DeregisterImage", id, func(writer Writer) error {
			_, err := writer.DeregisterImage(ctx, &ec2.DeregisterImageInput{ImageId: &id})
			return err
		})
		if err != nil {
			return done, err
		}
	}
	for _, id := range snapshots {
		err := w.remove(ctx, "ec2:DeleteSnapshot", id, func(writer Writer) error {
			_, err := writer.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: &id})
			return err
		})
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func (w Work) remove(ctx context.Context, action, id string, call func(Writer) error) error {
	writer, err := w.Open(ctx, action, id)
	if err == nil {
		err = call(writer)
	}
	if err != nil && !gone(err) {
		return fmt.Errorf("remove %s: %w", id, err)
	}
	return nil
}

// gone reports whether an image, snapshot or template isn't there any more.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func gone(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains([]string{"InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidSnapshot.NotFound", "InvalidLaunchTemplateId.NotFound"}, api.ErrorCode())
}

// removable finds what the step is about as it is now: by its id, or by the
// remediation that made it; and the snapshots that an interrupted removal left.
func (w Work) removable(ctx context.Context, s owncopy.RemoveCopy) (images, snapshots []string, err error) {
	source := pipeline.Source{ID: s.Source}
	if isImage(s.Source) {
		err = w.imageCopies(ctx, &source, ec2types.Image{}, s.CopyKey)
	} else {
		source.Copies, err = w.snapshotCopies(ctx, s.Source, s.CopyKey)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, c := range source.Copies {
		if !meant(s, c) {
			continue
		}
		if err := w.unused(ctx, c); err != nil {
			return nil, nil, err
		}
		if isImage(c.ID) {
			images = append(images, c.ID)
		} else {
			snapshots = append(snapshots, c.ID)
		}
		snapshots = append(snapshots, c.Snapshots...)
	}
	left, err := w.left(ctx, s, source.Orphans)
	return images, append(snapshots, left...), err
}

func meant(s owncopy.RemoveCopy, c pipeline.Copy) bool {
	if s.ID != "" {
		return c.ID == s.ID
	}
	return s.Remediation != "" && c.Remediation == s.Remediation
}

// left are those of the snapshots without an image that the step is about.
func (w Work) left(ctx context.Context, s owncopy.RemoveCopy, orphans []string) ([]string, error) {
	wanted := s.Snapshots
	if s.ID == "" && s.Remediation != "" && len(orphans) > 0 {
		found, err := w.describeSnapshots(ctx, append(ours(s.Source, s.CopyKey),
			ec2types.Filter{Name: new("tag:" + string(owncopy.TagRemediation)), Values: []string{s.Remediation}})...)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			wanted = append(wanted, value(f.SnapshotId))
		}
	}
	return slices.DeleteFunc(slices.Clone(orphans), func(id string) bool { return !slices.Contains(wanted, id) }), nil
}

// unused is ErrInUse where a launch template version names the copy: among those
// of the templates that groups use, and the latest and default ones of all others.
func (w Work) unused(ctx context.Context, c pipeline.Copy) error {
	all, err := w.versions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{"$Latest", "$Default"}})
	if err != nil {
		return err
	}
	used, err := w.used(ctx)
	if err != nil {
		return err
	}
	for id := range used {
		some, err := w.versions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &id})
		if err != nil && !gone(err) {
			return err
		}
		all = append(all, some...)
	}
	for _, v := range all {
		data, err := dataOf(v)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(append([]string{c.ID}, c.Snapshots...), func(id string) bool { return strings.Contains(string(data), `"`+id+`"`) }) {
			return fmt.Errorf("%s is named by version %d of %s: %w", c.ID, value(v.VersionNumber), value(v.LaunchTemplateId), ErrInUse)
		}
	}
	return nil
}
