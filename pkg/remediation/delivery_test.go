package remediation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/apply/refusal"
	"keymend/pkg/remediation"
)

// A role that was just made isn't known to KMS at once: the message comes again,
// and nothing else is tried. Of a role that KMS must know by now, or whose age
// can't be told, the refusal stands, and a grant does as well.
func TestARoleThatIsTooNew(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	again, final := []string{"intent:"}, []string{"intent:", "outcome:failed", "intent:", "outcome:fixed"}
	for name, tc := range map[string]struct {
		created  time.Time
		delivery remediation.Delivery
		want     []string
	}{
		"made a minute ago":          {sent.Add(-time.Minute), remediation.Delivery{Sent: sent, Receives: 1}, again},
		"made since":                 {sent.Add(time.Second), remediation.Delivery{Sent: sent, Receives: 1}, again},
		"made a minute ago, again":   {sent.Add(-time.Minute), remediation.Delivery{Sent: sent, Receives: 2}, final},
		"made long ago":              {sent.Add(-time.Hour), remediation.Delivery{Sent: sent, Receives: 1}, final},
		"age not known":              {time.Time{}, remediation.Delivery{Sent: sent, Receives: 1}, final},
		"the time is not known":      {sent, remediation.Delivery{}, final},
		"deliveries aren't counted":  {sent.Add(-time.Minute), remediation.Delivery{Sent: sent}, again},
		"made as the message was so": {sent, remediation.Delivery{Sent: sent, Receives: 1}, again},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.created = tc.created
			m := w.message(t)
			w.records, m.Delivery = nil, tc.delivery
			w.fail["Put"] = &types.MalformedPolicyDocumentException{Message: new("Policy contains a statement with one or more invalid principals.")}
			r, err := w.fixer().Remediate(t.Context(), m)
			if diff := cmp.Diff(tc.want, outcomes(w.records)); diff != "" || errors.Is(err, refusal.ErrNotKnown) != (len(tc.want) == 1) {
				t.Fatalf("%v, %s: %s", err, r.Reason, diff)
			}
			if len(tc.want) > 1 {
				return
			}
			delete(w.fail, "Put")
			m.Delivery.Receives++
			if r, err = w.fixer().Remediate(t.Context(), m); err != nil || r.Outcome != "fixed" || w.made != 0 || w.puts != 1 {
				t.Errorf("the next delivery: %s, %v, %d grants", r.Outcome, err, w.made)
			}
		})
	}
}

// The same text about a grant: it comes again, and says why.
func TestAGranteeThatIsTooNew(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.tags["aws:cloudformation:stack-name"] = "keys"
	w.created = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	m := w.message(t)
	m.Delivery = remediation.Delivery{Sent: w.created, Receives: 1}
	w.fail["Grant"] = &types.InvalidArnException{Message: new("ARN does not refer to a valid principal: " + slr)}
	if _, err := w.fixer().Remediate(t.Context(), m); !errors.Is(err, refusal.ErrNotKnown) || !strings.Contains(err.Error(), slr) {
		t.Errorf("%v", err)
	}
	m.Delivery.Receives = 2
	if r, err := w.fixer().Remediate(t.Context(), m); err != nil || r.Outcome != "failed" || !strings.Contains(r.Reason, "valid principal") {
		t.Errorf("%s %s, %v", r.Outcome, r.Reason, err)
	}
}
