package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/report/past"
	"keymend/pkg/account"
	"keymend/pkg/record"
)

// recorded says where audit records are.
type recorded struct {
	File      string   `again:"" help:"Read this file of audit records, one a line, and nothing else." type:"path" placeholder:"AUDIT.jsonl"`
	LogGroup  []string `again:"" name:"log-group" help:"CloudWatch log group with audit records; repeat it for several. Else those of the functions." placeholder:"NAME"`
	AuditFile string   `name:"audit-file" help:"Without --file: read audit records here, too, if it is there." default:"${auditFile}" type:"path" placeholder:"FILE"`
}

// A reading reads records, and remembers what it couldn't read.
type reading struct {
	recorded
	session *session // nil where only files are read
	place   report.Place
	sources []past.Source
}

// open finds credentials, where logs are to be read. Without any, a file that is there
// is better than nothing.
func (c recorded) open(ctx context.Context, p *program) (*reading, error) {
	if c.File != "" && len(c.LogGroup) > 0 {
		return nil, misused("--file is read and nothing else: leave --file or --log-group out")
	}
	if len(c.LogGroup) == 0 {
		c.LogGroup = []string{logGroup(), findingsGroup()}
	}
	r := &reading{recorded: c, place: p.place("", p.flags.Region)}
	if c.File != "" {
		if _, err := os.Stat(c.File); err != nil {
			return nil, misused("read audit records: %w", err)
		}
		return r, nil
	}
	s, err := p.login(ctx)
	if err == nil {
		r.session, r.place = &s, s.place
		return r, nil
	}
	if _, missing := os.Stat(c.AuditFile); missing != nil {
		return nil, err
	}
	for _, group := range c.LogGroup {
		r.note("log group "+group, err.Error(), 0)
	}
	return r, nil
}

// each hands on the records of every place, and of those in a log only such as the query
// asks for. Places that can't be read are noted.
func (r *reading) each(ctx context.Context, q record.Query, from time.Time, each func(record.Record)) error {
	file := inFile(cmp.Or(r.File, r.AuditFile))
	if bad, err := file.each(ctx, q, from, each); !errors.Is(err, fs.ErrNotExist) || r.File != "" {
		r.note(file.name, unreadable(err), bad.count)
	}
	if r.session == nil {
		return nil
	}
	for _, group := range r.LogGroup {
		log := inLog(r.session.aws, group)
		bad, err := log.each(ctx, q, from, each)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", log.name, err)
		}
		r.note(log.name, unreadable(err), bad.count)
	}
	return nil
}

// unreadable says why a place couldn't be read; "" = it could.
func unreadable(err error) string {
	var says smithy.APIError
	switch {
	case err == nil:
		return ""
	case isNoLog(err):
		return "it isn't there: Keymend isn't deployed in this account and Region, or under another name"
	case account.AccessDenied(err):
		return "it may not be read: AWS refuses logs:FilterLogEvents"
	case errors.As(err, &says):
		return "AWS says " + says.ErrorCode() + ": " + says.ErrorMessage()
	}
	return err.Error()
}

// note remembers how a place was read. A place may be read several times.
func (r *reading) note(name, unread string, bad int) {
	i := slices.IndexFunc(r.sources, func(s past.Source) bool { return s.Name == name })
	if i < 0 {
		i = len(r.sources)
		r.sources = append(r.sources, past.Source{Name: name})
	}
	at := &r.sources[i]
	at.Unread, at.Bad = cmp.Or(at.Unread, unread), max(at.Bad, bad)
}

// any reports whether a place was read.
func (r *reading) any() bool {
	return slices.ContainsFunc(r.sources, func(s past.Source) bool { return s.Unread == "" })
}

// unread says which places weren't read, and why.
func (r *reading) unread() string {
	var out []string
	for _, s := range r.sources {
		if s.Unread != "" {
			out = append(out, s.Says())
		}
	}
	return strings.Join(out, "; ")
}
