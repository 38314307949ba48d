package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/keypolicy"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/live"
)

type undo struct {
	ID        string `arg:"" help:"Id of the remediation, as in r-1a2b3c4d5e6f7a8b." placeholder:"ID"`
	File      string `help:"File with audit records, one a line." xor:"source" placeholder:"AUDIT.jsonl"`
	LogGroup  string `name:"log-group" help:"CloudWatch log group with audit records." default:"${logGroup}" placeholder:"NAME"`
	Apply     bool   `help:"Take it away, with your own credentials."`
	AuditFile string `name:"audit-file" help:"Without --file: read audit records here, too. With --apply: append the new ones." default:"keymend-audit.jsonl" type:"path" placeholder:"FILE"`
}

// logGroup is that of the deployed function.
func logGroup() string {
	return permission.Place{Prefix: "keymend-"}.LogGroup(permission.Remediate)
}

// Run takes back what the remediation wrote, or says what that would be.
func (c undo) Run(ctx context.Context, p *program) error {
	if !strings.HasPrefix(c.ID, "r-") {
		return misused("%q is no remediation's id; those begin with r-", c.ID)
	}
	s, err := p.login(ctx)
	if err != nil {
		return err
	}
	records, where, err := c.records(ctx, s)
	if err != nil {
		return err
	}
	r, err := c.choose(records, where)
	if err != nil {
		return err
	}
	s.aws.Region = r.Region
	if r.Outcome == audit.Undone {
		return p.tellUndo(r, r, "it was undone at "+r.Time.UTC().Format("2006-01-02 15:04:05 MST")+" already")
	}
	undos, err := remediation.UndosOf(r)
	if in := accountsOf(r, undos); !slices.Contains(in, s.account) {
		return misused("%s was written in account %s; these credentials are for account %s: give --profile", c.ID, strings.Join(in, " and "), s.account)
	}
	if err != nil {
		return misused("undo %s: %w", c.ID, err)
	}
	if !c.Apply {
		if s, err = p.reading(ctx, s); err != nil {
			return err
		}
		return p.previewUndo(ctx, s, r, undos, c.from())
	}
	done, err := p.undo(ctx, s, r, applying{Apply: c.Apply, AuditFile: c.AuditFile})
	if err != nil {
		return err
	}
	return p.tellUndo(r, done, done.Reason)
}

// from is how the record was found, as it has to be told again.
func (c undo) from() string {
	switch {
	case c.File != "":
		return " --file " + c.File
	case c.LogGroup != logGroup():
		return " --log-group " + c.LogGroup
	}
	return ""
}

// accountsOf returns the accounts in which something is to be taken back: the
// group's, unless the undos say otherwise.
func accountsOf(r audit.Record, undos apply.Undos) []string {
	if len(undos) == 0 {
		return []string{r.Account}
	}
	var out []string
	for _, u := range undos {
		if a := u.Account(); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// choose returns the last record of the remediation that says what was written,
// or that it was undone. An intent counts where no outcome came after it: the
// write may stand.
func (c undo) choose(records []audit.Record, where string) (audit.Record, error) {
	ended := false
	for _, r := range slices.Backward(records) {
		if r.RemediationID != c.ID {
			continue
		}
		result := r.Phase == audit.Result
		if result && r.Outcome == audit.Undone || len(r.Undo) > 0 && (result || r.Phase == audit.Intent && !ended) {
			return r, nil
		}
		ended = ended || result
	}
	return audit.Record{}, misused("%s has a record of anything that %s wrote; name the place of its audit records with --file or --log-group", where, c.ID)
}

// records returns what is on record about remediations, oldest first: what the
// named file has, or else the audit file here and the log group taken together,
// since the same change may have been written by both.
func (c undo) records(ctx context.Context, s session) ([]audit.Record, string, error) {
	if c.File != "" {
		records, file, err := fromFile(c.File)
		return records, "no line of " + file, err
	}
	records, file, err := fromFile(c.AuditFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, file, err
	}
	known := slices.ContainsFunc(records, func(r audit.Record) bool { return r.RemediationID == c.ID })
	logged, group, err := fromLog(ctx, s, c.LogGroup, c.ID)
	if known && account.AccessDenied(err) {
		err = nil // only the file is the caller's
	}
	records = append(records, logged...)
	slices.SortStableFunc(records, func(a, b audit.Record) int { return a.Time.Compare(b.Time) })
	return records, "neither " + file + " nor " + group, err
}

func fromFile(name string) ([]audit.Record, string, error) {
	file, err := os.Open(name) //nolint:gosec // the person names the file to read
	if err != nil {
		return nil, name, misused("read audit records: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	records, err := readRecords(file)
	if err != nil {
		return nil, name, misused("read audit records of %s: %w", name, err)
	}
	return records, name, nil
}

// fromLog searches a log group for the remediation's records.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func fromLog(ctx context.Context, s session, group, id string) ([]audit.Record, string, error) {
	where := "log group " + group
	lines, err := live.Intents(cloudwatchlogs.NewFromConfig(s.aws), group)(ctx, id, time.Time{}, time.Time{})
	if err != nil {
		return nil, where, fmt.Errorf("read audit records: %w", err)
	}
	records, err := readRecords(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		return nil, where, fmt.Errorf("read audit records of %s: %w", where, err)
	}
	return records, where, nil
}

// previewUndo says what would be taken away, and what in another account these
// credentials can't.
func (p *program) previewUndo(ctx context.Context, s session, r audit.Record, undos apply.Undos, from string) error {
	preview := report.Undo{Record: r, From: from}
	var copies apply.Undos
	for _, u := range undos {
		var err error
		switch {
		case u.Account() != s.account:
			preview.Elsewhere = append(preview.Elsewhere, u.Account())
		case u.RemoveStatements != nil:
			var edit keypolicy.Edit
			edit, err = u.RemoveStatements.Preview(ctx, s.keys())
			preview.Before, preview.After = edit.Before, edit.After
		case u.RevokeGrant != nil:
			preview.Grant, err = s.grant(ctx, *u.RevokeGrant)
		case u.RetireGrant != nil:
			preview.Grant, err = u.RetireGrant.Find(ctx, s.keys())
		case u.OfCopy():
			copies = append(copies, u)
		default:
			preview.Role, err = s.previewRole(ctx, u)
		}
		if err != nil {
			return fmt.Errorf("undo %s: %w", r.RemediationID, err)
		}
	}
	if err := s.previewCopies(ctx, copies, &preview); err != nil {
		return err
	}
	return p.tellPreview(preview)
}
