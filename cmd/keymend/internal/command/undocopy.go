package command

import (
	"context"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/apply"
	"keymend/pkg/copier"
)

// previewCopies says which copies would be taken away, and which default version
// moved back.
func (s session) previewCopies(ctx context.Context, u apply.Undo, preview *report.Undo) error {
	says, err := copier.FromConfig(s.aws, s.account, s.aws.Region).Preview(ctx, u)
	preview.Copies = append(preview.Copies, says...)
	return err
}
