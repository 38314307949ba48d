package enrol_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/enrol"
	"keymend/pkg/keypolicy"
	"keymend/pkg/quote"
)

const (
	own = "111122223333"
	key = "arn:aws:kms:eu-west-1:" + own + ":key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
	slr = "arn:aws:iam::" + own + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

// facts are those of a key that is closed, and not enrolled.
func facts(t *testing.T) enrol.Facts {
	t.Helper()
	policy, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + own + `:root"},"Action":"kms:*","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	f := enrol.Facts{Key: key, Day: "2026-03-02", Caller: own, Alias: "alias/platform-ebs", Tags: map[string]string{}}
	f.Policy = policy
	f.Facts.Key = access.Key{ARN: key, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}
	return f
}

// sum is what counts of an enrolment, in a line.
func sum(e enrol.Enrolment) string {
	now := "no"
	if e.Enrolled != nil {
		now = fmt.Sprint(e.Enrolled.Since, e.Enrolled.Accounts, e.Enrolled.Copies)
	}
	return fmt.Sprintf("now %s; then %v%v changes %v; open %d; unseen %d; mend %d; refused %v", now, e.Then.Accounts, e.Then.Copies, e.Changes, len(e.OpenTo), len(e.CouldNotSee), len(e.Mend), e.Refused != "")
}

func TestEnrolments(t *testing.T) {
	t.Parallel()
	others := "444455556666 777788889999"
	many := make([]string, 20)
	for i := range many {
		many[i] = fmt.Sprintf("4444555566%02d", i)
	}
	for name, tc := range map[string]struct {
		change func(*enrol.Facts)
		want   string
	}{
		"closed":   {func(*enrol.Facts) {}, "now no; then [][] changes true; open 0; unseen 0; mend 0; refused false"},
		"enrolled": {func(f *enrol.Facts) { f.Tags["keymend"] = "remediate" }, "now [] []; then [][] changes false; open 0; unseen 0; mend 0; refused false"},
		"since":    {func(f *enrol.Facts) { f.Tags["keymend"] = "remediate 2026-01-01" }, "now 2026-01-01[] []; then [][] changes false; open 0; unseen 0; mend 0; refused false"},
		"ignored":  {func(f *enrol.Facts) { f.Tags["Keymend"] = "Ignore" }, "now no; then [][] changes true; open 0; unseen 0; mend 0; refused false"},
		"for more": {func(f *enrol.Facts) {
			f.Tags["keymend"], f.Tags["keymend-accounts"], f.For = "remediate", "444455556666", []string{"777788889999"}
		}, "now [444455556666] []; then [444455556666 777788889999][] changes true; open 0; unseen 0; mend 0; refused false"},
		"the same": {func(f *enrol.Facts) {
			f.Tags["keymend"], f.Tags["keymend-accounts"], f.For = "remediate", others, strings.Fields(others)[1:]
		}, "now [444455556666 777788889999] []; then [444455556666 777788889999][] changes false; open 0; unseen 0; mend 0; refused false"},
		"copies": {func(f *enrol.Facts) { f.For, f.Copy = strings.Fields(others), true }, "now no; then [444455556666 777788889999][444455556666 777788889999] changes true; open 0; unseen 0; mend 0; refused false"},
		"all of it": {func(f *enrol.Facts) {
			f.Tags["keymend"], f.Tags["keymend-accounts"], f.For = "remediate", "organization", strings.Fields(others)
		}, "now [organization] []; then [organization][] changes false; open 0; unseen 0; mend 0; refused false"},
		"too many": {func(f *enrol.Facts) { f.Tags["keymend-accounts"], f.For = strings.Join(many[:15], " "), many[15:] }, "now no; then [" + strings.Join(many, " ") + "][] changes true; open 0; unseen 0; mend 0; refused true"},
		"open": {func(f *enrol.Facts) {
			f.Policy, _ = keypolicy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + slr + `","` + slr + `_payments"]},"Action":"kms:*","Resource":"*"}]}`)
		}, "now no; then [][] changes true; open 2; unseen 0; mend 0; refused false"},
		"no policy seen": {func(f *enrol.Facts) { f.Policy, f.PolicyUnreadable = nil, "AccessDenied" }, "now no; then [][] changes true; open 0; unseen 1; mend 0; refused false"},
		"no tags seen":   {func(f *enrol.Facts) { f.Tags, f.TagsFrom = nil, "AccessDenied" }, "now no; then [][] changes true; open 0; unseen 1; mend 0; refused false"},
		"another's":      {func(f *enrol.Facts) { f.Caller = "444455556666" }, "now no; then [][] changes true; open 0; unseen 1; mend 0; refused false"},
		"nothing seen":   {func(f *enrol.Facts) { *f = enrol.Facts{Key: key, Day: f.Day, Unread: "no credentials"} }, "now no; then [][] changes true; open 0; unseen 1; mend 0; refused false"},
		"disabled":       {func(f *enrol.Facts) { f.Facts.Key.State = "Disabled" }, "now no; then [][] changes true; open 0; unseen 0; mend 1; refused false"},
		"AWS's":          {func(f *enrol.Facts) { f.Facts.Key.Manager = "AWS" }, "now no; then [][] changes true; open 0; unseen 0; mend 0; refused true"},
		"asymmetric":     {func(f *enrol.Facts) { f.Facts.Key.Spec, f.Facts.Key.Usage = "RSA_2048", "SIGN_VERIFY" }, "now no; then [][] changes true; open 0; unseen 0; mend 0; refused true"},
		"to be deleted":  {func(f *enrol.Facts) { f.Facts.Key.State = "PendingDeletion" }, "now no; then [][] changes true; open 0; unseen 0; mend 2; refused true"},
	} {
		f := facts(t)
		tc.change(&f)
		e := enrol.Of(f).Placed(func(task quote.Task) string { return task.Command + " # " + task.Account })
		if got := sum(e); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tc.want)
		}
		if (e.Command == "") != (e.Refused != "") || e.Command != "" && (!strings.HasPrefix(e.Command, "aws kms tag-resource --key-id "+key) || !strings.HasSuffix(e.Command, " # "+own)) {
			t.Errorf("%s: %s", name, e.Command)
		}
		if e.Enrolled != nil && len(e.Enrolled.Accounts) > 0 && !strings.Contains(e.Command, "TagKey=keymend-accounts,TagValue="+e.Enrolled.Accounts[0]) && !strings.Contains(e.Command, "TagValue="+strings.Join(e.Then.Accounts, " ")) {
			t.Errorf("%s: an account that the tags name is lost: %s", name, e.Command)
		}
		if slices.Contains(e.CouldNotSee, "") {
			t.Errorf("%s: %q", name, e.CouldNotSee)
		}
	}
}
