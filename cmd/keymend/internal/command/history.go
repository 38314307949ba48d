package command

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/report/past"
	"keymend/pkg/arn"
	"keymend/pkg/history/archive"
	"keymend/pkg/record"
)

type historyCmd struct {
	About    string   `arg:"" optional:"" help:"Name of a group; or a key: its ARN, its id, or its alias as alias/NAME." placeholder:"GROUP|KEY"`
	Since    string   `help:"How far back: a number of days or hours, as in 30d or 12h, or a day, as in 2026-03-02." default:"30d" placeholder:"30d"`
	State    []string `help:"Only what stands so: ${standings}. Repeat it for several." placeholder:"STATE"`
	All      bool     `help:"Findings of which no change came, too, and proposals that a newer one stands for."`
	Limit    int      `help:"Rows to show; 0 is all." default:"50" placeholder:"N"`
	Account  string   `help:"In an organization: only groups of this account." placeholder:"ACCOUNT"`
	OfRegion string   `name:"of-region" help:"In an organization: only groups of this Region. --region says where the log is." placeholder:"REGION"`
	recorded
}

func (historyCmd) about() about {
	return about{
		examples: []string{"keymend history", "keymend history web-prod --since 7d", "keymend history alias/platform-ebs --state proposed"},
		ends:     ends{report.Healed: "what is on record is listed, be it nothing", report.Broke: "no place could be read, or Keymend failed"},
	}
}

// longest is the time between the records of one change.
const longest = 24 * time.Hour

// Run lists what is on record, newest first.
func (c historyCmd) Run(ctx context.Context, p *program) error {
	wanted, err := c.wanted(time.Now())
	if err != nil {
		return err
	}
	from, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	var book archive.Book
	done := p.busy("reading the audit records")
	defer done()
	if err := from.each(ctx, c.query(wanted), wanted.Since.Add(-longest), book.Add); err != nil {
		return err
	}
	if p.json() && !from.any() {
		return fmt.Errorf("nothing could be read: %s", from.unread())
	}
	all := book.Entries()
	chosen := wanted.Choose(all)
	if key := from.resolve(ctx, wanted.Key); len(chosen) == 0 && key != "" {
		wanted.Key = key
		chosen = wanted.Choose(all)
	}
	done()
	more := 0
	if c.Limit > 0 && len(chosen) > c.Limit {
		chosen, more = chosen[:c.Limit], len(chosen)-c.Limit
	}
	return p.replyFrom(from, past.List{
		Entries: chosen, More: more, About: c.About, ByKey: wanted.Key != "", Since: wanted.Since, Oldest: book.Oldest,
		Sources: from.sources, Place: from.place, From: from.flags(), Now: time.Now(),
	})
}

// replyFrom writes an answer from records. What couldn't be read stands on a page; beside
// JSON it goes to standard error.
func (p *program) replyFrom(from *reading, a answer) error {
	for _, s := range from.sources {
		if says := s.Says(); says != "" && p.json() {
			_, _ = fmt.Fprintf(p.Err, "keymend: %s\n", says) // nobody is left to tell
		}
	}
	return p.reply(a)
}

// wanted is what the flags ask for.
func (c historyCmd) wanted(now time.Time) (archive.Wanted, error) {
	since, err := sinceOf(c.Since, now)
	switch {
	case err != nil:
		return archive.Wanted{}, err
	case c.Account != "" && !accountID.MatchString(c.Account):
		return archive.Wanted{}, misused("--account %q is no account's id: it has 12 digits", c.Account)
	}
	w := archive.Wanted{Account: c.Account, Region: c.OfRegion, Since: since, All: c.All}
	if arn.Service(c.About) == "kms" || isAlias(c.About) || keyID.MatchString(c.About) {
		w.Key = c.About
	} else {
		w.Group = c.About
	}
	for _, s := range c.State {
		if !slices.Contains(archive.Standings(), archive.Standing(s)) {
			return w, misused("--state %s is none of: %s", s, standings())
		}
		w.Standings = append(w.Standings, archive.Standing(s))
	}
	if c.Limit < 0 {
		return w, misused("--limit %d: give how many rows to show, or 0 for all", c.Limit)
	}
	return w, nil
}

// standings lists them, as people type them.
func standings() string {
	var out []string
	for _, s := range archive.Standings() {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

// sinceOf is a day, or so many days or hours before now.
func sinceOf(text string, now time.Time) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return day, nil
	}
	number, days := strings.CutSuffix(text, "d")
	if !days {
		number = text
	} else {
		number += "h"
	}
	d, err := time.ParseDuration(number)
	if err != nil || d <= 0 {
		return time.Time{}, misused("--since %s: give days or hours, as in 30d or 12h, or a day, as in 2026-03-02", text)
	}
	if days {
		d *= 24
	}
	return now.Add(-d), nil
}

// query asks for the records that can matter. A group's name isn't part of the query
// where a pattern could take it for more than a name.
func (historyCmd) query(w archive.Wanted) record.Query {
	if regexp.MustCompile(`^[A-Za-z0-9._/+=,@-]+$`).MatchString(w.Group) {
		return record.Any().And(record.Where("group", w.Group))
	}
	return record.Any()
}

// resolve returns the key to which an alias points now; "" where that isn't known.
func (r *reading) resolve(ctx context.Context, alias string) string {
	if r.session == nil || !strings.Contains(alias, "alias/") {
		return ""
	}
	out, err := kms.NewFromConfig(r.session.aws).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		return "" // the records tell of aliases, too
	}
	return aws.ToString(out.KeyMetadata.Arn)
}

// flags have a printed command read the same records.
func (r *reading) flags() []string {
	if r.File != "" {
		return []string{"--file", r.File}
	}
	var out []string
	for _, group := range r.LogGroup {
		if group != logGroup() && group != findingsGroup() {
			out = append(out, "--log-group="+group)
		}
	}
	if slices.ContainsFunc(r.sources, func(s past.Source) bool { return s.Name == r.AuditFile && s.Unread == "" }) {
		out = append(out, "--audit-file", r.AuditFile) // another shell may be elsewhere
	}
	return out
}
