package whatif_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/slr"
	"keymend/pkg/whatif"
)

func parse(t *testing.T, text string) *keypolicy.Document {
	t.Helper()
	d, err := keypolicy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func statement(effect, member, principal, action, more string) string {
	return fmt.Sprintf(`{"Effect":%q,%q:{"AWS":%s},"Action":%q,"Resource":"*"%s}`, effect, member, principal, action, more)
}

// TestNamed: roles of the account by name, wherever a principal stands, and nothing else.
func TestNamed(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"Statement":[`+
		statement("Allow", "Principal", `["`+roles()[0]+`","`+roles()[2]+`","arn:aws:iam::`+account+`:root","arn:aws:iam::`+account+`:user/x","*"]`, "kms:*", "")+`,`+
		statement("Deny", "NotPrincipal", `["`+roles()[1]+`","`+roles()[0]+`","arn:aws:iam::444455556666:role/x","arn:aws:sts::`+account+`:assumed-role/a/b"]`, "kms:*", "")+`,`+
		`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"kms:*","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::`+account+`:role/c"}}}]}`)
	if diff := cmp.Diff([]string{roles()[0], roles()[2], roles()[1]}, whatif.Named(d, account)); diff != "" {
		t.Error(diff)
	}
}

// TestDropped: Keymend's statements, as it writes them itself.
func TestDropped(t *testing.T) {
	t.Parallel()
	bare := parse(t, `{"Version":"2012-10-17","Statement":[`+statement("Allow", "Principal", `"arn:aws:iam::`+account+`:root"`, "kms:*", "")+`]}`)
	allow := func(d *keypolicy.Document, role string) *keypolicy.Document {
		edit, err := keypolicy.Allow(d, role)
		if err != nil {
			t.Fatal(err)
		}
		return parse(t, edit.After)
	}
	one := allow(bare, roles()[0])
	two := allow(one, roles()[1])
	both := []string{`#1 "KeymendUse"`, `#2 "KeymendCreateGrant"`}
	for name, tc := range map[string]struct {
		now, next *keypolicy.Document
		want      []string
	}{
		"nothing of ours": {bare, one, nil}, "kept": {one, one, nil}, "extended": {one, two, nil},
		"gone": {one, bare, both}, "for fewer": {two, one, both},
		"somebody's now": {one, parse(t, `{"Statement":[{"Sid":"KeymendUse","Effect":"Allow","Principal":{"AWS":"`+roles()[0]+`"},"Action":"kms:*","Resource":"*"}]}`), both},
	} {
		if diff := cmp.Diff(tc.want, whatif.Dropped(tc.now, tc.next)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestLocksOut: what isn't denied for certain isn't said to be.
func TestLocksOut(t *testing.T) {
	t.Parallel()
	const root, admin = "arn:aws:iam::" + account + ":root", "arn:aws:iam::" + account + ":user/admin"
	toRoot := statement("Allow", "Principal", `"`+root+`"`, "kms:*", "")
	for name, tc := range map[string]struct {
		statements string
		who        string
		want       bool
	}{
		"delegated":             {toRoot, admin, false},
		"the root itself":       {toRoot, root, false},
		"named":                 {statement("Allow", "Principal", `"`+admin+`"`, "kms:Put*", ""), admin, false},
		"the root isn't named":  {statement("Allow", "Principal", `"`+admin+`"`, "kms:*", ""), root, true},
		"nobody":                {statement("Allow", "Principal", `"`+slr.ARN("aws", account, "")+`"`, "kms:*", ""), admin, true},
		"less than it":          {statement("Allow", "Principal", `"`+admin+`"`, "kms:Get*", ""), admin, true},
		"denied":                {toRoot + `,` + statement("Deny", "Principal", `"`+admin+`"`, "kms:PutKeyPolicy", ""), admin, true},
		"from another Region":   {statement("Allow", "Principal", `"*"`, "kms:*", `,"Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`), admin, true},
		"a condition of theirs": {statement("Allow", "Principal", `"`+admin+`"`, "kms:*", `,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), admin, false},
	} {
		p := whatif.Policy{Key: key, Document: parse(t, `{"Version":"2012-10-17","Statement":[`+tc.statements+`]}`)}
		if got := whatif.LocksOut(p, access.Principal{ARN: tc.who}); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
