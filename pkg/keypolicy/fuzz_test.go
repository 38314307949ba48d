package keypolicy_test

import (
	"errors"
	"slices"
	"testing"

	"keymend/pkg/keypolicy"
)

func seeds() []string {
	return []string{
		document(root), document(root, both(list(slr))), document(both(list(slrTwo, "AROAEXAMPLEEXAMPLE123"))),
		`{"Statement":` + root + `}`, `{ "Statement" : [ ] }`, `{"Statement":[{"Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}]}`,
		`{"Statement":[{"Principal":{"AWS":["a","\u0041"]}}]}`, `{"Statement":[{"Sid":"\ud800"}]}`, "{\"Statement\":[{\"Sid\":\"\xff\"}]}",
		`{"Statement":[{"Action":"a","Action":"b"}]}`, `[[[[`, `{"Statement":{}}`, ``,
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		d, err := keypolicy.Parse(raw)
		if err != nil {
			return
		}
		if d.String() != raw {
			t.Fatalf("printed %q", d.String())
		}
		keypolicy.Refusals(d)
		if !keypolicy.Equal(raw, " "+raw+"\n") {
			t.Fatal("white space counts")
		}
	})
}

func FuzzEqual(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, document(root))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		equal := keypolicy.Equal(a, b)
		if equal != keypolicy.Equal(b, a) {
			t.Fatal("not symmetric")
		}
		da, errA := keypolicy.Digest(a)
		db, errB := keypolicy.Digest(b)
		if errA == nil && errB == nil && equal != (da == db) {
			t.Fatalf("equal: %v, digests %s %s", equal, da, db)
		}
	})
}

func FuzzAllow(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		d, err := keypolicy.Parse(raw)
		if err != nil {
			return
		}
		e, err := keypolicy.Allow(d, slr)
		if errors.Is(err, keypolicy.ErrFull) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		after := parse(t, e.After)
		again, err := keypolicy.Allow(after, slr)
		if err != nil || again.Before != again.After {
			t.Fatalf("twice: %+v, %v", again, err)
		}
		if !slices.Equal(foreignStatements(d), foreignStatements(after)) {
			t.Fatalf("foreign statements changed: %s", e.After)
		}
		if _, err := keypolicy.Revoke(after, slr); err != nil {
			t.Fatal(err)
		}
	})
}
