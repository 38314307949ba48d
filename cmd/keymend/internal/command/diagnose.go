package command

import (
	"context"
	"errors"
	"path/filepath"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/record"
)

// applying is what the commands that can write have in common.
type applying struct {
	Apply      bool   `help:"Write the fix, with your own credentials: shows it and asks. Counts as consent for keys of your account that aren't tagged keymend=ignore."`
	Yes        bool   `help:"With --apply: don't ask whether to write. Where the switch that stops all writes can't be read, nothing is written then."`
	ShowPolicy bool   `name:"show-policy" help:"Show policy statements as JSON, where the screen has a summary."`
	AuditFile  string `name:"audit-file" help:"With --apply: append the audit records to this file; undo needs them." default:"${auditFile}" type:"path" placeholder:"FILE"`
}

// defaultFile takes the audit records where nobody says which file does.
const defaultFile = "keymend-audit.jsonl"

// toFile reports whether the person said which file takes them. The parser makes paths
// absolute.
func (a applying) toFile() bool {
	file, err := filepath.Abs(defaultFile)
	return err != nil || a.AuditFile != file
}

type diagnose struct {
	Group string `arg:"" help:"Name of the Auto Scaling group." placeholder:"GROUP"`
	hiddenKeys
	applying
	waiting
	settable
}

func (diagnose) about() about {
	e := ofGroups()
	e[report.Healed] += "; with --wait: it is in service"
	e[report.Fixable] += ", or the answer was no; with --wait: whether it launches isn't known yet"
	e[report.NotOurs] += "; with --wait: a launch failed since, Launch is suspended, or the group is gone"
	return about{
		examples: []string{"keymend diagnose web-prod", "keymend diagnose web-prod --apply --profile prod --region eu-west-1", "keymend diagnose web-prod --apply --yes --wait --timeout 10m"},
		ends:     e,
	}
}

// Run diagnoses the group, and heals it if asked to.
func (c diagnose) Run(ctx context.Context, p *program) error {
	if err := p.askable(c.Apply, c.Yes); err != nil {
		return err
	}
	s, err := p.login(ctx)
	if err != nil {
		return err
	}
	look, h, err := c.ask(ctx, p, s, c.Group)
	if err != nil {
		return err
	}
	records, err := p.handle(ctx, s, look, c.applying, c.Key...)
	if err != nil && !wrote(records) {
		return p.answered(needless(err))
	}
	if err := missing(s, c.Group, records); err != nil {
		return err
	}
	if err := p.tell(ctx, s, records, h, c.applying, err); err != nil || !c.Wait {
		return err
	}
	return p.wait(ctx, s, c, records)
}

// tell shows what was found and done, and sets the exit code. A no to more than that is no
// error.
func (p *program) tell(ctx context.Context, s session, records []record.Record, h report.History, a applying, err error) error {
	if errors.Is(err, errNo) {
		a.Apply, err = false, nil // the rest can be applied still
	}
	groups := report.Groups(records)
	page := p.page()
	for i := range groups {
		g := &groups[i]
		g.Place, g.Flags, g.Asked, g.History, g.File, g.ToFile, g.TurnOn = s.place, p.given.again(), a.Apply, h, a.AuditFile, a.toFile(), p.turnOn
		g.ShowPolicy, g.Shown = a.ShowPolicy, p.shown
		p.code = p.code.With(g.Code())
		if p.json() {
			continue // the records went out as they were written
		}
		p.also(ctx, s, g)
		page.Blank()
		g.Show(page)
	}
	return errors.Join(page.Flush(), partly(err))
}
