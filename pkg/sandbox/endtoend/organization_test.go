package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
)

// TestOrganizationWideStatements: what a statement for the organization gives hangs on
// what Keymend can't know. Where it lacks an operation, AWS's two statements are
// written. Where it may be enough, they are proposed, whether it is or not; and a
// person who asks for them gets them.
func TestOrganizationWideStatements(t *testing.T) {
	t.Parallel()
	const id = "o-a1b2c3d4e5"
	everyone := func(actions string) string {
		return strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"Org","Effect":"Allow","Principal":"*","Action":`+actions+`,"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"`+id+`"}}},`, 1)
	}
	use := `["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"]`
	for name, tc := range map[string]struct {
		actions     string
		in          map[string]string
		runs, heals bool // before Keymend writes, and by what the functions write
	}{
		"without CreateGrant":                {use, map[string]string{account: id}, false, true},
		"all, and the account is in it":      {`"kms:*"`, map[string]string{account: id}, true, false},
		"all, and the account is in another": {`"kms:*"`, map[string]string{account: "o-z9y8x7w6v5"}, false, false},
		"all, and the account is in none":    {`"kms:*"`, nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, switched(func(s *sandbox.Switches) { s.Organizations = tc.in }))
			key := w.key(everyone(tc.actions), enrolled)
			w.launches(w.image(), volume("/dev/xvda", new(true), key))
			w.box.Advance(10 * time.Minute)
			if runs := w.inService("web-prod") == 2; runs != (tc.runs || tc.heals) {
				t.Fatalf("in service: %v\n%v", runs, w.story())
			}
			if tc.heals {
				w.last(outcome.Fixed)
				return
			}
			w.wantUntouched()
			if tc.runs {
				return
			}
			if r := w.last(outcome.Proposed); r.Verdict.Reason != guard.MayNotBeNeeded || !strings.Contains(r.Reason, "aws:PrincipalOrgID") {
				t.Errorf("%+v", r.Verdict)
			}
			if code, said := w.run(account, nil, "diagnose", "web-prod", "--apply"); code != 0 || !strings.Contains(said, "FIXED") {
				t.Errorf("%d %s", code, said)
			}
			w.box.Advance(10 * time.Minute)
			if n := w.inService("web-prod"); n != 2 {
				t.Errorf("%d in service\n%v", n, w.story())
			}
		})
	}
}
