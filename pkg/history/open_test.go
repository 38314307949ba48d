package history_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/history"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// read is a line as wiring hands it to a fold; one that is no record is an empty entry.
func read(line string, at time.Time) history.Entry {
	r, _ := record.ParseShort([]byte(line))
	return history.Entry{At: at, Record: r}
}

// TestFindingsThatAreOpen: the newest line of a finding counts, whatever the order in
// which lines come; what a line doesn't say of the failure and the change, an earlier
// one does.
func TestFindingsThatAreOpen(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	type logged struct {
		at   time.Time
		text string
	}
	line := func(minute int, phase, finding, outcome, more string) logged {
		at := start.Add(time.Duration(minute) * time.Minute)
		return logged{at, fmt.Sprintf(`{"schema":"keymend.audit/2","phase":%q,"outcome":%q,"id":%q,"account":"111122223333","region":"eu-west-1","group":"g-%s","key":"k"%s}`,
			phase, outcome, finding, finding, more)}
	}
	open := history.Findings{Account: "111122223333", Region: "eu-west-1"}
	for _, text := range []logged{
		line(-9, "finding", "f-sent", "proposed", `,"failed":"2026-03-02T08:50:00Z"`),
		line(-5, "proof", "f-sent", "recovered", `,"failed":"2026-03-02T08:50:00Z"`), // and it begins anew
		line(0, "finding", "f-proposed", "proposed", `,"failed":"2026-03-02T08:59:00Z"`),
		line(0, "finding", "f-mended", "proposed", ""),
		line(9, "proof", "f-mended", "recovered", ""),
		line(1, "finding", "f-mended", "proposed", ""), // late
		line(0, "finding", "f-sent", "sent", `,"remediationId":"r-1"`),
		line(60, "finding", "f-just", "sent", `,"remediationId":"r-2"`),
		line(1, "finding", "f-waits", "sent", `,"remediationId":"r-3","failed":"2026-03-02T08:59:00Z"`),
		line(2, "proof", "f-waits", "waiting", `,"proof":{"fixed":"2026-03-02T09:01:30Z"}`),
		line(2, "outcome", "f-proposed", "fixed", ""), // by remediate, in a log of its own
		line(2, "finding", "w-1", "unexplained-write", ""),
		line(2, "finding", "f-gone", "ignored", ""),
		line(2, "finding", "f-other", "not-kms", ""),
		{start, `{"schema":"keymend.audit/2","phase":"finding","outcome":"proposed","id":"f-elsewhere","account":"111122223333","region":"us-east-1","group":"g"}`},
		{start, `{"schema":"keymend.audit/2","phase":"finding","outcome":"settings-invalid","id":"","account":"111122223333","region":"eu-west-1","group":""}`},
		{start, `{"Findings":1,"Outcome":"proposed"}`}, {start, `{`}, {start, ``}, {start, `START RequestId`},
	} {
		open.Add(read(text.text, text.at))
	}
	failed := start.Add(-time.Minute)
	want := []signal.Follow{
		{ID: "f-proposed", Group: "g-f-proposed", Key: "k", Outcome: outcome.Proposed, Failed: failed, Told: start},
		{ID: "f-sent", Group: "g-f-sent", Key: "k", Remediation: "r-1", Outcome: outcome.Sent, Told: start},
		{ID: "f-waits", Group: "g-f-waits", Key: "k", Remediation: "r-3", Outcome: outcome.Waiting, Failed: failed, Fixed: start.Add(90 * time.Second), Told: start.Add(2 * time.Minute)},
	}
	if diff := cmp.Diff(want, open.Open(start.Add(90*time.Minute))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
