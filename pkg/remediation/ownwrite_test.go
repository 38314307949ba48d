package remediation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"keymend/pkg/activity"
	"keymend/pkg/audit"
	"keymend/pkg/remediation"
)

const (
	policyWriter = "arn:aws:iam::111122223333:role/keymend-policy-writer"
	theirs       = "keymend-r-0123456789abcdef"
)

// ownWrite is what CloudTrail showed of a write.
func ownWrite(change ...func(*activity.Failure)) activity.Failure {
	f := activity.Failure{
		Signal: activity.OwnWrite, EventID: "e-1", Account: accountID, Region: region, Time: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		Write: &activity.Write{Action: "kms:PutKeyPolicy", Role: policyWriter, Session: theirs, Target: keyARN},
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

// line is a record as the log has it.
func line(phase, id, about string) string {
	return fmt.Sprintf(`{"schema":%q,"phase":%q,"remediationId":%q,"key":%q}`, audit.Schema, phase, id, about)
}

// A write is explained by an intent of the session's remediation that names what
// was changed, and by nothing else; until the log had time to show, the event
// comes again.
func TestExplain(t *testing.T) {
	t.Parallel()
	const id = "r-0123456789abcdef"
	sent := time.Date(2026, 3, 2, 9, 0, 30, 0, time.UTC)
	first, second := remediation.Delivery{Sent: sent, Receives: 1}, remediation.Delivery{Sent: sent, Receives: 2}
	for name, tc := range map[string]struct {
		change   func(*activity.Failure)
		lines    []string
		delivery remediation.Delivery
		want     string // "" = explained; "again"; "ignored"; else what the record says
	}{
		"its intent":                  {nil, []string{line("intent", id, keyARN)}, first, ""},
		"its intent, among others":    {nil, []string{line("outcome", id, keyARN), "REPORT RequestId: x", line("intent", id, keyARN)}, first, ""},
		"a name that JSON escapes":    {func(f *activity.Failure) { f.Write.Target = `a"<b>\é` }, []string{line("intent", id, `a"<b>\é`)}, first, ""},
		"nothing is said of a target": {func(f *activity.Failure) { f.Write.Target = "" }, []string{line("intent", id, keyARN)}, first, ""},
		"no intent yet":               {nil, nil, first, "again"},
		"no intent":                   {nil, nil, second, "has no intent of " + id},
		"no intent, no clock":         {nil, nil, remediation.Delivery{}, "has no intent of " + id},
		"an outcome alone":            {nil, []string{line("outcome", id, keyARN)}, second, "has no intent"},
		"another's intent":            {nil, []string{line("intent", "r-1", keyARN)}, second, "has no intent"},
		"another schema's":            {nil, []string{strings.Replace(line("intent", id, keyARN), "keymend.audit", "other", 1)}, second, "has no intent"},
		"of another key, yet":         {nil, []string{line("intent", id, strings.Replace(keyARN, "1a2b", "9999", 1))}, first, "again"},
		"of another key":              {nil, []string{line("intent", id, strings.Replace(keyARN, "1a2b", "9999", 1))}, second, "doesn't name " + keyARN},
		"a session of another name":   {func(f *activity.Failure) { f.Write.Session = "intruder" }, []string{line("intent", id, keyARN)}, first, "isn't named after a remediation"},
		"a session named in part":     {func(f *activity.Failure) { f.Write.Session = theirs + "0" }, []string{line("intent", id+"0", keyARN)}, first, "isn't named after a remediation"},
		"a role of somebody else's":   {func(f *activity.Failure) { f.Write.Role = strings.Replace(policyWriter, "keymend-", "their-", 1) }, nil, second, "ignored"},
		"a role on another path":      {func(f *activity.Failure) { f.Write.Role = strings.Replace(policyWriter, "role/", "role/x/", 1) }, nil, second, "ignored"},
		"a role of another account":   {func(f *activity.Failure) { f.Account = "444455556666" }, nil, second, "ignored"},
		"a role that only reads":      {func(f *activity.Failure) { f.Write.Role = strings.Replace(policyWriter, "policy-writer", "reader", 1) }, nil, second, "ignored"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if tc.change == nil {
				tc.change = func(*activity.Failure) {}
			}
			f := ownWrite(tc.change)
			e := w.engine(roles, func(e *remediation.Engine) {
				e.Intents = func(_ context.Context, got string, from, to time.Time) ([]string, error) {
					if got != id || f.Time.Sub(from) < 15*time.Minute || f.Time.Sub(from) > time.Hour || !to.After(f.Time) {
						t.Errorf("looks for %s from %s to %s", got, from, to)
					}
					return tc.lines, nil
				}
			})
			err := e.Explain(t.Context(), f, tc.delivery)
			_, ignored := errors.AsType[*activity.Ignored](err)
			switch {
			case tc.want == "ignored":
				if !ignored || len(w.records) > 0 {
					t.Errorf("%v, %v", err, outcomes(w.records))
				}
			case tc.want == "again":
				if err == nil || ignored || len(w.records) > 0 {
					t.Errorf("%v, %v", err, outcomes(w.records))
				}
			case err != nil || (tc.want == "") != (len(w.records) == 0):
				t.Errorf("%v, %v", err, outcomes(w.records))
			case tc.want != "":
				wantUnexplained(t, w.records[0], tc.want)
			}
		})
	}
}

func roles(e *remediation.Engine) { e.Settings.RolePrefix, e.Settings.Partition = "keymend-", "aws" }

func wantUnexplained(t *testing.T, r audit.Record, says string) {
	t.Helper()
	if r.Outcome != audit.UnexplainedWrite || r.Phase != audit.Finding || r.Key != keyARN || r.Principal != policyWriter || r.Session == "" || r.Account != accountID || r.EventIDs[0] != "e-1" {
		t.Errorf("%+v", r)
	}
	for _, s := range []string{says, "kms:PutKeyPolicy on " + keyARN + " at 2026-03-02T09:00:00Z", "docs/security.md"} {
		if !strings.Contains(r.Reason, s) {
			t.Errorf("%s: doesn't say %q", r.Reason, s)
		}
	}
}

// A log that may not be read explains nothing, and the record says so; one that
// can't be read now is read again.
func TestExplainWithoutTheLog(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: x is not authorized to perform: logs:FilterLogEvents on resource: y because no identity-based policy allows it"}
	for name, tc := range map[string]struct {
		err  error
		want audit.Outcome // "" = again
	}{
		"refused":   {denied, audit.NotPermitted},
		"throttled": {&smithy.GenericAPIError{Code: "ThrottlingException"}, ""},
		"wrong":     {&smithy.GenericAPIError{Code: "InvalidParameterException"}, audit.Failed},
	} {
		w := newWorld()
		e := w.engine(roles, func(e *remediation.Engine) {
			e.Intents = func(context.Context, string, time.Time, time.Time) ([]string, error) { return nil, tc.err }
		})
		err := e.Explain(t.Context(), ownWrite(), remediation.Delivery{})
		if again := tc.want == ""; again != errors.Is(err, tc.err) || again != (len(w.records) == 0) || !again && w.records[0].Outcome != tc.want {
			t.Errorf("%s: %v, %v", name, err, outcomes(w.records))
		}
		if tc.want == audit.NotPermitted && !strings.Contains(w.records[0].Reason, "logs:FilterLogEvents") {
			t.Errorf("%s", w.records[0].Reason)
		}
	}
	w := newWorld()
	if err := w.engine(roles).Explain(t.Context(), ownWrite(), remediation.Delivery{}); err != nil || w.records[0].Outcome != audit.UnexplainedWrite {
		t.Errorf("nobody may read: %v, %v", err, outcomes(w.records))
	}
}
