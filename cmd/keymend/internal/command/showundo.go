package command

import (
	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/audit"
)

// tellUndo shows what was taken away, and sets the exit code.
func (p *program) tellUndo(of, done audit.Record, what string) error {
	if done.Outcome != audit.Undone {
		p.code = report.Broke
	}
	u := report.Undo{Record: of, Done: what, Failed: done.Outcome != audit.Undone, Before: done.Before, After: done.After}
	return p.showUndo(u)
}

func (p *program) showUndo(u report.Undo) error {
	if p.flags.Output == "json" {
		return nil // the records went out as they were written
	}
	page := p.page()
	u.Show(page)
	return page.Flush()
}
