package command

import (
	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// tellUndo shows what was taken away, and sets the exit code.
func (p *program) tellUndo(of, done record.Record, what string) error {
	u := report.Undo{Record: of, Done: what, Failed: done.Outcome != outcome.Undone && done.Outcome != outcome.PartlyUndone, Before: done.Before, After: done.After}
	if u.Failed {
		p.code = report.Broke
	}
	if done.Outcome == outcome.PartlyUndone {
		u.Partly = true
		p.code = report.Fixable
	}
	if p.flags.Output == "json" {
		return nil // the records went out as they were written
	}
	return p.showUndo(u)
}

// tellPreview shows what would be taken away, and sets the exit code.
func (p *program) tellPreview(u report.Undo) error {
	if u.Changes() {
		p.code = report.Fixable
	}
	if !p.json() {
		return p.showUndo(u)
	}
	return p.object(map[string]any{
		"schema": "keymend.undo/1", "remediationId": u.Record.RemediationID, "account": u.Record.Account, "region": u.Record.Region, "group": u.Record.Group,
		"key": u.Record.Key, "principal": u.Record.Principal, "changes": u.Changes(), "before": u.Before, "after": u.After,
		"steps": append([]string{}, u.Says()...), "then": append([]string{}, u.Follows()...), "elsewhere": append([]string{}, u.Elsewhere...),
	})
}

func (p *program) showUndo(u report.Undo) error {
	page := p.page()
	u.Show(page)
	return page.Flush()
}
