package precheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keymend/pkg/precheck"
)

// ready is a policy of docs/policies, changed.
func ready(t *testing.T, file string, change ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "policies", file))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(change...).Replace(string(text))
	if len(change) > 0 && changed == string(text) {
		t.Fatalf("%s doesn't have %q", file, change[0])
	}
	return changed
}

// said is what the check says of one matter.
func said(f precheck.Facts, matter string) string {
	var out []string
	s := settings()
	s.Guard = "scp"
	for _, l := range precheck.Check(s, f) {
		if l.Matter == matter {
			out = append(out, string(l.State)+" "+l.Text)
		}
	}
	return strings.Join(out, "\n")
}

// A policy guards the tags only if nobody becomes a role that it spares.
func TestWhoBecomesARoleThatTheConsentGuardSpares(t *testing.T) {
	t.Parallel()
	const claims = " in 111122223333, and keymend:consentGuard says that a policy guards the tags"
	const spared = `"arn:*:iam::*:role/key-consent"]}`
	for want, text := range map[string]string{
		"ok a policy guards the tags that enrol keys":                                                ready(t, "consent-guard.json"),
		"wrong whoever may tag keys may enrol them" + claims:                                         `{"Version":"2012-10-17","Statement":[]}`,
		"wrong whoever may iam:CreateRole role/stacksets-exec-* may enrol keys" + claims:             ready(t, "consent-guard.json", "iam::*:role/stacksets-exec-*\"]\n    }", "iam::*:role/other\"]\n    }"),
		"wrong whoever may iam:UpdateAssumeRolePolicy role/key-consent may enrol keys" + claims:      ready(t, "consent-guard.json", `"iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"`, `"iam:PutRolePolicy"`),
		"wrong whoever may iam:UpdateAssumeRolePolicy role/stacksets-exec-* may enrol keys" + claims: ready(t, "consent-guard.json", `"iam:PutRole*", "iam:UpdateAssumeRolePolicy"`, `"iam:PutRole*"`),
		"wrong whoever may iam:CreateRole role/*Admin may enrol keys" + claims:                       ready(t, "consent-guard.json", spared, `"arn:*:iam::*:role/*Admin"]}`),
		"wrong whoever may iam:CreateUser user/owner may enrol keys" + claims:                        ready(t, "consent-guard.json", spared, `"arn:*:iam::*:role/key-consent", "arn:*:iam::*:user/owner"]}`),
	} {
		if got := said(bounded(text), "consent"); got != want {
			t.Errorf("says\n%s\nwant\n%s", got, want)
		}
	}
	for _, others := range []string{ // whom nobody becomes, or who isn't of the account
		"arn:*:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Keys_*", "arn:*:iam::*:role/aws-service-role/*", "arn:aws:iam::444455556666:role/keys", "arn:*:iam::*:root",
	} {
		text := ready(t, "consent-guard.json", spared, `"arn:*:iam::*:role/key-consent", "`+others+`"]}`)
		if got := said(bounded(text), "consent"); got != "ok a policy guards the tags that enrol keys" {
			t.Errorf("%s: %s", others, got)
		}
	}
}

// A policy on each account there is guards none that joins.
func TestTheGuardOfAccountsThatJoin(t *testing.T) {
	t.Parallel()
	const open = "wrong whoever may tag keys may enrol them in accounts that join ou-a1b2-11111111, and keymend:consentGuard says that a policy guards the tags"
	f := bounded(`{"Version":"2012-10-17","Statement":[]}`)
	f.Policies.Value[member] = append(f.Policies.Value[member], precheck.Policy{ID: "p-00000002", Name: "guard", Text: ready(t, "consent-guard.json")})
	if got := said(f, "consent"); got != open {
		t.Error(got)
	}
	f = bounded(`{"Version":"2012-10-17","Statement":[]}`)
	f.Tree.Value.Accounts = nil
	if got := said(f, "consent"); got != open {
		t.Errorf("a unit without accounts: %s", got)
	}
	f.Tree.Value.Missing = []string{"ou-a1b2-11111111"}
	if got := said(f, "consent"); got != "" {
		t.Errorf("no unit: %s", got)
	}
}

func TestWhoBecomesARoleThatTheHubsGuardSpares(t *testing.T) {
	t.Parallel()
	for want, text := range map[string]string{
		"ok a policy guards code, roles, queues and bus in account 999900001111": ready(t, "hub.json"),
		"note whoever administers account 999900001111 may iam:CreateRole role/stacksets-exec-*, and as that lambda:UpdateFunctionCode on what is Keymend's": ready(t, "hub.json",
			"role/stacksets-exec-*\"]\n    }", "role/other\"]\n    }"),
		"note whoever administers account 999900001111 may iam:CreateRole role/cdk-*-cfn-exec-role-*, and as that lambda:UpdateFunctionCode on what is Keymend's": ready(t, "hub.json",
			`"arn:*:iam::*:role/keymend-*", "arn:*:iam::*:role/cdk-*"`, `"arn:*:iam::*:role/keymend-*"`),
		"note whoever administers account 999900001111 may s3:PutBucketPolicy on what is Keymend's": ready(t, "hub.json", `"s3:Put*"`, `"s3:PutObject*"`),
		"note whoever administers account 999900001111 may s3:PutObject on what is Keymend's":       ready(t, "hub.json", `"s3:Put*"`, `"s3:PutBucket*"`),
	} {
		f := bounded(`{"Version":"2012-10-17","Statement":[]}`)
		f.Hub.Value = precheck.Active
		f.Policies.Value[hub] = append(f.Policies.Value[hub], precheck.Policy{ID: "p-00000002", Name: "hub's", Text: text})
		if got := said(f, "hub's guard"); got != want {
			t.Errorf("says\n%s\nwant\n%s", got, want)
		}
	}
}
