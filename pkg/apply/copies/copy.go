// Package copies makes copies of images and snapshots, and takes them away.
package copies

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/kind/copies"
	there "keymend/pkg/plan/copies"
)

// Make carries out copies.Make.
type Make struct{}

// Stands implements apply.Doer: a copy's tag names the remediation that made it.
func (Make) Stands(ctx context.Context, e apply.Env, s copies.Make) (change.Result, apply.Standing, error) {
	found, err := e.Storage().Copies(ctx, s.Source, s.CopyKey)
	if err != nil {
		return change.Result{}, apply.Unknown, err
	}
	out, how := usable(found.Copies, e.By.Remediation)
	return out, how, nil
}

// usable returns the copy that is ready or on its way, a remediation's own before another's.
func usable(all []there.Copy, remediation string) (change.Result, apply.Standing) {
	out, how := change.Result{}, apply.Absent
	for _, c := range all {
		switch {
		case c.State != there.Pending && c.State != there.Ready:
		case c.Remediation == remediation:
			return change.Result{Changed: true, ID: c.ID}, apply.Ours
		default:
			out, how = change.Result{ID: c.ID}, apply.There
		}
	}
	return out, how
}

// Do implements apply.Doer. It waits for nothing but that the copy shows. A copy
// that is there already, ready or on its way, is the one.
func (Make) Do(ctx context.Context, e apply.Env, s copies.Make) (change.Result, error) {
	found, err := e.Storage().Copies(ctx, s.Source, s.CopyKey)
	if err != nil {
		return change.Result{}, err
	}
	if done, how := usable(found.Copies, e.By.Remediation); how != apply.Absent {
		return done, nil
	}
	if at := slices.IndexFunc(found.Copies, func(c there.Copy) bool { return c.State == there.Failed }); at >= 0 {
		return change.Result{}, fmt.Errorf("copy %s: %s failed meanwhile: %w", s.Source, found.Copies[at].ID, apply.ErrSuperseded)
	}
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	done, err := begin(ctx, e, session.EC2(), s)
	if err != nil {
		return change.Result{}, fmt.Errorf("copy %s: %w", s.Source, err)
	}
	shows(ctx, e, s)
	return done, nil
}

// begin calls EC2. The key is always named: what EC2 takes without, its own pages
// say in two ways.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html
func begin(ctx context.Context, e apply.Env, writer apply.EC2, s copies.Make) (change.Result, error) {
	marks := tags(s, e.By.Remediation)
	specs := []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: marks}}
	description := "Keymend's copy of " + s.Source + " for an Auto Scaling group"
	if !copies.IsImage(s.Source) {
		out, err := once.Write(ctx, writer.CopySnapshot, &ec2.CopySnapshotInput{
			SourceRegion: &s.Region, SourceSnapshotId: &s.Source, Encrypted: new(true), KmsKeyId: &s.CopyKey, Description: &description, TagSpecifications: specs,
		})
		if err != nil {
			return change.Result{}, err
		}
		return change.Result{Changed: true, ID: aws.ToString(out.SnapshotId)}, nil
	}
	out, err := once.Write(ctx, writer.CopyImage, &ec2.CopyImageInput{
		SourceRegion: &s.Region, SourceImageId: &s.Source, Name: &s.Name, Encrypted: new(true), KmsKeyId: &s.CopyKey, Description: &description,
		// EC2 answers a token for a day at least with the image that it made, also
		// where that failed and is gone, so each occasion has one of its own.
		// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
		ClientToken:       new(e.By.Token(s.Name, s.Group, e.By.Occasion)),
		TagSpecifications: append(specs, types.TagSpecification{ResourceType: types.ResourceTypeImage, Tags: marks}),
	})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "InvalidAMIName.Duplicate" {
		return named(ctx, e, s, err)
	}
	if err != nil {
		return change.Result{}, err
	}
	return change.Result{Changed: true, ID: aws.ToString(out.ImageId)}, nil
}

// named: the name is taken, by an earlier copy that didn't show yet, or by an
// image of somebody else's.
func named(ctx context.Context, e apply.Env, s copies.Make, err error) (change.Result, error) {
	found, lookErr := e.Storage().Copies(ctx, s.Source, s.CopyKey)
	if lookErr != nil {
		return change.Result{}, lookErr
	}
	if done, how := usable(found.Copies, e.By.Remediation); how != apply.Absent {
		return done, nil
	}
	return change.Result{}, err
}

func tags(s copies.Make, remediation string) []types.Tag {
	all := s.Tags(remediation)
	var out []types.Tag
	for _, key := range slices.Sorted(maps.Keys(all)) {
		out = append(out, types.Tag{Key: &key, Value: new(all[key])})
	}
	return out
}

// shows waits a little until the copy can be found, so that the next look finds
// it. One that doesn't show in that time isn't made twice for it: an image by its
// name, and a snapshot's next occasion is minutes away.
func shows(ctx context.Context, e apply.Env, s copies.Make) {
	const looks, pause = 5, time.Second
	for range looks {
		found, err := e.Storage().Copies(ctx, s.Source, s.CopyKey)
		if err != nil || len(found.Copies) > 0 || e.Sleep(ctx, pause) != nil {
			return // the copy is made; that it can't be seen now is the next look's matter
		}
	}
}
