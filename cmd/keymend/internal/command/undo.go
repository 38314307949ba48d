package command

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/account"
	"keymend/pkg/change"
	"keymend/pkg/history"
	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

type undo struct {
	ID        string `arg:"" help:"Id of the remediation, as in r-1a2b3c4d5e6f7a8b." placeholder:"ID"`
	File      string `help:"File with audit records, one a line. With --apply: append the new ones to it." xor:"source" type:"path" placeholder:"AUDIT.jsonl"`
	LogGroup  string `name:"log-group" help:"CloudWatch log group with audit records." default:"${logGroup}" placeholder:"NAME"`
	Apply     bool   `help:"Take it away, with your own credentials: shows it and asks."`
	Yes       bool   `help:"With --apply: don't ask."`
	AuditFile string `name:"audit-file" help:"Without --file: read audit records here, too. With --apply: append the new ones." default:"${auditFile}" type:"path" placeholder:"FILE"`
	reaching
}

// deployed begins the names of what is deployed.
const deployed = "keymend-"

// logGroup is that of the deployed function.
func logGroup() string {
	return permission.Place{Prefix: deployed}.LogGroup(permission.Remediate)
}

func (undo) about() about {
	return about{
		examples: []string{"keymend undo r-1a2b3c4d5e6f7a8b", "keymend undo r-1a2b3c4d5e6f7a8b --apply"},
		ends: ends{
			report.Broke:   "it couldn't be taken back, which the screen or standard error explains",
			report.Healed:  "taken back, or there is nothing left to take back",
			report.Fixable: "it can be taken back, and wasn't: --apply is missing, or the answer was no; or a part is left for another account",
		},
	}
}

// Run takes back what the remediation wrote, or says what that would be.
func (c undo) Run(ctx context.Context, p *program) error {
	if !strings.HasPrefix(c.ID, "r-") {
		return misused("%q is no remediation's id; those begin with r-", c.ID)
	}
	if err := p.askable(c.Apply, c.Yes); err != nil {
		return err
	}
	s, r, err := c.find(ctx, p)
	if err != nil {
		return err
	}
	to := applying{AuditFile: cmp.Or(c.File, c.AuditFile)}
	log, err := p.openLog(applying{Apply: c.Apply, AuditFile: to.AuditFile})
	if err != nil {
		return err
	}
	defer log.close()
	x := p.fixer(s, log, to) // the switch doesn't stand against it
	if u := (report.Undo{Record: r, Place: s.place, From: c.from()}); !c.Apply {
		if u, err = p.previewUndo(ctx, x, u); err != nil {
			return err
		}
		return p.reply(u)
	} else if err := p.agreeUndo(ctx, s, x, u, c.Yes); err != nil {
		return p.answered(err)
	}
	defer p.begins(ctx, log)()
	done, err := p.takeBack(ctx, x, r)
	if err != nil {
		return reversible(s, to.AuditFile, err)
	}
	// As JSON the records went out as they were written.
	return p.reply(report.Undo{Record: r, Outcome: done.Outcome, Done: done.Reason, Before: done.Before, After: done.After})
}

// find returns the record that says how the remediation is taken back, and a session where
// it was written.
func (c undo) find(ctx context.Context, p *program) (session, record.Record, error) {
	s, err := p.login(ctx)
	if err != nil {
		return s, record.Record{}, err
	}
	records, where, err := c.records(ctx, s)
	if err != nil {
		return s, record.Record{}, err
	}
	r, err := c.choose(records, where)
	if err != nil {
		return s, r, err
	}
	s.aws.Region = r.Region
	steps, err := remediation.UndoOf(r)
	if in := accountsOf(r, steps); !slices.Contains(in, s.account) {
		return s, r, misused("%s was written in account %s; these credentials are for account %s: give --profile", c.ID, strings.Join(in, " and "), s.account)
	}
	if err != nil {
		return s, r, misused("undo %s: %w", c.ID, err)
	}
	return s, r, nil
}

func (p *program) takeBack(ctx context.Context, x *remediation.Fixer, r record.Record) (record.Record, error) {
	defer p.busy("taking the change back, and reading it back")()
	return x.Undo(ctx, r) //nolint:wrapcheck // it says what it was doing
}

// agreeUndo shows what is about to be taken back, and asks. Where something else would
// be by then, that is shown and asked. Where nothing is left there is nothing to ask.
func (p *program) agreeUndo(ctx context.Context, s session, x *remediation.Fixer, u report.Undo, yes bool) error {
	shown, err := p.previewUndo(ctx, x, u)
	for err == nil && shown.Changes() {
		if err := p.confirm(ctx, func(page *screen.Page) { shown.Ask(page, s.arn) }, yes); err != nil || yes {
			return err
		}
		var now report.Undo
		if now, err = p.previewUndo(ctx, x, u); err == nil && now.Same(shown) {
			return nil
		}
		shown = now
	}
	return err
}

// choose returns the record that says how the remediation is taken back.
func (c undo) choose(records []record.Record, where string) (record.Record, error) {
	of, _ := history.Of(records, c.ID)
	if r, ok := of.Undo(); ok {
		return r, nil
	}
	return record.Record{}, misused("%s has a record of anything that %s wrote; name the place of its audit records with --file or --log-group", where, c.ID)
}

// from is how the record was found, as it has to be told again: by whole paths, since
// another shell may be elsewhere.
func (c undo) from() []string {
	if c.File != "" {
		return []string{"--file", c.File}
	}
	var out []string
	if c.LogGroup != logGroup() {
		out = append(out, "--log-group="+c.LogGroup)
	}
	return append(out, "--audit-file", c.AuditFile)
}

// accountsOf returns the accounts in which something is to be taken back: the
// group's, unless the undos say otherwise.
func accountsOf(r record.Record, steps change.Steps) []string {
	if len(steps) == 0 {
		return []string{r.Account}
	}
	var out []string
	for _, step := range steps {
		if a := step.At().Account; !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// records returns what is on record about remediations, oldest first: what the
// named file has, or else the audit file here and the log group taken together,
// since the same change may have been written by both.
func (c undo) records(ctx context.Context, s session) ([]record.Record, string, error) {
	if c.File != "" {
		records, err := fromFile(ctx, c.File)
		return records, "no line of " + c.File, err
	}
	records, err := fromFile(ctx, c.AuditFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	known := slices.ContainsFunc(records, func(r record.Record) bool { return r.RemediationID == c.ID })
	logged, err := fromLog(ctx, s.aws, c.LogGroup, record.Where("remediationId", c.ID))
	if known && account.AccessDenied(err) {
		err = nil // only the file is the caller's
	}
	records = append(records, logged...)
	slices.SortStableFunc(records, func(a, b record.Record) int { return a.Time.Compare(b.Time) })
	return records, "neither " + c.AuditFile + " nor log group " + c.LogGroup, err
}

// previewUndo reads what would be taken away, and what in another account these
// credentials can't.
func (p *program) previewUndo(ctx context.Context, x *remediation.Fixer, u report.Undo) (report.Undo, error) {
	defer p.busy("reading what is left of the change")()
	steps, elsewhere, err := x.Preview(ctx, u.Record)
	if err != nil {
		return u, err //nolint:wrapcheck // it says what it was doing
	}
	u.Elsewhere, u.Steps = elsewhere, steps
	for _, step := range steps {
		if step.Before != "" || step.After != "" {
			u.Before, u.After = step.Before, step.After
		}
	}
	return u, nil
}
