package remediation_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"keymend/pkg/change"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

const (
	policyWriter = "arn:aws:iam::111122223333:role/keymend-policy-writer"
	theirs       = "keymend-r-0123456789abcdef"
)

// ownWrite is what CloudTrail showed of a write.
func ownWrite(change ...func(*signal.OwnWrite)) signal.OwnWrite {
	w := signal.OwnWrite{
		Event:  signal.Event{ID: "e-1", Account: accountID, Region: region, Time: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)},
		Action: "kms:PutKeyPolicy", Role: policyWriter, Session: theirs, Target: keyARN,
	}
	for _, c := range change {
		c(&w)
	}
	return w
}

// line is a record as the log has it, of a change of a key's policy.
func line(t *testing.T, phase record.Phase, id, about string) string {
	t.Helper()
	return lineOf(t, phase, id, statements.Add{Key: about})
}

func lineOf(t *testing.T, phase record.Phase, id string, steps ...change.Step) string {
	t.Helper()
	text, err := record.Record{Schema: record.Schema, Phase: phase, RemediationID: id, Steps: steps}.Line()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// former is such a record as version 1 of the log had it.
func former(t *testing.T, phase record.Phase, id, about string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"schema": "keymend.audit/1", "phase": phase, "remediationId": id, "key": about,
		"plan": map[string]any{"target": about, "steps": []any{map[string]any{"type": "EditKeyPolicy", "key": about}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A write is explained by an intent of the session's remediation for that call on
// that target, and by nothing else; until the log had time to show, the event
// comes again.
func TestExplain(t *testing.T) {
	t.Parallel()
	const id = "r-0123456789abcdef"
	sent := time.Date(2026, 3, 2, 9, 0, 30, 0, time.UTC)
	first, second := remediation.Delivery{Sent: sent, Receives: 1}, remediation.Delivery{Sent: sent, Receives: 2}
	other := strings.Replace(keyARN, "1a2b", "9999", 1)
	copied := copies.Make{Account: accountID, Region: region, Key: foreignKey, Source: "ami-1", CopyKey: ownKey, Keys: []string{foreignKey}}
	moved := group.Update{Group: groupARN, Name: "web-prod", Before: slr, After: ownRole}
	called := func(action, target string) func(*signal.OwnWrite) {
		return func(w *signal.OwnWrite) { w.Action, w.Target = action, target }
	}
	taken := func(account, role string) func(*signal.OwnWrite) {
		return func(w *signal.OwnWrite) {
			w.Action, w.Role = "sts:AssumeRole", "arn:aws:iam::"+account+":role/keymend-"+role
			w.Target = w.Role
		}
	}
	for name, tc := range map[string]struct {
		change   func(*signal.OwnWrite)
		lines    []string
		delivery remediation.Delivery
		want     string // "" = explained; "again"; "ignored"; else what the record says
	}{
		"its intent":                           {nil, []string{line(t, record.Intent, id, keyARN)}, first, ""},
		"its intent, of version 1":             {nil, []string{former(t, record.Intent, id, keyARN)}, first, ""},
		"its intent, among others":             {nil, []string{line(t, record.Result, id, keyARN), "REPORT RequestId: x", line(t, record.Intent, id, keyARN)}, first, ""},
		"the second of its intents":            {nil, []string{line(t, record.Intent, id, other), line(t, record.Intent, id, keyARN)}, first, ""},
		"a name that JSON escapes":             {func(w *signal.OwnWrite) { w.Target = `a"<b>\é` }, []string{line(t, record.Intent, id, `a"<b>\é`)}, first, ""},
		"a group, which goes by name":          {called("autoscaling:UpdateAutoScalingGroup", "web-prod"), []string{lineOf(t, record.Intent, id, moved)}, first, ""},
		"a grant of EC2's, for a copy":         {called("kms:CreateGrant", ownKey), []string{lineOf(t, record.Intent, id, copied)}, first, ""},
		"nothing is said of a target":          {called("kms:PutKeyPolicy", ""), []string{line(t, record.Intent, id, keyARN)}, second, "CloudTrail doesn't say what was changed"},
		"nor in the intent":                    {called("kms:PutKeyPolicy", ""), []string{line(t, record.Intent, id, "")}, second, "CloudTrail doesn't say what was changed"},
		"no intent yet":                        {nil, nil, first, "again"},
		"no intent":                            {nil, nil, second, "has no intent of " + id},
		"no intent, no clock":                  {nil, nil, remediation.Delivery{}, "has no intent of " + id},
		"an outcome alone":                     {nil, []string{line(t, record.Result, id, keyARN)}, second, "has no intent"},
		"another's intent":                     {nil, []string{line(t, record.Intent, "r-1", keyARN)}, second, "has no intent"},
		"another schema's":                     {nil, []string{strings.Replace(line(t, record.Intent, id, keyARN), "keymend.audit", "other", 1)}, second, "has no intent"},
		"of another key, yet":                  {nil, []string{line(t, record.Intent, id, other)}, first, "again"},
		"of another key":                       {nil, []string{line(t, record.Intent, id, other)}, second, "doesn't name kms:PutKeyPolicy on " + keyARN},
		"of another call":                      {called("kms:CreateGrant", keyARN), []string{line(t, record.Intent, id, keyARN)}, second, "doesn't name kms:CreateGrant on " + keyARN},
		"of a longer name":                     {called("kms:PutKeyPolicy", keyARN), []string{line(t, record.Intent, id, keyARN+"0")}, second, "doesn't name kms:PutKeyPolicy on " + keyARN},
		"of a shorter name":                    {called("kms:PutKeyPolicy", keyARN), []string{line(t, record.Intent, id, keyARN[:len(keyARN)-1])}, second, "doesn't name kms:PutKeyPolicy on " + keyARN},
		"another call of a copy's key":         {called("kms:PutKeyPolicy", keyARN), []string{lineOf(t, record.Intent, id, copied)}, second, "doesn't name kms:PutKeyPolicy on " + keyARN},
		"the text names it elsewhere":          {nil, []string{strings.Replace(line(t, record.Intent, id, other), `"key":"`, `"key":"`+keyARN+`","x":"`, 1)}, second, "doesn't name kms:PutKeyPolicy on " + keyARN},
		"of a kind that isn't known":           {nil, []string{strings.Replace(line(t, record.Intent, id, keyARN), "EditKeyPolicy", "ToBeInvented", 1)}, second, "doesn't name kms:PutKeyPolicy on " + keyARN},
		"a session of another name":            {func(w *signal.OwnWrite) { w.Session = "intruder" }, []string{line(t, record.Intent, id, keyARN)}, first, "isn't named after a remediation"},
		"a session named in part":              {func(w *signal.OwnWrite) { w.Session = theirs + "0" }, []string{line(t, record.Intent, id+"0", keyARN)}, first, "isn't named after a remediation"},
		"a role of somebody else's":            {func(w *signal.OwnWrite) { w.Role = strings.Replace(policyWriter, "keymend-", "their-", 1) }, nil, second, "ignored"},
		"a role on another path":               {func(w *signal.OwnWrite) { w.Role = strings.Replace(policyWriter, "role/", "role/x/", 1) }, nil, second, "ignored"},
		"a role of another account":            {func(w *signal.OwnWrite) { w.Account = "444455556666" }, nil, second, "ignored"},
		"a role that only reads":               {func(w *signal.OwnWrite) { w.Role = strings.Replace(policyWriter, "policy-writer", "reader", 1) }, nil, second, "ignored"},
		"a session in another account, meant":  {taken("444455556666", "policy-writer"), []string{line(t, record.Intent, id, foreignKey)}, first, ""},
		"a session in another account, yet":    {taken("444455556666", "policy-writer"), nil, first, "again"},
		"a session in another account, no one": {taken("444455556666", "policy-writer"), nil, second, "is in the CloudTrail of account 444455556666"},
		"a session meant elsewhere":            {taken("999988887777", "policy-writer"), []string{line(t, record.Intent, id, foreignKey)}, second, "doesn't name sts:AssumeRole on"},
		"a session in this account":            {taken(accountID, "policy-writer"), nil, second, ""},
		"a session of a role that only reads":  {taken("444455556666", "key-reader"), nil, second, "ignored"},
		"an undo's intent, of its call":        {called("kms:PutKeyPolicy", keyARN), []string{lineOf(t, record.Intent, id, statements.Remove{Key: keyARN, Principal: slr})}, first, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if tc.change == nil {
				tc.change = func(*signal.OwnWrite) {}
			}
			seen := ownWrite(tc.change)
			l := w.looker(roles, reading(func(r *readers) {
				r.intents = func(_ context.Context, got string, from, to time.Time) ([]string, error) {
					if got != id || seen.Time.Sub(from) < 15*time.Minute || seen.Time.Sub(from) > time.Hour || !to.After(seen.Time) {
						t.Errorf("looks for %s from %s to %s", got, from, to)
					}
					return tc.lines, nil
				}
			}))
			err := l.Explain(t.Context(), seen, tc.delivery)
			_, ignored := errors.AsType[*signal.Ignored](err)
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
				wantUnexplained(t, w.records[0], seen, tc.want)
			}
		})
	}
}

func roles(x *remediation.Fixer) { x.Settings.RolePrefix, x.Settings.Partition = "keymend-", "aws" }

func wantUnexplained(t *testing.T, r record.Record, w signal.OwnWrite, says string) {
	t.Helper()
	key := w.Target
	if w.Taken() {
		key = ""
	}
	if r.Outcome != outcome.UnexplainedWrite || r.Phase != record.Finding || r.Key != key || r.Principal != w.Role || r.Session == "" || r.Account != accountID || !slices.Equal(r.EventIDs, []string{"e-1"}) {
		t.Errorf("%+v", r)
	}
	on := ""
	if w.Target != "" {
		on = " on " + w.Target
	}
	for _, s := range []string{says, w.Action + on + " at 2026-03-02T09:00:00Z", "docs/security.md"} {
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
		want outcome.Outcome // "" = again
	}{
		"refused":   {denied, outcome.NotPermitted},
		"throttled": {&smithy.GenericAPIError{Code: "ThrottlingException"}, ""},
		"wrong":     {&smithy.GenericAPIError{Code: "InvalidParameterException"}, outcome.Failed},
	} {
		w := newWorld()
		l := w.looker(roles, reading(func(r *readers) {
			r.intents = func(context.Context, string, time.Time, time.Time) ([]string, error) { return nil, tc.err }
		}))
		err := l.Explain(t.Context(), ownWrite(), remediation.Delivery{})
		if again := tc.want == ""; again != errors.Is(err, tc.err) || again != (len(w.records) == 0) || !again && w.records[0].Outcome != tc.want {
			t.Errorf("%s: %v, %v", name, err, outcomes(w.records))
		}
		if tc.want == outcome.NotPermitted && !strings.Contains(w.records[0].Reason, "logs:FilterLogEvents") {
			t.Errorf("%s", w.records[0].Reason)
		}
	}
	w := newWorld()
	if err := w.looker(roles).Explain(t.Context(), ownWrite(), remediation.Delivery{}); err != nil || w.records[0].Outcome != outcome.UnexplainedWrite {
		t.Errorf("an empty log: %v, %v", err, outcomes(w.records))
	}
}

// TestExplainAnothersWrite: a write by another account's Keymend is told as that, and
// neither explained nor unexplained; of a role that others aren't let into, what a
// session says of itself counts for nothing.
func TestExplainAnothersWrite(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]outcome.Outcome{policyWriter: outcome.Ignored, strings.Replace(policyWriter, "policy-writer", "granter", 1): outcome.UnexplainedWrite} {
		w := newWorld()
		err := w.looker(roles).Explain(t.Context(), ownWrite(func(o *signal.OwnWrite) { o.SourceAccount, o.Role, o.Session = "444455556666", role, "keymend-r-1" }), remediation.Delivery{})
		all := w.records
		if err != nil || len(all) != 1 || all[0].Outcome != want || all[0].Principal != role || all[0].Key != keyARN || strings.Contains(all[0].Reason, "by Keymend of account 444455556666") != (want == outcome.Ignored) {
			t.Errorf("%s: %v, %+v", role, err, all)
		}
	}
}
