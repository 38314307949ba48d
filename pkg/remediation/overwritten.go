package remediation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"keymend/pkg/activity"
	"keymend/pkg/history"
	"keymend/pkg/limit"
	"keymend/pkg/outcome"
	"keymend/pkg/quote"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// watch has a policy that Keymend wrote looked at again when CloudTrail shows every edit
// from before it: KMS has no compare-and-set, and may show a policy late.
func (l *Looker) watch(ctx context.Context, w signal.OwnWrite) error {
	if w.Action != "kms:PutKeyPolicy" || l.Later == nil || l.Edits == nil {
		return nil
	}
	looks := signal.Looks{Schema: signal.LooksSchema, Account: w.Account, Region: w.Region, Written: w.Target, Asked: w.Time}
	if err := l.Later.Send(ctx, looks, limit.Shown); err != nil {
		return fmt.Errorf("have the policy of %s looked at later: %w", w.Target, err)
	}
	return nil
}

// Overwritten tells people whose edit of a key's policy was taken back by a write of
// Keymend's that hadn't seen it: what is lost, and what brings it back. It writes
// nothing else, and each edit is told of once. The error is transient.
func (l *Looker) Overwritten(ctx context.Context, s signal.Looks) error {
	return l.recordFinal(ctx, l.looksRecord(s), l.overwritten(ctx, s, s.Written))
}

func (l *Looker) overwritten(ctx context.Context, s signal.Looks, key string) error {
	since := s.Asked.Add(-lateness - limit.Session)
	edits, err := l.Edits(ctx, s.Account, s.Region, key, since, time.Time{})
	if err != nil || len(edits) < 2 {
		return err
	}
	records, err := l.AWS.Logged(ctx, key, since, time.Time{})
	if err != nil {
		return fmt.Errorf("read what was written to %s: %w", key, err)
	}
	view, err := l.AWS.View(ctx, s.Account, s.Region)
	if err != nil {
		return err
	}
	now, err := view.Policy(ctx, key)
	if err != nil {
		return err
	}
	own := func(e activity.PolicyEdit) bool { return e.Role != "" && l.isWriter(s.Account, e.Role) }
	for _, o := range history.Overwrote(edits, own, records, now) {
		if err := l.tellOverwritten(ctx, s, o); err != nil {
			return err
		}
	}
	return nil
}

func (l *Looker) tellOverwritten(ctx context.Context, s signal.Looks, o history.Overwritten) error {
	r := record.Record{
		ID: "w-" + o.Edit.EventID, Phase: record.Finding, Account: s.Account, Region: s.Region, Signal: s.Name(), Mode: l.Settings.Mode,
		EventIDs: record.Lines{o.Edit.EventID}, Key: o.Edit.Key, Principal: o.Edit.Caller, Session: o.By.Session,
		Before: o.Edit.Policy, After: o.By.Policy, Outcome: outcome.Overwritten, Reason: saysOverwritten(o),
	}
	r.Run = record.Tasks{{Account: s.Account, Command: quote.Command("aws", "kms", "put-key-policy", "--key-id", o.Edit.Key, "--policy-name", "default",
		"--policy", compact(o.Restore.After), "--region", s.Region)}}
	before, err := l.toldBefore(ctx, &r, o.Edit.Time, time.Time{})
	if err != nil || len(before) > 0 {
		return err
	}
	return l.write(ctx, r)
}

// compact is JSON without white space between its parts; another text stays.
func compact(text string) string {
	var out bytes.Buffer
	if json.Compact(&out, []byte(text)) != nil {
		return text
	}
	return out.String()
}

func saysOverwritten(o history.Overwritten) string {
	var parts []string
	for _, p := range []struct {
		texts []string
		says  string
	}{{o.Restore.Added, "lost is "}, {o.Restore.Removed, "back is, though the edit had taken it out, "}} {
		var short []string
		for _, text := range p.texts {
			short = append(short, compact(text))
		}
		if len(short) > 0 {
			parts = append(parts, p.says+strings.Join(short, " and "))
		}
	}
	return fmt.Sprintf("%s wrote the policy of %s at %s (CloudTrail's event %s). Keymend's write at %s, by session %s, followed too closely to have seen that, and took it back: %s. "+
		"Whoever wrote it looks whether it is still wanted, and writes the policy anew: as it is now, with that in it.",
		o.Edit.Caller, o.Edit.Key, o.Edit.Time.UTC().Format(time.RFC3339), o.Edit.EventID, o.By.Time.UTC().Format(time.RFC3339), o.By.Session, strings.Join(parts, "; "))
}
