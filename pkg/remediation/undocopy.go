package remediation

import (
	"context"
	"errors"

	"keymend/pkg/apply"
	"keymend/pkg/audit"
)

// takeCopyBack takes away a copy that nothing launches from, moves a default
// version back that is still the one that Keymend made it, or deletes a version
// that Keymend made and no group names.
func (e *Engine) takeCopyBack(ctx context.Context, of audit.Record, u apply.Undo) (apply.Done, error) {
	s := Signal{EventIDs: of.EventIDs}
	s.Account, s.Region, s.Group = u.Account(), of.Region, of.Group
	work, err := e.work(ctx, s, of.RemediationID, nil)
	if err != nil {
		return apply.Done{}, err
	}
	switch {
	case u.RemoveCopy != nil:
		return work.Remove(ctx, *u.RemoveCopy)
	case u.DeleteVersion != nil:
		return work.DeleteVersion(ctx, *u.DeleteVersion)
	}
	d, err := work.SetDefault(ctx, *u.SetDefault)
	if errors.Is(err, apply.ErrSuperseded) {
		return apply.Done{}, nil // somebody chose another version since
	}
	return d, err
}
