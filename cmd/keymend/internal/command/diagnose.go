package command

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/arn"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
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
	Group string   `arg:"" help:"Name of the Auto Scaling group." placeholder:"GROUP"`
	Key   []string `help:"A key of another account under which a snapshot lies that this account can't see, as its owner tells it. Repeat it for several." placeholder:"ARN"`
	applying
	waiting
	settable
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
	for _, key := range c.Key {
		if err := told(key, s.account, s.aws.Region); err != nil {
			return err
		}
	}
	look := signal.Look{Why: signal.WhyAsked, Account: s.account, Region: s.aws.Region, Group: c.Group}
	done := p.busy("reading the group's scaling activities")
	h := p.history(ctx, s, look)
	done()
	if h.Failed > 0 {
		look.Text, look.Failed = h.Message, h.Last
	}
	records, err := p.handle(ctx, s, look, c.applying, c.Key...)
	if errors.Is(err, remediation.ErrNothingHidden) {
		return misused("%w: leave --key out, or check the account in it", err)
	}
	if err != nil && !wrote(records) {
		return p.answered(err)
	}
	if len(records) == 1 && records[0].Outcome == outcome.Ignored {
		return misused("no group %s in account %s, Region %s: %s; check the name, --profile and --region",
			c.Group, s.account, s.aws.Region, records[0].Reason)
	}
	if err := p.tells(ctx, s, records, h, c.applying, err, c.flags(p)...); err != nil || !c.Wait {
		return err
	}
	return p.wait(ctx, s, c, records)
}

// flags are those by which the group has to be looked at again.
func (c diagnose) flags(p *program) []string {
	var out []string
	for _, key := range c.Key {
		out = append(out, "--key="+key)
	}
	return append(out, p.given.flags...)
}

// told refuses what can't be the key of a snapshot that another account hides.
func told(key, account, region string) error {
	a, ok := arn.Parse(key)
	switch {
	case !ok || a.Service != "kms" || !strings.HasPrefix(a.Resource, "key/"):
		return misused("--key %q is no ARN of a KMS key (arn:aws:kms:%s:ACCOUNT:key/ID)", key, region)
	case a.Region != region:
		return misused("--key %q is in %s, the group in %s: EBS takes keys of its own Region only", key, a.Region, region)
	case a.Account == account:
		return misused("--key %q is of this account, which sees its own: leave it out", key)
	}
	return nil
}

// tells shows what was found and done. A no to more than that is no error.
func (p *program) tells(ctx context.Context, s session, records []record.Record, h report.History, a applying, err error, flags ...string) error {
	if errors.Is(err, errNo) {
		a.Apply, err = false, nil // the rest can be applied still
	}
	return errors.Join(p.tell(ctx, s, records, h, a, flags...), partly(err))
}

// tell shows what was found and done, and sets the exit code.
func (p *program) tell(ctx context.Context, s session, records []record.Record, h report.History, a applying, flags ...string) error {
	groups := report.Groups(records)
	page := p.page()
	for i := range groups {
		g := &groups[i]
		g.Place, g.Flags, g.Asked, g.History, g.File, g.ToFile, g.TurnOn = s.place, flags, a.Apply, h, a.AuditFile, a.toFile(), p.turnOn
		g.ShowPolicy, g.Shown = a.ShowPolicy, p.shown
		p.code = worse(p.code, g.Code())
		if p.json() {
			continue // the records went out as they were written
		}
		p.also(ctx, s, g)
		page.Blank()
		g.Show(page)
	}
	return page.Flush()
}

// worse: what failed first, then what can be done, then what can't.
func worse(a, b report.Code) report.Code {
	for _, c := range []report.Code{report.Broke, report.Misused, report.Fixable, report.NotOurs} {
		if a == c || b == c {
			return c
		}
	}
	return report.Healed
}
