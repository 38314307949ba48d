package copier

import (
	"context"
	"slices"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/owncopy/pipeline"
)

// A Question asks what is there to do without a key.
type Question struct {
	Ways    []launch.Way
	Means   func(written string) bool // whether a key as it is written down is the one in question
	CopyKey string                    // ARN
}

// Read returns the ways that need the key, with what is there around each. Where
// no way is known to need it, those count whose images hide their snapshots.
//
// Errors are the SDK's, wrapped with what was being read.
func (r *Reader) Read(ctx context.Context, q Question) ([]pipeline.Way, error) {
	var out []pipeline.Way
	for _, w := range q.Ways {
		uses := slices.DeleteFunc(slices.Clone(w.Uses), func(u encryption.Use) bool { return u.KeyID == "" || !q.Means(u.KeyID) })
		if len(uses) > 0 {
			out = append(out, wayOf(w, uses))
		}
	}
	if len(out) == 0 {
		for _, w := range q.Ways {
			if len(w.Hidden) > 0 {
				out = append(out, wayOf(w, []encryption.Use{{SnapshotID: w.Hidden[0]}}))
			}
		}
	}
	for i := range out {
		if err := r.fill(ctx, &out[i], q.CopyKey); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// wayOf says what a way needs the key for.
func wayOf(w launch.Way, uses []encryption.Use) pipeline.Way {
	out := pipeline.Way{
		Name: w.Name, Configuration: w.Configuration, Asked: w.Asked, Mixed: w.Mixed, Override: w.Override, Image: w.ImageID,
		Template: pipeline.Template{ID: w.TemplateID, Version: w.Version},
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
		if id != "" && !slices.ContainsFunc(out.Sources, func(s pipeline.Source) bool { return s.ID == id }) {
			out.Sources = append(out.Sources, pipeline.Source{ID: id})
		}
	}
	return out
}

func (r *Reader) fill(ctx context.Context, w *pipeline.Way, copyKey string) error {
	for i := range w.Sources {
		if err := r.source(ctx, &w.Sources[i], copyKey); err != nil {
			return err
		}
	}
	if w.Template.ID == "" {
		return nil
	}
	return r.template(ctx, w)
}
