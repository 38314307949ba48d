package remediation

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"keymend/pkg/activity"
	"keymend/pkg/audit"
	"keymend/pkg/guard"
	"keymend/pkg/permission"
)

const (
	// showing is how long an intent may take to show in the log: some seconds, as
	// a rule. Until then a write without one is looked at again.
	showing = 5 * time.Minute
	// An intent lies before its write, by as long as a session lasts at most, or
	// after it, by as much as the clocks differ.
	sessionLasts, clocksDiffer = 15 * time.Minute, time.Minute
)

// Intents finds the lines of remediate's log that are about a remediation, between
// two times.
type Intents func(ctx context.Context, remediationID string, from, to time.Time) ([]string, error)

// Explain holds a write by one of Keymend's roles, as CloudTrail recorded it, to
// the audit log: an intent of the remediation that the session is named after,
// which names what was changed. IAM can't look into a key policy, and credentials
// can be stolen; what they are used for shows here. A write that the log explains
// leaves no record; the others have the outcome audit.UnexplainedWrite and a
// metric of their own.
//
// Its error is *activity.Ignored for a call of somebody else's; else it is
// transient: the event has to come again.
func (e *Engine) Explain(ctx context.Context, f activity.Failure, d Delivery) error {
	w := *f.Write
	if !e.isWriter(f.Account, w.Role) {
		return &activity.Ignored{Reason: w.Action + " was called by " + w.Role + ", which is no role of Keymend's that writes"}
	}
	id, _ := strings.CutPrefix(w.Session, sessionName(""))
	named, err := regexp.MatchString(`^r-[0-9a-f]{16}$`, id)
	why := "the session isn't named after a remediation"
	if named && err == nil {
		if why, err = e.intended(ctx, id, w.Target, f.Time); err != nil {
			return e.unseen(ctx, f, err)
		}
	}
	switch {
	case why == "":
		return nil
	case named && !d.Sent.IsZero() && d.waited() < showing:
		return fmt.Errorf("%s by session %s: %s; the event comes again, since a log may take minutes to show its lines", w.Action, w.Session, why)
	}
	r := e.writeRecord(f)
	r.Outcome, r.Reason = audit.UnexplainedWrite, unexplained(f, why)
	return e.write(ctx, r)
}

// isWriter reports whether a role is one of Keymend's that write, in the account
// that the bus vouches for.
func (e *Engine) isWriter(accountID, role string) bool {
	place := permission.Place{Partition: e.Settings.Partition, Account: accountID, Prefix: e.Settings.RolePrefix}
	return slices.ContainsFunc([]permission.Role{permission.Granter, permission.PolicyWriter, permission.GroupWriter, permission.Copier},
		func(r permission.Role) bool { return e.Settings.RolePrefix != "" && role == place.ARN(r) })
}

// intended says what is missing of an intent for a write; "" = nothing.
func (e *Engine) intended(ctx context.Context, remediationID, target string, at time.Time) (string, error) {
	if e.Intents == nil {
		return "the log of intents can't be read from here", nil
	}
	lines, err := e.Intents(ctx, remediationID, at.Add(-sessionLasts-clocksDiffer), at.Add(clocksDiffer))
	if err != nil {
		return "", fmt.Errorf("look for the intent of %s: %w", remediationID, err)
	}
	why := "the audit log has no intent of " + remediationID + " at that time"
	for _, line := range lines {
		r := gjson.Parse(line)
		if r.Get("schema").String() != audit.Schema || r.Get("phase").String() != string(audit.Intent) || r.Get("remediationId").String() != remediationID {
			continue
		}
		if strings.Contains(line, quoted(target)) {
			return "", nil
		}
		why = "the intent of " + remediationID + " doesn't name " + target
	}
	return why, nil
}

// quoted is a text as it stands inside of JSON's quotes.
func quoted(text string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return text
	}
	return strings.Trim(strings.TrimSuffix(out.String(), "\n"), `"`)
}

// unseen: a log that may not be read explains nothing, and that is on record; one
// that can't be read now is read again.
func (e *Engine) unseen(ctx context.Context, f activity.Failure, err error) error {
	outcome, lasts := lasting(err)
	if !lasts {
		return err
	}
	r := e.writeRecord(f)
	r.Outcome, r.Reason = outcome, reasonOf(err)
	return e.write(ctx, r)
}

func (e *Engine) writeRecord(f activity.Failure) audit.Record {
	r := audit.Record{
		ID: "w-" + f.EventID, Phase: audit.Finding, Account: f.Account, Region: f.Region,
		Signal: string(f.Signal), Principal: f.Write.Role, Session: f.Write.Session, Mode: guard.ParseMode(e.Settings.Mode).String(),
	}
	if f.EventID != "" {
		r.EventIDs = []string{f.EventID}
	}
	if strings.HasPrefix(f.Write.Action, "kms:") {
		r.Key = f.Write.Target
	}
	return r
}

func unexplained(f activity.Failure, why string) string {
	on := ""
	if f.Write.Target != "" {
		on = " on " + f.Write.Target
	}
	return fmt.Sprintf("%s%s at %s, by session %s of %s: %s. If nobody of yours did this on purpose, the role is in other hands: see docs/security.md, A write that nothing explains.",
		f.Write.Action, on, f.Time.UTC().Format(time.RFC3339), f.Write.Session, f.Write.Role, why)
}
