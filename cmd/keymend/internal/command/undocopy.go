package command

import (
	"context"
	"fmt"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/apply"
	"keymend/pkg/copier"
)

// previewCopies says which copies and template versions would be taken away, and
// which default version moved back.
func (s session) previewCopies(ctx context.Context, undos apply.Undos, preview *report.Undo) error {
	if len(undos) == 0 {
		return nil
	}
	says, err := copier.FromConfig(s.aws, s.account, s.aws.Region).Preview(ctx, undos)
	if err != nil {
		return fmt.Errorf("undo %s: %w", preview.Record.RemediationID, err)
	}
	preview.Copies = says
	return nil
}
