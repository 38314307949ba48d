package remediation

import (
	"context"
	"fmt"

	"keymend/pkg/activity"
)

// Place finds the group that a copied image is for, by the copy's own tags. Its
// error is *activity.Ignored where the image is no copy of Keymend's, or none can
// be looked at; else it is transient.
func (e *Engine) Place(ctx context.Context, f activity.Failure) (activity.Failure, error) {
	if e.Copies == nil || e.Settings.ForeignKey != "copy" {
		return f, &activity.Ignored{Reason: "the settings ask for no copies, and the event is about image " + f.Image}
	}
	reader, err := e.Copies(ctx, f.Account, f.Region)
	if err == nil {
		f.Group, err = reader.GroupOf(ctx, f.Image)
	}
	switch _, lasts := lasting(err); {
	case lasts:
		return f, &activity.Ignored{Reason: reasonOf(err)}
	case err != nil:
		return f, fmt.Errorf("place image %s: %w", f.Image, err)
	case f.Group == "":
		return f, &activity.Ignored{Reason: "image " + f.Image + " is no copy of Keymend's"}
	}
	return f, nil
}
