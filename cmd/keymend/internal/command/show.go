package command

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/report/past"
	"keymend/pkg/history/archive"
	"keymend/pkg/record"
)

type showCmd struct {
	ID         string `arg:"" help:"Id of a remediation or proposal (r-…), or of a finding (f-…, w-…); keymend history has them." placeholder:"ID"`
	ShowPolicy bool   `name:"show-policy" help:"The whole key policies, too, before and after."`
	recorded
}

func (showCmd) about() about {
	return about{
		examples: []string{"keymend show r-1a2b3c4d5e6f7a8b", "keymend show r-1a2b3c4d5e6f7a8b --show-policy --file keymend-audit.jsonl"},
		ends:     ends{report.Healed: "it is shown", report.Broke: "no place could be read, or Keymend failed", report.Misused: "wrong usage; or nothing is on record about the id, and standard error says where it was looked for"},
	}
}

// Run shows all that is on record about one change, or one finding.
func (c showCmd) Run(ctx context.Context, p *program) error {
	if !regexp.MustCompile(`^[rfw]-[0-9A-Za-z-]+$`).MatchString(c.ID) {
		return misused("%q is no id of a remediation (r-1a2b3c4d5e6f7a8b) or of a finding (f-…); keymend history lists them", c.ID)
	}
	from, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	done := p.busy("reading the audit records")
	all, err := c.entries(ctx, from)
	done()
	if err != nil {
		return err
	}
	e, ok := c.choose(all)
	if !ok {
		return c.none(from)
	}
	shown := past.Record{Entry: e, Sources: from.sources, Place: from.place, From: from.flags(), Policies: c.ShowPolicy, Now: time.Now()}
	for _, o := range all {
		if o.ID != e.ID && o.Begun() {
			shown.Others = append(shown.Others, o)
		}
	}
	return p.replyFrom(from, shown)
}

// entries reads what is on record about the id, and then about the findings that those
// records are of.
func (c showCmd) entries(ctx context.Context, from *reading) ([]archive.Entry, error) {
	book := archive.Book{Whole: true}
	findings := []string{}
	about := record.Where("id", c.ID).Or(record.Where("remediationId", c.ID), record.Where("proposal", c.ID), record.Where("verdict.gone", c.ID))
	if err := from.each(ctx, about, time.Time{}, func(r record.Record) {
		gone := r.Verdict != nil && r.Verdict.Gone == c.ID
		if r.ID != c.ID && r.RemediationID != c.ID && r.Proposal != c.ID && !gone {
			return
		}
		book.Add(r)
		if r.ID != "" && r.ID != c.ID && !slices.Contains(findings, r.ID) {
			findings = append(findings, r.ID)
		}
	}); err != nil {
		return nil, err
	}
	for _, id := range findings {
		if err := from.each(ctx, record.Where("id", id), time.Time{}, func(r record.Record) {
			if r.ID == id {
				book.Add(r)
			}
		}); err != nil {
			return nil, err
		}
	}
	return book.Entries(), nil
}

// choose returns the newest entry of the id: of a finding that all came to changes, the
// newest of these.
func (c showCmd) choose(all []archive.Entry) (archive.Entry, bool) {
	for _, fits := range []func(archive.Entry) bool{
		func(e archive.Entry) bool { return e.ID == c.ID },
		func(e archive.Entry) bool { return e.Last().ID == c.ID },
	} {
		for _, e := range slices.Backward(all) {
			if fits(e) {
				return e, true
			}
		}
	}
	return archive.Entry{}, false
}

// none says where nothing is on record.
func (c showCmd) none(from *reading) error {
	var read []string
	for _, s := range from.sources {
		if s.Unread == "" {
			read = append(read, s.Name)
		}
	}
	also := from.unread()
	switch {
	case len(read) == 0:
		return fmt.Errorf("nothing could be read about %s: %s", c.ID, also)
	case also != "":
		also = " (not read: " + also + ")"
	}
	return misused("nothing is on record about %s in %s%s; try --region or --profile of where Keymend acts, or the file that took the records, --file", c.ID, strings.Join(read, ", "), also)
}
