package remediation_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"keymend/pkg/activity"
	"keymend/pkg/kind/grant"
	"keymend/pkg/limit"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// TestAWrittenPolicyIsWatched: a policy that Keymend wrote, and no other change, is
// looked at when CloudTrail shows what was written before it.
func TestAWrittenPolicyIsWatched(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]int{"kms:PutKeyPolicy": 1, "kms:CreateGrant": 0} {
		w, f := newWorld(), &fleet{}
		l := w.looker(roles, f.of, editedBy(nil, nil), reading(func(r *readers) {
			r.intents = func(context.Context, string, time.Time, time.Time) ([]string, error) {
				return []string{line(t, record.Intent, "r-0123456789abcdef", keyARN), lineOf(t, record.Intent, "r-0123456789abcdef", grant.Create{Key: keyARN, Principal: slr, Name: "keymend-x", Operations: []string{"Decrypt"}})}, nil
			}
		}))
		err := l.Explain(t.Context(), ownWrite(func(w *signal.OwnWrite) { w.Action = action }), remediation.Delivery{})
		if err != nil || len(w.records) != 0 || len(f.sent) != want {
			t.Fatalf("%s: %v, %+v, sent %+v", action, err, w.records, f.sent)
		}
		if want == 1 && (f.sent[0].Written != keyARN || f.after[0] != limit.Shown || f.sent[0].Asked != ownWrite().Time) {
			t.Errorf("%+v after %v", f.sent, f.after)
		}
	}
}

// editedBy has CloudTrail show edits of the key.
func editedBy(edits []activity.PolicyEdit, err error) func(*remediation.Fixer) {
	return func(x *remediation.Fixer) {
		x.Edits = func(context.Context, string, string, string, time.Time, time.Time) ([]activity.PolicyEdit, error) {
			return edits, err
		}
	}
}

// TestOverwrittenIsToldOnce: whoever's edit was lost is told once; what can't be asked
// now is asked again, and what may not be asked is on record.
func TestOverwrittenIsToldOnce(t *testing.T) {
	t.Parallel()
	const audit = `{"Sid":"Audit","Effect":"Allow","Principal":"*","Action":"kms:DescribeKey","Resource":"*"}`
	before := strings.Replace(open, `"Statement":[`, `"Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},`, 1)
	after := strings.Replace(before, "EnableRoot", "Root", 1)
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	edits := []activity.PolicyEdit{
		{EventID: "e-2", Time: at, Key: keyARN, Caller: policyWriter, Role: policyWriter, Session: theirs, Policy: after},
		{EventID: "e-1", Time: at.Add(-time.Second), Key: keyARN, Caller: "alice", Policy: strings.Replace(before, `"Statement":[`, `"Statement":[`+audit+`,`, 1)},
	}
	written, err := record.Record{Schema: record.Schema, Phase: record.Result, RemediationID: "r-0123456789abcdef", Key: keyARN, Before: before, After: after}.Line()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.policy = after
	log := map[string][]string{keyARN: {string(written)}}
	look := func(change ...func(*remediation.Fixer)) error {
		l := w.looker(append([]func(*remediation.Fixer){roles, editedBy(edits, nil), reading(func(r *readers) {
			r.intents = func(_ context.Context, id string, _, _ time.Time) ([]string, error) { return log[id], nil }
		})}, change...)...)
		return l.Overwritten(t.Context(), signal.Looks{Account: accountID, Region: region, Written: keyARN, Asked: at})
	}
	if err := look(editedBy(nil, throttled())); err == nil || len(w.records) != 0 {
		t.Errorf("throttled: %v, %+v", err, w.records)
	}
	if err := look(editedBy(nil, denied("cloudtrail:LookupEvents"))); err != nil || len(w.records) != 1 || w.records[0].Outcome != outcome.NotPermitted {
		t.Errorf("not permitted: %v, %+v", err, w.records)
	}
	w.records = nil
	if err := look(); err != nil || len(w.records) != 1 {
		t.Fatalf("%v, %+v", err, w.records)
	}
	r := w.records[0]
	if r.Outcome != outcome.Overwritten || r.ID != "w-e-1" || r.Principal != "alice" || !strings.Contains(r.Reason, "lost is "+audit) || len(r.Run) != 1 || !strings.Contains(r.Run[0].Command, `"Audit"`) || w.writes() != 0 {
		t.Errorf("%+v", r)
	}
	r.Schema = record.Schema // as who writes it sets it
	told, err := r.Line()
	if err != nil {
		t.Fatal(err)
	}
	log["w-e-1"] = []string{string(told)}
	if err := look(); err != nil || len(w.records) != 1 {
		t.Errorf("once more: %v, %d records", err, len(w.records))
	}
	// A log that can't be read now tells nothing.
	failing := errors.New("connection reset")
	if err := look(reading(func(r *readers) {
		r.intents = func(context.Context, string, time.Time, time.Time) ([]string, error) { return nil, failing }
	})); err == nil || len(w.records) != 1 {
		t.Errorf("%v, %d records", err, len(w.records))
	}
}
