package copies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/kind/copies"
	"keymend/pkg/observe"
	there "keymend/pkg/plan/copies"
)

// Remove carries out copies.Remove.
type Remove struct{}

// Stands implements apply.Doer: what is gone doesn't tell who took it away.
func (Remove) Stands(ctx context.Context, e apply.Env, s copies.Remove) (change.Result, apply.Standing, error) {
	ids, err := removable(ctx, e, s)
	if err != nil {
		return change.Result{}, apply.Unknown, err
	}
	return change.Result{}, apply.There.If(len(ids) == 0), nil
}

// Do implements apply.Doer: only what Keymend's tags are on goes, and only what no
// template names.
func (Remove) Do(ctx context.Context, e apply.Env, s copies.Remove) (change.Result, error) {
	ids, err := removable(ctx, e, s)
	if err == nil {
		err = unused(ctx, e, ids)
	}
	if err != nil {
		return change.Result{}, fmt.Errorf("remove the copy of %s: %w", s.Source, err)
	}
	done := change.Result{Changed: len(ids) > 0}
	for _, id := range ids {
		if err := remove(ctx, e, s.Call(id)); err != nil && !observe.Gone(err) {
			return done, fmt.Errorf("remove %s: %w", id, err)
		}
	}
	return done, nil
}

func remove(ctx context.Context, e apply.Env, call change.Call) error {
	session, err := e.Open(ctx, call)
	if err != nil {
		return err
	}
	if copies.IsImage(call.Target) {
		_, err = once.Write(ctx, session.EC2().DeregisterImage, &ec2.DeregisterImageInput{ImageId: &call.Target})
		return err
	}
	return deleteSnapshot(ctx, e, session.EC2(), call.Target)
}

// deleteSnapshot tries a few times: after its image was deregistered a snapshot may
// be in use by it for a while.
func deleteSnapshot(ctx context.Context, e apply.Env, writer apply.EC2, id string) error {
	const tries, pause = 8, 2 * time.Second
	for n := 1; ; n++ {
		_, err := once.Write(ctx, writer.DeleteSnapshot, &ec2.DeleteSnapshotInput{SnapshotId: &id})
		api, ok := errors.AsType[smithy.APIError](err)
		if !ok || api.ErrorCode() != "InvalidSnapshot.InUse" || n == tries || e.Sleep(ctx, pause) != nil {
			return err
		}
	}
}

// removable finds what the step is about as it is now, images first: by its id, or
// by the remediation that made it; and the snapshots that an interrupted removal
// left.
func removable(ctx context.Context, e apply.Env, s copies.Remove) ([]string, error) {
	found, err := e.Storage().Copies(ctx, s.Source, s.CopyKey)
	if err != nil {
		return nil, err
	}
	var ids, parts []string
	for _, c := range found.Copies {
		if meant(s, c) {
			ids, parts = append(ids, c.ID), append(parts, c.Snapshots...)
		}
	}
	wanted := s.Snapshots
	if s.ID == "" && s.Remediation != "" && len(found.Orphans) > 0 {
		if wanted, err = e.Storage().Marked(ctx, s.Source, s.CopyKey, s.Remediation); err != nil {
			return nil, err
		}
	}
	left := slices.DeleteFunc(slices.Clone(found.Orphans), func(id string) bool { return !slices.Contains(wanted, id) })
	return slices.Concat(ids, parts, left), nil
}

func meant(s copies.Remove, c there.Copy) bool {
	if s.ID != "" {
		return c.ID == s.ID
	}
	return s.Remediation != "" && c.Remediation == s.Remediation
}

// unused is ErrInUse where a launch template version names one of them.
func unused(ctx context.Context, e apply.Env, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	by, err := e.Storage().Names(ctx, ids)
	if err == nil && by != "" {
		err = fmt.Errorf("%s is named by %s: %w", ids[0], by, apply.ErrInUse)
	}
	return err
}

// Preview implements apply.Previewer.
func (Remove) Preview(ctx context.Context, e apply.Env, s copies.Remove) (apply.Preview, error) {
	ids, err := removable(ctx, e, s)
	if err == nil {
		err = unused(ctx, e, ids)
	}
	out := apply.Preview{Label: "COPY"}
	for _, id := range ids {
		if copies.IsImage(id) {
			out.Says = append(out.Says, id+", a copy of "+s.Source+", would be deregistered")
		} else {
			out.Says = append(out.Says, id+", of a copy of "+s.Source+", would be deleted")
		}
	}
	return out, err
}
