package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"keymend/cmd/keymend/internal/demo"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

type demoCmd struct {
	Functions string `help:"Folder of the built functions (DIR/diagnose/bootstrap, DIR/remediate/bootstrap)." type:"existingdir" default:"build" placeholder:"DIR"`
	Endpoint  string `name:"functions-endpoint" hidden:"" help:"Give the functions this endpoint instead of the sandbox's, to see the demo fail."`
}

func (demoCmd) about() about {
	return about{
		examples: []string{"keymend demo"},
		ends:     ends{report.Healed: "the story went as told", report.Broke: "it didn't, or Keymend failed"},
	}
}

// Run tells the story, and fails where it didn't happen as told.
func (c demoCmd) Run(ctx context.Context, p *program) error {
	functions, err := binaries(c.Functions)
	if err != nil {
		return err
	}
	quiet := *p
	quiet.flags.Output = "text" // its records aren't the story
	o := demo.Options{
		Out: p.Out, Colour: p.coloured(p.Out),
		Binaries: functions, FunctionsEndpoint: c.Endpoint, Undo: quiet.undoIn,
	}
	if p.json() {
		var says bytes.Buffer
		o.Out, o.Colour = &says, false
		o.Played = func(s demo.Scene) error {
			s.Schema, s.Says = "keymend.demo/1", strings.Split(strings.TrimSpace(says.String()), "\n")
			says.Reset()
			return p.object(s)
		}
	}
	return demo.Run(ctx, o)
}

// undoIn does in the sandbox what `keymend undo ID --log-group NAME --apply`
// does, as the administrator of an account.
func (p *program) undoIn(ctx context.Context, endpoint, account, region, logGroup, id string) error {
	s := session{aws: scenario.Config(endpoint, account, region), account: account}
	records, err := fromLog(ctx, s.aws, logGroup, record.Where("remediationId", id))
	if err != nil {
		return err
	}
	r, err := undo{ID: id}.choose(records, "log group "+logGroup)
	if err != nil {
		return err
	}
	log, err := p.openLog(applying{Apply: true, AuditFile: os.DevNull})
	if err != nil {
		return err
	}
	defer log.close()
	if p.config, err = p.settings(); err != nil {
		return err
	}
	done, err := p.fixer(s, log, applying{}).Undo(ctx, r)
	if err == nil && done.Outcome != outcome.Undone {
		err = fmt.Errorf("undo %s: %s: %s", id, done.Outcome, done.Reason)
	}
	return err
}
