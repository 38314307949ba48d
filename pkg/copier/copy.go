package copier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/apply"
	"keymend/pkg/owncopy"
	"keymend/pkg/owncopy/pipeline"
)

// A Work is one remediation's.
type Work struct {
	*Reader
	// Open returns what may do one action on one target: the source of a copy, or
	// the image, snapshot or template that is changed.
	Open        func(ctx context.Context, action, target string) (Writer, error)
	Sleep       apply.Sleep
	Remediation string // id, in the tags of a copy and in the description of a version
	Occasion    string // why now: each occasion makes one copy at most
}

// Copy carries out a copy, and waits for nothing but that it shows. A copy that
// is there already, ready or on its way, is the one.
func (w Work) Copy(ctx context.Context, s owncopy.Copying) (apply.Done, error) {
	done := apply.Done{Undo: w.UndoOfCopy(s)}
	found, err := w.copies(ctx, s)
	if err != nil {
		return apply.Done{}, err
	}
	for _, c := range found {
		switch c.State {
		case pipeline.Failed:
			return apply.Done{}, fmt.Errorf("copy %s: %s failed meanwhile: %w", s.Source, c.ID, apply.ErrSuperseded)
		case pipeline.Pending, pipeline.Ready:
			done.CopyID = c.ID
			return done, nil
		case pipeline.Unfit:
		}
	}
	writer, err := w.Open(ctx, "ec2:"+s.Type(), s.Source)
	if err != nil {
		return apply.Done{}, err
	}
	if done.CopyID, err = w.begin(ctx, writer, s); err != nil {
		return apply.Done{}, fmt.Errorf("copy %s: %w", s.Source, err)
	}
	done.Changed = true
	w.shows(ctx, s)
	return done, nil
}

// UndoOfCopy is known before the copy is: it is found again by its tags.
func (w Work) UndoOfCopy(s owncopy.Copying) apply.Undo {
	return apply.Undo{RemoveCopy: &owncopy.RemoveCopy{Scene: s.Scene, Source: s.Source, CopyKey: s.CopyKey, Remediation: w.Remediation}}
}

func (w Work) copies(ctx context.Context, s owncopy.Copying) ([]pipeline.Copy, error) {
	source := pipeline.Source{ID: s.Source}
	err := w.source(ctx, &source, s.CopyKey)
	return source.Copies, err
}

// begin calls EC2. The key is always named: what EC2 takes without, its own pages
// say in two ways.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html
func (w Work) begin(ctx context.Context, writer Writer, s owncopy.Copying) (string, error) {
	specs := []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeSnapshot, Tags: w.tags(s)}}
	description := "Keymend's copy of " + s.Source + " for an Auto Scaling group"
	if !isImage(s.Source) {
		out, err := writer.CopySnapshot(ctx, &ec2.CopySnapshotInput{
			SourceRegion: &s.Region, SourceSnapshotId: &s.Source, Encrypted: new(true), KmsKeyId: &s.CopyKey, Description: &description, TagSpecifications: specs,
		})
		if err != nil {
			return "", err
		}
		return value(out.SnapshotId), nil
	}
	out, err := writer.CopyImage(ctx, &ec2.CopyImageInput{
		SourceRegion: &s.Region, SourceImageId: &s.Source, Name: &s.Name, Encrypted: new(true), KmsKeyId: &s.CopyKey, Description: &description,
		ClientToken:       new(w.token(s)),
		TagSpecifications: append(specs, ec2types.TagSpecification{ResourceType: ec2types.ResourceTypeImage, Tags: w.tags(s)}),
	})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "InvalidAMIName.Duplicate" {
		return w.named(ctx, s, err)
	}
	if err != nil {
		return "", err
	}
	return value(out.ImageId), nil
}

// named: the name is taken, by an earlier copy that didn't show yet, or by an
// image of somebody else's.
func (w Work) named(ctx context.Context, s owncopy.Copying, err error) (string, error) {
	found, lookErr := w.copies(ctx, s)
	if lookErr != nil {
		return "", lookErr
	}
	for _, c := range found {
		if c.State == pipeline.Pending || c.State == pipeline.Ready {
			return c.ID, nil
		}
	}
	return "", err
}

// token makes one copy of one occasion: EC2 answers it for a day at least with
// the image that it made, also where that failed and is gone.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
func (w Work) token(s owncopy.Copying) string {
	return hash(s.Name, s.Group, w.Remediation, w.Occasion)
}

// hash has 64 characters, as many as a client token may.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

func (w Work) tags(s owncopy.Copying) []ec2types.Tag {
	var out []ec2types.Tag
	for key, v := range s.Tags(w.Remediation) {
		out = append(out, ec2types.Tag{Key: new(string(key)), Value: &v})
	}
	slices.SortFunc(out, func(a, b ec2types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return out
}

// shows waits a little until the copy can be found, so that the next look finds
// it. One that doesn't show in that time isn't made twice for it: an image by its
// name, and a snapshot's next occasion is minutes away.
func (w Work) shows(ctx context.Context, s owncopy.Copying) {
	const looks, pause = 5, time.Second
	for range looks {
		found, err := w.copies(ctx, s)
		if err != nil || len(found) > 0 || w.Sleep(ctx, pause) != nil {
			return // the copy is made; that it can't be seen now is the next look's matter
		}
	}
}
