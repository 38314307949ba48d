package remediation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

// A tag that was just set shows before it counts for the writers' roles: their
// refusal lasts only if it can't be for that.
func TestATagThatIsTooNew(t *testing.T) {
	t.Parallel()
	const none = "because no identity-based policy allows the kms:PutKeyPolicy action"
	sent := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	first, second := remediation.Delivery{Sent: sent, Receives: 1}, remediation.Delivery{Sent: sent, Receives: 2}
	for name, tc := range map[string]struct {
		because  string
		delivery remediation.Delivery
		change   func(*remediation.Fixer)
		says     string // in the record; "again" = the message comes again
	}{
		"the first delivery":         {none, first, roles, "again"},
		"the second":                 {none, second, roles, "more than the 5 minutes"},
		"a time that isn't known":    {none, remediation.Delivery{}, roles, "a tag may take up to 5 minutes to count"},
		"no reason given":            {"", first, roles, "again"},
		"an explicit deny":           {"with an explicit deny in an identity-based policy", first, roles, ""},
		"the session's policy":       {strings.Replace(none, "identity-based", "session", 1), first, roles, ""},
		"the organization's":         {strings.Replace(none, "identity-based", "service control", 1), first, roles, ""},
		"the key's":                  {strings.Replace(none, "identity-based", "resource-based", 1), first, roles, ""},
		"a person's own credentials": {none, first, func(*remediation.Fixer) {}, ""},
		"roles without the condition": {none, first, func(x *remediation.Fixer) {
			roles(x)
			x.Settings.Scope = settings.AllKeys
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			m := w.message(t)
			w.records, m.Delivery = nil, tc.delivery
			refusal := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: arn:aws:sts::111122223333:assumed-role/keymend-policy-writer/keymend-r-1 is not authorized to perform: kms:PutKeyPolicy on resource: " + keyARN + " " + tc.because}
			w.fail["Put"] = refusal
			r, err := w.fixer(tc.change).Remediate(t.Context(), m)
			if tc.says == "again" {
				if !errors.Is(err, refusal) || !strings.Contains(err.Error(), "may take up to 5 minutes") || len(w.records) != 1 {
					t.Fatalf("%v, %v", err, outcomes(w.records))
				}
				delete(w.fail, "Put")
				m.Delivery.Receives++
				if r, err = w.fixer(tc.change).Remediate(t.Context(), m); err != nil || r.Outcome != "fixed" || w.puts != 1 {
					t.Errorf("the next delivery: %s, %v", r.Outcome, err)
				}
				return
			}
			if err != nil || r.Outcome != "not-permitted" || !strings.Contains(r.Reason, tc.says) || tc.says == "" && strings.Contains(r.Reason, "5 minutes") {
				t.Errorf("%s: %s, %v", r.Outcome, r.Reason, err)
			}
		})
	}
}
