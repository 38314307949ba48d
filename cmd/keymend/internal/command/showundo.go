package command

import (
	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// tellUndo shows what was taken away. As JSON the records went out as they were written.
func (p *program) tellUndo(of, done record.Record, what string) error {
	partly := done.Outcome == outcome.PartlyUndone
	return p.reply(report.Undo{Record: of, Done: what, Failed: done.Outcome != outcome.Undone && !partly, Partly: partly, Before: done.Before, After: done.After})
}
