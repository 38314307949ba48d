package command

import (
	"context"
	"errors"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
)

type scanCmd struct{ everywhere }

func (scanCmd) about() about {
	return about{
		says: "Each group is looked at as keymend diagnose looks at one. --accounts names further accounts: their groups are looked at, too. " +
			"--output table is text. After an interrupt the same scan goes on with --resume, from a file that it leaves.",
		examples: []string{"keymend scan", "keymend scan --all-regions --output csv", "keymend scan --organization --role ReadOnly --all-regions --output json"},
		ends: ends{
			report.Healed:  "every group is fine",
			report.Broke:   "nothing could be looked at, it was interrupted, or Keymend failed",
			report.Fixable: "a group fails, or would, and a fix is available",
			report.NotOurs: "a group fails, or would, and it isn't Keymend's to fix; or something couldn't be seen",
		},
	}
}

// Run looks at all groups, and lists them.
func (c scanCmd) Run(ctx context.Context, p *program) error {
	v, err := c.look(ctx, p, "scan")
	if err != nil {
		return err
	}
	err = p.list(v)
	if len(v.total.Unseen()) > 0 {
		p.code = p.code.With(report.NotOurs)
	}
	return errors.Join(err, v.kept.Remove())
}

// list writes the rows in the form that was asked for.
func (p *program) list(v *overview) error {
	kept, total := v.kept, v.total
	counted := func(to func(scan.Row) error) func(scan.Row) error {
		return func(r scan.Row) error {
			p.code = p.code.With(ofRow(r))
			return to(r)
		}
	}
	switch p.flags.Output {
	case "json":
		if err := kept.Each(counted(func(r scan.Row) error { return p.object(r) })); err != nil {
			return err
		}
		return p.object(total)
	case "csv":
		p.quiet()
		out := scan.NewCSV(p.Out)
		if err := out.Header(); err != nil {
			return err
		}
		if err := kept.Each(counted(out.Row)); err != nil {
			return err
		}
		return out.Flush()
	case "html":
		p.quiet()
		page := v.document(htmlreport.Past{}, v.again("--output", "html"))
		page.Rows = func(do func(scan.Row) error) error { return kept.Each(counted(do)) }
		_, err := htmlreport.Write(p.Out, page)
		return err
	}
	page := p.page()
	table := &scan.Table{Total: total, Place: v.s.place, Again: v.given.again()}
	table.Head(page)
	if err := kept.Each(counted(func(r scan.Row) error { table.Row(page, r); return nil })); err != nil {
		return err
	}
	table.Foot(page)
	return page.Flush()
}

// ofRow is the exit code that a row calls for: a group that couldn't be looked at is one
// of many.
func ofRow(r scan.Row) report.Code {
	if r.Code == report.Broke {
		return report.NotOurs
	}
	return r.Code
}
