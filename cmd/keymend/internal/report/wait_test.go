package report_test

import (
	"bytes"
	"testing"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
)

// TestWaitScreens holds what is said at the end of a wait, and its exit code.
func TestWaitScreens(t *testing.T) {
	t.Parallel()
	for name, code := range map[report.WaitEnd]report.Code{
		report.WaitInService: 0, report.WaitStillFailing: 4, report.WaitSuspended: 4, report.WaitGone: 4, report.WaitTimeIsUp: 3, report.WaitInterrupted: 3,
	} {
		w := report.Wait{
			Account: "111122223333", Region: "eu-west-1", Group: "web-prod", Place: report.Place{Account: "111122223333", Region: "eu-west-1", Profile: "prod"},
			Outcome: name, Desired: 2, Passed: 95 * time.Second, Undo: []string{"keymend undo r-1a2b3c4d5e6f7a8b --file audit.jsonl"},
		}
		switch name {
		case report.WaitInService:
			w.Healthy, w.Instances = 2, []string{"i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60719"}
		case report.WaitStillFailing:
			w.Message, w.Cause = "We currently do not have sufficient m5.large capacity. Launching EC2 instance failed.\x1b[2J", "AWS has too few such instances there at the moment; it passes by itself"
		case report.WaitSuspended:
			w.Message = "User suspended at 2026-02-26T18:56:36Z"
		}
		var text bytes.Buffer
		p := screen.New(&text, false)
		w.Show(p)
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		golden(t, "wait-"+string(name), text.Bytes())
		if w.Code() != code {
			t.Errorf("%s: exit code %d, want %d", string(name), w.Code(), code)
		}
	}
}
