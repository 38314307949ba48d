package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/record"
)

// Logged implements remediation.Readers: what earlier commands wrote to the audit file,
// and what the functions logged, if Keymend is deployed in the account. Only the file is
// the person's: where the log may not be read, the file is what there is.
func (t terminal) Logged(ctx context.Context, id string, from, to time.Time) ([]string, error) {
	text, err := os.ReadFile(t.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read audit file: %w", err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		r, _, err := record.Parse([]byte(line), table.Kinds().Kinds())
		if err == nil && (r.Key == id || r.RemediationID == id) && !r.Time.Before(from) && !r.Time.After(to) { // a line that was cut off tells nothing
			lines = append(lines, line)
		}
	}
	t.Settings.RolePrefix = cmp.Or(t.Settings.RolePrefix, deployed)
	logged, err := t.AWS.Logged(ctx, id, from, to)
	if account.AccessDenied(err) {
		err = nil
	}
	return append(lines, logged...), err
}
