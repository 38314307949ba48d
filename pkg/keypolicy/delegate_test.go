package keypolicy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/keypolicy"
)

const (
	other     = "444455556666"
	third     = "777788889999"
	otherRoot = "arn:aws:iam::" + other + ":root"
	granter   = "arn:aws:iam::" + other + ":role/keymend-granter"
)

// useBy and createGrantBy are the two statements for another account as Keymend
// writes them; a granter narrows the second one.
func useBy(sid, account string) string {
	return use(sid+account, list("arn:aws:iam::"+account+":root"))
}

func createGrantBy(sid, account, granter string) string {
	by := ""
	if granter != "" {
		by = fmt.Sprintf(`"ArnEquals":{"aws:PrincipalArn":%q},`, granter)
	}
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::%s:root"]},"Action":["kms:CreateGrant"],"Resource":"*","Condition":{`+by+
		`"StringLike":{"kms:GranteePrincipal":"arn:aws:iam::%s:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"},`+
		`"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","Decrypt","ReEncryptFrom","ReEncryptTo","GenerateDataKey","GenerateDataKeyWithoutPlaintext","DescribeKey","CreateGrant"]}}}`,
		sid+account, account, account)
}

func pair(account string) string {
	return useBy("KeymendUseBy", account) + "," + createGrantBy("KeymendCreateGrantBy", account, "")
}

func procedure() keypolicy.Delegation {
	return keypolicy.Delegation{Partition: "aws", Account: other}
}

func least() keypolicy.Delegation {
	return keypolicy.Delegation{Partition: "aws", Account: other, Granter: granter}
}

func TestDelegate(t *testing.T) {
	t.Parallel()
	onlyGrant := createGrantBy("KeymendCreateGrantBy", other, granter)
	second := func(s string) string { return strings.Replace(s, other+`","Effect"`, other+`2","Effect"`, 1) }
	altered := strings.Replace(useBy("KeymendUseBy", other), "kms:DescribeKey", "kms:Describe*", 1)
	byHand := strings.Replace(useBy("KeymendUseBy", other), otherRoot, other, 1)
	for name, tc := range map[string]struct {
		to            keypolicy.Delegation
		before, after string
	}{
		"both statements":         {procedure(), document(root), document(root, pair(other))},
		"only the grant":          {least(), document(root), document(root, onlyGrant)},
		"nothing to do":           {procedure(), document(pair(other)), document(pair(other))},
		"nothing to do, least":    {least(), document(onlyGrant), document(onlyGrant)},
		"one is missing":          {procedure(), document(useBy("KeymendUseBy", other)), document(pair(other))},
		"a pair for each account": {procedure(), document(root, pair(third)), document(root, pair(third), pair(other))},
		"beside the roles' own":   {procedure(), document(both(list(slr))), document(both(list(slr)), pair(other))},
		"our Sid, altered":        {procedure(), document(altered), document(altered, second(useBy("KeymendUseBy", other)), createGrantBy("KeymendCreateGrantBy", other, ""))},
		"the account by its id":   {procedure(), document(byHand), document(byHand, createGrantBy("KeymendCreateGrantBy", other, ""))},
		"another granter's":       {keypolicy.Delegation{Partition: "aws", Account: other, Granter: granter + "2"}, document(onlyGrant), document(onlyGrant, second(createGrantBy("KeymendCreateGrantBy", other, granter+"2")))},
		"takes the dead out":      {procedure(), document(root, both(list("AROAEXAMPLEEXAMPLE123"))), document(root, pair(other))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := keypolicy.Delegate(parse(t, tc.before), tc.to)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.after, e.After); diff != "" || e.Before != tc.before {
				t.Error(diff)
			}
			for _, s := range parse(t, e.After).Statements() {
				if strings.HasPrefix(s.Sid, "Keymend") && !keypolicy.Owned(s) && !slices.Contains(s.Action, "kms:Describe*") {
					t.Errorf("%s isn't recognised as Keymend's", s.Name())
				}
			}
		})
	}
}

// The last line of defence: no principal but one account's root, and no granter
// that is of elsewhere or stands for several.
func TestDelegateRefuses(t *testing.T) {
	t.Parallel()
	with := func(partition, account, granter string) keypolicy.Delegation {
		return keypolicy.Delegation{Partition: partition, Account: account, Granter: granter}
	}
	for name, to := range map[string]keypolicy.Delegation{
		"nothing":               {},
		"everyone":              with("aws", "*", ""),
		"a wildcard inside":     with("aws", "44445555666?", ""),
		"too short":             with("aws", "44445555666", ""),
		"no partition":          with("", other, ""),
		"a partition of many":   with("aws*", other, ""),
		"an ARN":                with("aws", otherRoot, ""),
		"a line break":          with("aws", other+"\n", ""),
		"another's granter":     with("aws", other, strings.Replace(granter, other, third, 1)),
		"another partition's":   with("aws-cn", other, granter),
		"any granter":           with("aws", other, "*"),
		"granters by wildcard":  with("aws", other, granter+"*"),
		"a session for granter": with("aws", other, "arn:aws:sts::"+other+":assumed-role/keymend-granter/x"),
		"a quote":               with("aws", other, granter+`"`),
		"the root for granter":  with("aws", other, otherRoot),
	} {
		if e, err := keypolicy.Delegate(parse(t, document(root)), to); err == nil {
			t.Errorf("%s: %s", name, e.After)
		}
	}
}

// A statement that is Keymend's but for something small is someone else's.
func TestOwnedDelegationsAreExact(t *testing.T) {
	t.Parallel()
	for _, s := range []string{useBy("KeymendUseBy", other), createGrantBy("KeymendCreateGrantBy", other, ""), createGrantBy("KeymendCreateGrantBy", other, granter)} {
		if !keypolicy.Owned(parse(t, document(s)).Statements()[0]) {
			t.Errorf("not owned: %s", s)
		}
		for _, edit := range [][2]string{
			{otherRoot + `"]`, otherRoot + `","` + slr + `"]`}, // one principal, no more
			{otherRoot, strings.Replace(otherRoot, other, third, 1)},
			{otherRoot, slr},
			{otherRoot, "*"},
			{"By" + other, "By" + third},
			{"By" + other, "By" + other + "1"},
			{"By" + other, "By" + other + "02"},
			{"By" + other, "By"},
			{`"Allow"`, `"Deny"`},
			{`"kms:DescribeKey"`, `"kms:Describe*"`},
			{`:["kms:CreateGrant"]`, `:["kms:*"]`},
			{`AutoScaling*"`, `*"`},
			{`"DescribeKey","CreateGrant"`, `"DescribeKey","CreateGrant","RetireGrant"`},
			{`"ForAllValues:StringEquals"`, `"ForAnyValue:StringEquals"`},
			{`"ArnEquals"`, `"ArnLike"`},
			{granter, granter + "*"},
			{granter, "*"},
		} {
			changed := strings.Replace(s, edit[0], edit[1], 1)
			if changed != s && keypolicy.Owned(parse(t, document(changed)).Statements()[0]) {
				t.Errorf("owned with %s for %s: %s", edit[1], edit[0], changed)
			}
		}
	}
}

func TestRevokeOfADelegation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before, after string
		sids          []string
	}{
		"both go":             {document(root, pair(other)), document(root), nil},
		"others' stay":        {document(pair(third), pair(other)), document(pair(third)), nil},
		"only what was added": {document(root, pair(other)), document(root, useBy("KeymendUseBy", other)), []string{"KeymendCreateGrantBy" + other}},
		"foreign ones stay":   {document(strings.Replace(pair(other), "KeymendUseBy"+other, "Theirs", 1)), document(strings.Replace(useBy("KeymendUseBy", other), "KeymendUseBy"+other, "Theirs", 1)), nil},
	} {
		e, err := keypolicy.Revoke(parse(t, tc.before), otherRoot, tc.sids...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.after, e.After); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What holds for Allow holds for Delegate: foreign statements stay, doing it
// twice is doing it once, what is written is read as Keymend's own, and taking
// it back gives the very bytes.
func TestDelegateIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, to := policy(t), rapid.SampledFrom([]keypolicy.Delegation{procedure(), least(), {Partition: "aws", Account: third}}).Draw(t, "to")
		before := mustParse(t, raw)
		e, err := keypolicy.Delegate(before, to)
		if err != nil {
			t.Fatal(err)
		}
		after := mustParse(t, e.After)
		if !slices.Equal(foreignStatements(before), foreignStatements(after)) {
			t.Fatalf("foreign statements changed: %s", e.After)
		}
		again, err := keypolicy.Delegate(after, to)
		if err != nil || again.Before != again.After || len(again.Added) != 0 {
			t.Fatalf("twice: %+v, %v", again, err)
		}
		theRoot := "arn:aws:iam::" + to.Account + ":root"
		for _, p := range ours(after) {
			if p != theRoot && !slices.Contains(ours(before), p) || keypolicy.IsUniqueID(p) {
				t.Fatalf("our statements name %s", p)
			}
		}
		if slices.ContainsFunc(ours(before), keypolicy.IsUniqueID) || e.Before == e.After {
			return // Delegate takes dead ids out, and nothing brings them back
		}
		back, err := keypolicy.Revoke(after, theRoot, e.Sids...)
		if err != nil || back.After != raw {
			t.Fatalf("got  %s\nwant %s\n(%v)", back.After, raw, err)
		}
	})
}

func FuzzDelegate(f *testing.F) {
	for _, s := range append(seeds(), document(root, pair(other)), document(createGrantBy("KeymendCreateGrantBy", other, granter))) {
		f.Add(s, other, granter)
	}
	f.Add(document(root), "*", "*")
	f.Fuzz(func(t *testing.T, raw, account, granter string) {
		d, err := keypolicy.Parse(raw)
		if err != nil {
			return
		}
		e, err := keypolicy.Delegate(d, keypolicy.Delegation{Partition: "aws", Account: account, Granter: granter})
		if err != nil {
			return
		}
		after := parse(t, e.After)
		if !slices.Equal(foreignStatements(d), foreignStatements(after)) {
			t.Fatalf("foreign statements changed: %s", e.After)
		}
		for _, s := range after.Statements() {
			if slices.Contains(e.Sids, s.Sid) && !keypolicy.Owned(s) {
				t.Fatalf("written, and not owned: %+v", s)
			}
		}
		if _, err := keypolicy.Revoke(after, "arn:aws:iam::"+account+":root", e.Sids...); err != nil {
			t.Fatal(err)
		}
	})
}
