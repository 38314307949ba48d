package command

import (
	"encoding/json"
	"fmt"

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
	if p.flags.Output != "json" {
		return p.showUndo(u)
	}
	text, err := json.Marshal(map[string]any{
		"remediationId": u.Record.RemediationID, "key": u.Record.Key, "principal": u.Record.Principal,
		"before": u.Before, "after": u.After, "steps": u.Says(), "then": u.Follows(),
	})
	if err != nil {
		return fmt.Errorf("write preview: %w", err)
	}
	if _, err := fmt.Fprintln(p.Out, string(text)); err != nil {
		return fmt.Errorf("write preview: %w", err)
	}
	return nil
}

func (p *program) showUndo(u report.Undo) error {
	page := p.page()
	u.Show(page)
	return page.Flush()
}
