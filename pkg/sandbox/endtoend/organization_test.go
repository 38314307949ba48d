package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/sandbox/organization"
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
		in          string
		runs, doubt bool // before Keymend writes; whether it is needed shows at the second failure
	}{
		"without CreateGrant":                {use, id, false, false},
		"all, and the account is in it":      {`"kms:*"`, id, true, false},
		"all, and the account is in another": {`"kms:*"`, "o-z9y8x7w6v5", false, true},
		"all, and the account is in none":    {`"kms:*"`, "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tc.in != "" {
				must(t, w.box.SetOrganizations(organization.Of(tc.in, account)))
			}
			key := w.key(everyone(tc.actions), enrolled)
			w.launches(w.image(), volume("/dev/xvda", new(true), key))
			w.box.Advance(10 * time.Minute)
			if n := w.inService("web-prod"); n != 2 {
				t.Fatalf("%d in service\n%v", n, w.story())
			}
			if tc.runs {
				w.wantUntouched()
				return
			}
			w.last(outcome.Fixed)
			first := w.records()[0]
			if doubted := first.Outcome == outcome.Proposed; doubted != tc.doubt || doubted && (first.Verdict.Reason != guard.MayNotBeNeeded || !strings.Contains(first.Reason, "aws:PrincipalOrgID")) {
				t.Errorf("at first: %s, %+v", first.Outcome, first.Verdict)
			}
		})
	}
}
