package history_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/activity"
	"keymend/pkg/history"
	"keymend/pkg/record"
)

// TestOverwrote: which of somebody's edits a write of Keymend's took back.
func TestOverwrote(t *testing.T) {
	t.Parallel()
	const (
		key    = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000009"
		others = `{"Sid":"SID","Effect":"Allow","Principal":"*","Action":"kms:DescribeKey","Resource":"*"}`
		// ours is k: Keymend's own.
		ours = `{"Sid":"KeymendCreateGrant","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]},` +
			`"Action":["kms:CreateGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`
	)
	policy := func(sids string) string {
		var all []string
		for sid := range strings.FieldsSeq(sids) {
			all = append(all, map[bool]string{false: strings.Replace(others, "SID", sid, 1), true: ours}[sid == "k"])
		}
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`
	}
	at := func(second int) time.Time { return time.Date(2026, 3, 2, 9, 0, second, 0, time.UTC) }
	edit := func(second int, sids string) activity.PolicyEdit {
		return activity.PolicyEdit{EventID: sids, Time: at(second), Key: key, Caller: "arn:aws:iam::111122223333:user/alice", Policy: policy(sids)}
	}
	write := func(second int, sids string) activity.PolicyEdit {
		e := edit(second, sids)
		e.Role, e.Session = "writer", "keymend-r-1"
		return e
	}
	wrote := func(before, after string) record.Record {
		return record.Record{Phase: record.Result, RemediationID: "r-1", Key: key, Before: policy(before), After: policy(after)}
	}
	own := func(e activity.PolicyEdit) bool { return e.Role == "writer" }
	for name, tc := range map[string]struct {
		edits   []activity.PolicyEdit
		records []record.Record
		now     string
		want    string // event of the edit that was overwritten; "" = none was
		lost    int
		back    int
	}{
		"an edit that wasn't seen":          {edits: []activity.PolicyEdit{edit(1, "a b"), write(2, "a k")}, records: []record.Record{wrote("a", "a k")}, now: "a k", want: "a b", lost: 1},
		"the newest first":                  {edits: []activity.PolicyEdit{write(2, "a k"), edit(1, "a b")}, records: []record.Record{wrote("a", "a k")}, now: "a k", want: "a b", lost: 1},
		"one that took a statement out":     {edits: []activity.PolicyEdit{edit(1, "b"), write(2, "a b k")}, records: []record.Record{wrote("a b", "a b k")}, now: "a b k", want: "b", back: 1},
		"it was seen":                       {edits: []activity.PolicyEdit{edit(1, "a b"), write(2, "a b k")}, records: []record.Record{wrote("a b", "a b k")}, now: "a b k"},
		"only the last was not":             {edits: []activity.PolicyEdit{edit(1, "a b"), edit(3, "a c"), write(4, "a b k")}, records: []record.Record{wrote("a b", "a b k")}, now: "a b k", want: "a c", lost: 1, back: 1},
		"another write came between":        {edits: []activity.PolicyEdit{edit(1, "a b"), edit(2, "a c"), write(4, "a c k")}, records: []record.Record{wrote("a c", "a c k")}, now: "a c k"},
		"it came after":                     {edits: []activity.PolicyEdit{write(2, "a k"), edit(3, "a b")}, records: []record.Record{wrote("a", "a k")}, now: "a b"},
		"in the same second, and it stays":  {edits: []activity.PolicyEdit{write(2, "a k"), edit(2, "a b")}, records: []record.Record{wrote("a", "a k")}, now: "a b"},
		"in the same second, and it's gone": {edits: []activity.PolicyEdit{write(2, "a k"), edit(2, "a b")}, records: []record.Record{wrote("a", "a k")}, now: "a k", want: "a b", lost: 1},
		"it was made again":                 {edits: []activity.PolicyEdit{edit(1, "a b"), write(2, "a k"), edit(9, "a b k")}, records: []record.Record{wrote("a", "a k")}, now: "a b k"},
		"nothing tells what it was made of": {edits: []activity.PolicyEdit{edit(1, "a b"), write(2, "a k")}, now: "a k"},
		"the record is of another write":    {edits: []activity.PolicyEdit{edit(1, "a b"), write(2, "a k")}, records: []record.Record{wrote("a", "a x")}, now: "a k"},
		"nobody else wrote":                 {edits: []activity.PolicyEdit{write(1, "a k")}, records: []record.Record{wrote("a", "a k")}, now: "a k"},
	} {
		got := history.Overwrote(tc.edits, own, tc.records, policy(tc.now))
		switch {
		case tc.want == "" && len(got) > 0, tc.want != "" && len(got) != 1:
			t.Errorf("%s: %+v", name, got)
		case len(got) == 1 && (got[0].Edit.EventID != tc.want || got[0].By.Session != "keymend-r-1" || len(got[0].Restore.Added) != tc.lost || len(got[0].Restore.Removed) != tc.back):
			t.Errorf("%s: %+v", name, got[0])
		}
	}
}
