package remediation_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// TestAFailureEndsTheDoubt: the role's statements have a condition that may be met. A
// plan for that is a proposal, until a launch fails though the policy is as Keymend saw
// it before.
func TestAFailureEndsTheDoubt(t *testing.T) {
	t.Parallel()
	may := strings.Replace(open, `"Resource":"*"`, `"Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, 1)
	w := newWorld()
	w.policy = may
	var asked error
	x := w.looker(reading(func(r *readers) {
		r.intents = func(_ context.Context, id string, from, to time.Time) ([]string, error) {
			var lines []string
			for _, o := range w.records {
				if o.Schema = record.Schema; o.ID != id || !to.Equal(failure().Failed) || !from.Before(to) {
					continue
				}
				line, err := o.Line()
				if err != nil {
					return nil, err
				}
				lines = append(lines, string(line))
			}
			return lines, asked
		}
	}))
	want := func(o outcome.Outcome, reason guard.Reason) {
		t.Helper()
		found, err := x.Diagnose(t.Context(), failure())
		if err != nil || len(found) != 1 || found[0].Record.Outcome != o || found[0].Verdict.Reason != reason {
			t.Fatalf("%+v, %v", found, err)
		}
	}
	want(outcome.Proposed, guard.MayNotBeNeeded)
	asked = denied("logs:FilterLogEvents")
	want(outcome.Proposed, guard.MayNotBeNeeded)
	asked = nil
	want(outcome.Sent, guard.Consented)
	w.policy = strings.Replace(may, "10.0.0.0/8", "172.16.0.0/12", 1) // somebody edited it: this is seen for the first time
	want(outcome.Proposed, guard.MayNotBeNeeded)
	asked = throttled()
	if _, err := x.Diagnose(t.Context(), failure()); err == nil {
		t.Error("what can't be read now is no answer")
	}
}
