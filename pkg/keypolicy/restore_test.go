package keypolicy_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/keypolicy"
)

// TestRestoreBringsAnEditBack: whatever somebody had written, and Keymend wrote over
// without having seen it, is in the policy again, beside Keymend's statements, and
// nothing else is. Where it is there, or was seen, nothing is to be brought back.
func TestRestoreBringsAnEditBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, edited := policy(t), policy(t)
		wrote := allow(t, before, slr).After
		got, err := mustParse(t, wrote).Restore(mustParse(t, wrote), mustParse(t, edited))
		if err != nil {
			t.Fatal(err)
		}
		now := mustParse(t, got.After)
		others := mustParse(t, edited) // by meaning: KMS keeps no order of actions
		if lost, more := othersOf(t, now.Lacks(others)), othersOf(t, others.Lacks(now)); len(lost)+len(more) > 0 {
			t.Fatalf("of\n%s\nand\n%s\ncomes\n%s\nwhich lacks %q, and has beside it %q", edited, wrote, got.After, lost, more)
		}
		if !slices.Equal(ours(now), ours(mustParse(t, wrote))) {
			t.Fatalf("of Keymend's own in\n%s\nthere are\n%s", wrote, got.After)
		}
		again, err := now.Restore(mustParse(t, wrote), mustParse(t, edited))
		if err != nil || len(again.Added)+len(again.Removed) > 0 || again.After != got.After {
			t.Fatalf("once more: %+v, %v", again, err)
		}
		seen := allow(t, edited, slr).After
		none, err := mustParse(t, seen).Restore(mustParse(t, seen), mustParse(t, edited))
		if err != nil || len(none.Added)+len(none.Removed) > 0 || none.After != seen {
			t.Fatalf("an edit that was seen: %+v, %v", none, err)
		}
	})
}

// othersOf leaves out the statements that are Keymend's.
func othersOf(t *rapid.T, statements []string) []string {
	return slices.DeleteFunc(statements, func(text string) bool {
		return keypolicy.Owned(mustParse(t, `{"Statement":[`+text+`]}`).Statements()[0])
	})
}

// TestRestoreKeepsLaterEdits: what others wrote since stays.
func TestRestoreKeepsLaterEdits(t *testing.T) {
	t.Parallel()
	statement := func(sid string) string {
		return `{"Sid":"` + sid + `","Effect":"Allow","Principal":"*","Action":"kms:DescribeKey","Resource":"*"}`
	}
	document := func(sids ...string) *keypolicy.Document {
		var all []string
		for _, sid := range sids {
			all = append(all, statement(sid))
		}
		d, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	got, err := document("a", "b", "later").Restore(document("a", "b"), document("a", "c", "d"))
	if err != nil || !keypolicy.Equal(got.After, document("a", "later", "c", "d").String()) || !slices.Equal(got.Added, []string{statement("c"), statement("d")}) || !slices.Equal(got.Removed, []string{statement("b")}) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = document("a", "c", "later").Restore(document("a", "b"), document("a", "c", "d"))
	if err != nil || !slices.Equal(got.Added, []string{statement("d")}) || len(got.Removed) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
