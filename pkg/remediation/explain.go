package remediation

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"keymend/pkg/arn"
	"keymend/pkg/history"
	"keymend/pkg/limit"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

const (
	// showing is how long an intent may take to show in the log: some seconds, as
	// a rule. Until then a write without one is looked at again.
	showing = 5 * time.Minute
	// An intent lies before its write, by as long as a session lasts at most, or
	// after it, by as much as the clocks differ.
	clocksDiffer = time.Minute
)

var remediationID = regexp.MustCompile(`^r-[0-9a-f]{16}$`)

// Explain holds a write by one of Keymend's roles, as CloudTrail recorded it, to
// the audit log: an intent of the remediation that the session is named after, for
// exactly that call on exactly that target. IAM can't look into a key policy, and
// credentials can be stolen; what they are used for shows here. A write that the log
// explains leaves no record; the others have the outcome outcome.UnexplainedWrite and
// a metric of their own. The hub of an organization explains what it wrote in members by
// its own log. Of a session that was taken in another account, the log has to
// have an intent of a write there: what it wrote shows in that account only.
//
// Its error is *signal.Ignored for a call of somebody else's; else it is
// transient: the event has to come again.
func (l *Looker) Explain(ctx context.Context, w signal.OwnWrite, d Delivery) error {
	at := w.Account
	if w.Taken() {
		at = arn.Account(w.Role)
	}
	if !l.isWriter(at, w.Role) {
		return &signal.Ignored{Reason: w.Action + " was called by " + w.Role + ", which is no role of Keymend's that writes"}
	}
	if w.Taken() && at == w.Account {
		return nil // what it writes comes as events of its own
	}
	if w.SourceAccount != "" && !l.Settings.Organization() && strings.HasSuffix(w.Role, string(permission.PolicyWriter)) {
		return l.byOtherKeymend(ctx, w)
	}
	id, _ := strings.CutPrefix(w.Session, sessionPrefix)
	named := remediationID.MatchString(id)
	why := "the session isn't named after a remediation"
	if named {
		var err error
		if why, err = l.intended(ctx, id, w); err != nil {
			return l.recordFinal(ctx, l.writeRecord(w), err) // a log that may not be read explains nothing
		}
	}
	switch {
	case why == "":
		return l.watch(ctx, w)
	case named && !d.Sent.IsZero() && d.waited() < showing:
		return fmt.Errorf("%s by session %s: %s; the event comes again, since a log may take minutes to show its lines", w.Action, w.Session, why)
	}
	r := l.writeRecord(w)
	r.Outcome, r.Reason = outcome.UnexplainedWrite, unexplained(w, why)
	return l.write(ctx, r)
}

// byOtherKeymend tells of a write by another account's Keymend, which this account lets in.
// Its intent is in the log there, which can't be read from here: so the write is
// neither explained nor called unexplained.
func (l *Looker) byOtherKeymend(ctx context.Context, w signal.OwnWrite) error {
	r := l.writeRecord(w)
	r.Outcome = outcome.Ignored
	r.Reason = fmt.Sprintf("%s on %s, by session %s of %s: by Keymend of account %s, which this account lets in (groupAccounts). The intent is in the log of its remediate, which can't be read from here.",
		w.Action, w.Target, w.Session, w.Role, w.SourceAccount)
	return l.write(ctx, r)
}

// isWriter reports whether a role is one of Keymend's that write, in an account.
func (l *Looker) isWriter(accountID, role string) bool {
	place := permission.Place{Partition: l.Settings.Partition, Account: accountID, Prefix: l.Settings.RolePrefix}
	return slices.ContainsFunc(permission.Writers(), func(r permission.Role) bool { return l.Settings.RolePrefix != "" && role == place.ARN(r) })
}

// intended says what is missing of an intent for a write; "" = nothing.
func (l *Looker) intended(ctx context.Context, remediationID string, w signal.OwnWrite) (string, error) {
	records, err := l.AWS.Logged(ctx, remediationID, w.Time.Add(-limit.Session-clocksDiffer), w.Time.Add(clocksDiffer))
	if err != nil {
		return "", fmt.Errorf("look for the intent of %s: %w", remediationID, err)
	}
	intended, ok := history.Of(records, remediationID)
	switch {
	case !ok || !intended.Begun():
		return "the audit log has no intent of " + remediationID + " at that time", nil
	case w.Target == "":
		return "CloudTrail doesn't say what was changed", nil
	case !intended.Means(w.Action, w.Target):
		return "the intent of " + remediationID + " doesn't name " + w.Action + " on " + w.Target, nil
	}
	return "", nil
}

func (l *Looker) writeRecord(w signal.OwnWrite) record.Record {
	r := record.Record{
		ID: "w-" + w.ID, Phase: record.Finding, Account: w.Account, Region: w.Region,
		Signal: w.Name(), Principal: w.Role, Session: w.Session, Mode: l.Settings.Mode,
	}
	if w.ID != "" {
		r.EventIDs = record.Lines{w.ID}
	}
	if strings.HasPrefix(w.Action, "kms:") {
		r.Key = w.Target
	}
	return r
}

func unexplained(w signal.OwnWrite, why string) string {
	on, where := "", ""
	if w.Taken() {
		where = " What it wrote is in the CloudTrail of account " + arn.Account(w.Role) + "."
	}
	if w.Target != "" {
		on = " on " + w.Target
	}
	return fmt.Sprintf("%s%s at %s, by session %s of %s: %s.%s If nobody of yours did this on purpose, the role is in other hands: see docs/security.md, A write that nothing explains.",
		w.Action, on, w.Time.UTC().Format(time.RFC3339), w.Session, w.Role, why, where)
}
