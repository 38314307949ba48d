package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/history/archive"
	"keymend/pkg/record"
)

type reportCmd struct {
	To    string `name:"to" short:"o" required:"" help:"Write the page to this file; - is standard output. A page that an earlier report wrote is replaced, another file only with --force." placeholder:"FILE.html"`
	Force bool   `help:"Replace the file, whatever it is."`
	Since string `again:"" help:"What was changed: how far back, a number of days or hours, as in 30d or 12h, or a day, as in 2026-03-02." default:"30d" placeholder:"30d"`
	everywhere
	recorded
}

func (reportCmd) about() about {
	return about{
		says: "One file that loads nothing: how each group stands, the worst first, what to do first, and for each key the way from the group to the statement or grant that opens it, or doesn't. " +
			"Groups are looked at as by keymend scan; what was changed comes from the audit records, as in keymend history. Names of accounts, keys and roles are on it: show it to whom you would show these.",
		examples: []string{"keymend report -o keymend.html", "keymend report -o keymend.html --all-regions --profile prod", "keymend report -o keymend.html --organization --role ReadOnly --all-regions"},
		ends: ends{
			report.Healed: "the page is written, whatever it says: keymend scan ends with what it found",
			report.Broke:  "nothing could be looked at, it was interrupted, or Keymend failed: no page is written, and an older one stays",
		},
	}
}

// Run looks at all groups, and writes a page about them.
func (c reportCmd) Run(ctx context.Context, p *program) (err error) {
	since, err := sinceOf(c.Since, time.Now())
	if err != nil {
		return err
	}
	to, err := c.file(p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.discard()) }()
	past, err := c.past(ctx, p, since)
	if err != nil {
		return err
	}
	v, err := c.look(ctx, p, "report", "-o", c.To)
	if err != nil {
		return err
	}
	says, err := htmlreport.Write(to, v.document(past, v.again()))
	if err == nil {
		err = to.keep()
	}
	if err != nil {
		return v.stopped(err)
	}
	return errors.Join(c.told(p, v.total, says), v.kept.Remove())
}

// document is the page about what was seen.
func (v *overview) document(past htmlreport.Past, again string) htmlreport.Page {
	return htmlreport.Page{Made: time.Now(), Version: v.Version, By: v.s.arn, Again: again, Rows: v.kept.Each, Places: v.total.Places, Past: past}
}

// past reads the records of changes. The page says what couldn't be read.
func (c reportCmd) past(ctx context.Context, p *program, since time.Time) (htmlreport.Past, error) {
	from, err := c.open(ctx, p)
	if err != nil {
		return htmlreport.Past{}, err
	}
	defer p.busy("reading the audit records")()
	var book archive.Book
	if err := from.each(ctx, record.Any(), since.Add(-longest), book.Add); err != nil {
		return htmlreport.Past{}, err
	}
	out := htmlreport.Past{Read: from.any(), Since: since, Entries: archive.Wanted{Since: since}.Choose(book.Entries())}
	for _, s := range from.sources {
		if says := s.Says(); says != "" {
			out.Unread = append(out.Unread, says)
		}
	}
	return out, nil
}

// told sums the page up in a line, and says where it is.
func (c reportCmd) told(p *program, total scan.Total, says string) error {
	switch {
	case c.To == stdout:
		return nil
	case p.json():
		return p.object(struct {
			Schema string `json:"schema"`
			File   string `json:"file"`
			scan.Total
		}{htmlreport.Mark, c.To, total})
	}
	page := p.page()
	page.Sentence(screen.Bold, fmt.Sprintf("%s: %s, in %s.", c.To, says, total.Where()))
	for _, u := range total.Unseen() {
		page.Row(screen.Doubt, "not seen", u.String()+": "+u.Problem)
	}
	return page.Flush()
}
