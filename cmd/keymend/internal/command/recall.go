package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"keymend/pkg/account"
	"keymend/pkg/record"
)

// Logged implements remediation.Readers: what earlier commands wrote to the audit file,
// and what the functions logged, if Keymend is deployed in the account. Only the file is
// the person's: where the log may not be read, the file is what there is.
func (t terminal) Logged(ctx context.Context, id string, from, to time.Time) ([]record.Record, error) {
	var out []record.Record
	_, err := inFile(t.file).each(ctx, "", time.Time{}, func(r record.Record) {
		if (r.Key == id || r.RemediationID == id) && !r.Time.Before(from) && !r.Time.After(to) {
			out = append(out, r)
		}
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read audit file: %w", err)
	}
	t.Settings.RolePrefix = cmp.Or(t.Settings.RolePrefix, deployed)
	logged, err := t.AWS.Logged(ctx, id, from, to)
	if account.AccessDenied(err) {
		err = nil
	}
	return append(out, logged...), err
}
