package remediation

import (
	"context"
	"errors"

	"keymend/pkg/apply"
	"keymend/pkg/audit"
)

// takeCopyBack takes away a copy that nothing launches from, or moves a default
// version back that is still the one that Keymend made it. A template version
// stays: whoever launches from it would lose what it launches from.
func (e *Engine) takeCopyBack(ctx context.Context, of audit.Record, u apply.Undo) (apply.Done, error) {
	s := Signal{EventIDs: of.EventIDs}
	s.Account, s.Region, s.Group = u.Account(), of.Region, of.Group
	work, err := e.work(ctx, s, of.RemediationID, nil)
	if err != nil {
		return apply.Done{}, err
	}
	if u.RemoveCopy != nil {
		return work.Remove(ctx, *u.RemoveCopy)
	}
	d, err := work.SetDefault(ctx, *u.SetDefault)
	if errors.Is(err, apply.ErrSuperseded) {
		return apply.Done{}, nil // somebody chose another version since
	}
	return d, err
}
