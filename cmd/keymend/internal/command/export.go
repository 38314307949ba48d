package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/export"
	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/audit"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

type exportCmd struct {
	What   string `arg:"" name:"group|id" help:"Name of the Auto Scaling group; or the id of a remediation or proposal, as in r-1a2b3c4d5e6f7a8b." placeholder:"GROUP|ID"`
	Format string `help:"terraform, cloudformation, cli (a shell script), or json (statements and parameters as AWS's API has them); terraform where --output doesn't ask for json." enum:",terraform,cloudformation,cli,json" default:"" placeholder:"FORMAT"`
	File   string `short:"o" help:"Write to this file, which mustn't be there; else to standard output." type:"path" placeholder:"FILE"`
	hiddenKeys
	LogGroup  string `name:"log-group" help:"CloudWatch log group with the audit records of an id; else those of the functions." placeholder:"NAME"`
	AuditFile string `name:"audit-file" help:"File with audit records in which an id is looked for first." default:"${auditFile}" type:"path" placeholder:"FILE"`
	settable
}

func (exportCmd) about() about {
	return about{
		examples: []string{"keymend export web-prod --format terraform --file keymend.tf", "keymend export r-1a2b3c4d5e6f7a8b --format cli"},
		ends: ends{
			report.Healed:  "it is written; or the group needs nothing, and there is nothing to write",
			report.Fixable: "there is a fix, and none of it can be written as code",
			report.NotOurs: "broken and not Keymend's to fix: there is nothing to write",
		},
	}
}

// Run writes what keeps a group's keys open for good as code, whoever may carry it out.
// It changes nothing.
func (c exportCmd) Run(ctx context.Context, p *program) error {
	format := export.Format(c.Format)
	if c.Format == "" && p.json() {
		format = export.JSON
	}
	if c.File != "" {
		if _, err := os.Lstat(c.File); err == nil {
			return misused("%s is there already: nothing is overwritten; give another --file", c.File)
		}
	}
	find := c.ofGroup
	if remediationID.MatchString(c.What) {
		find = c.ofRecord
	}
	changes, err := find(ctx, p)
	if err != nil || len(changes.Sections) == 0 {
		return err
	}
	text, err := changes.Text(cmp.Or(format, export.Terraform))
	if err != nil {
		return err
	}
	return c.write(p.Out, text)
}

func (c exportCmd) write(out io.Writer, text string) error {
	if c.File == "" {
		_, err := io.WriteString(out, text)
		return err
	}
	const private = 0o600
	file, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, private)
	if err != nil {
		return misused("write the export: %w; give another --file", err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	return nil
}

// begin starts what is exported about a group.
func (p *program) begin(at report.Place, group string) export.Changes {
	cli := []string{"--region", at.Region}
	if at.Endpoint != "" {
		cli = append(cli, "--endpoint-url", at.Endpoint)
	}
	return export.Changes{
		Version: p.Version, Group: group, Account: at.Account, Region: at.Region, Profile: at.Profile, Flags: cli, Look: at.Keymend("diagnose", group, p.given.again()...),
	}
}

// ofGroup looks at the group, and plans for good what keymend diagnose plans.
func (c exportCmd) ofGroup(ctx context.Context, p *program) (export.Changes, error) {
	s, err := p.login(ctx)
	if err != nil {
		return export.Changes{}, err
	}
	look, h, err := c.ask(ctx, p, s, c.What)
	if err != nil {
		return export.Changes{}, err
	}
	defer p.busy("reading what it would take to keep the keys open")()
	log := &auditLog{writer: audit.Writer{Out: io.Discard, Now: time.Now, Version: p.Version, NoMetrics: true}}
	x := p.fixer(s, log, applying{})
	var found []plan.Proposal
	x.Told = c.Key
	x.Plan = func(s plan.Snapshot, o plan.Options) []plan.Proposal {
		found = s.ForGood(o)
		return plan.All(s, o)
	}
	if _, err := x.Diagnose(ctx, look); err != nil {
		return export.Changes{}, needless(fmt.Errorf("diagnose %s: %w", c.What, err))
	}
	out := p.begin(s.place, c.What)
	for _, f := range found {
		out.Sections = append(out.Sections, sectionsOf(f)...)
	}
	if !out.Writable() {
		return export.Changes{}, c.nothing(p, s, log.records, h)
	}
	return out, nil
}

// nothing says why there is nothing to export, and ends as keymend diagnose does.
func (c exportCmd) nothing(p *program, s session, records []record.Record, h report.History) error {
	group := c.What
	if err := missing(s, group, records); err != nil {
		return err
	}
	var why []string
	for _, g := range report.Groups(records) {
		g.History = h
		p.code = p.code.With(g.Code())
		for _, k := range g.Keys {
			text := k.Finding.Reason
			if of := k.Finding.Plan; of != nil && of.NoFix != nil {
				text = of.NoFix.Text // what to do about it, keymend diagnose says
			}
			why = append(why, strings.TrimSuffix(text, "."))
		}
	}
	look := s.place.Keymend("diagnose", group, p.given.again()...)
	p.say(complaint{Schema: errorSchema, Error: quote.Line("nothing to export: " + strings.Join(why, "; ")), Hint: &look, Exit: p.code})
	return nil
}

// ofRecord is what a remediation wrote, or a proposal would.
func (c exportCmd) ofRecord(ctx context.Context, p *program) (export.Changes, error) {
	defer p.busy("reading what is on record")()
	records, err := fromFile(ctx, c.AuditFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return export.Changes{}, err
	}
	r, ok := c.first(records)
	at := p.place(r.Account, r.Region)
	if !ok {
		s, err := p.login(ctx)
		if err != nil {
			return export.Changes{}, err
		}
		if r, err = c.logged(ctx, s); err != nil {
			return export.Changes{}, err
		}
		at = s.place
		at.Account, at.Region = r.Account, r.Region
	}
	out := p.begin(at, r.Group)
	out.Of, out.Sections = c.What, sectionsIn(r)
	if !out.Writable() {
		return export.Changes{}, misused("%s has nothing that can be written as code; see keymend diagnose for what stands now", c.What)
	}
	return out, nil
}

// first returns the oldest record with the steps of the id: a later one may be of an undo.
func (c exportCmd) first(records []record.Record) (record.Record, bool) {
	i := slices.IndexFunc(records, func(r record.Record) bool {
		return (r.RemediationID == c.What || r.Proposal == c.What) && len(r.Steps) > 0
	})
	if i < 0 {
		return record.Record{}, false
	}
	return records[i], true
}

// logged looks in the logs of the functions: what was written, then what was proposed.
func (c exportCmd) logged(ctx context.Context, s session) (record.Record, error) {
	for _, in := range []struct{ group, field string }{{logGroup(), "remediationId"}, {findingsGroup(), "proposal"}} {
		records, err := fromLog(ctx, s.aws, cmp.Or(c.LogGroup, in.group), record.Where(in.field, c.What))
		if err != nil {
			return record.Record{}, err
		}
		if r, ok := c.first(records); ok {
			return r, nil
		}
	}
	return record.Record{}, misused("neither %s nor the functions' logs have a record of %s; name the place of its audit records with --audit-file or --log-group, and its Region with --region", c.AuditFile, c.What)
}
