package keypolicy_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/keypolicy"
)

// TestRenamed: nobody is left under the old name, whoever had it has the new one, and
// nothing else changes; back and forth is the text itself.
func TestRenamed(t *testing.T) {
	t.Parallel()
	const id = "AROANEVERSEENBEFORE99"
	rapid.Check(t, func(t *rapid.T) {
		d := mustParse(t, policy(t))
		from := rapid.SampledFrom(principals()).Draw(t, "from")
		got, err := d.Renamed(from, id)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range got.Statements() {
			was := d.Statements()[i]
			if s.Principal == nil {
				continue
			}
			want := slices.Clone(was.Principal.AWS)
			for j := range want {
				if want[j] == from && strings.Contains(d.Member(i, "Principal"), "{") {
					want[j] = id
				}
			}
			if !slices.Equal(s.Principal.AWS, want) {
				t.Fatalf("%q, want %q", s.Principal.AWS, want)
			}
		}
		back, err := got.Renamed(id, from)
		if err != nil || back.String() != d.String() {
			t.Fatalf("%v: %s, was %s", err, back, d)
		}
	})
}

// TestRenamedElsewhere: NotPrincipal is meant, too; a condition and a Sid aren't.
func TestRenamedElsewhere(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::111122223333:role/x"
	text := `{"Statement":[{"Sid":"` + "x" + `","Effect":"Deny","NotPrincipal":{"AWS":["` + role + `", "\u0061rn:aws:iam::111122223333:role/x"]},"Action":"kms:*","Resource":"*",` +
		`"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + role + `"}}}]}`
	d, err := keypolicy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Renamed(role, "AROAEXAMPLEEXAMPLE123")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Statement":[{"Sid":"x","Effect":"Deny","NotPrincipal":{"AWS":["AROAEXAMPLEEXAMPLE123", "AROAEXAMPLEEXAMPLE123"]},"Action":"kms:*","Resource":"*",` +
		`"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + role + `"}}}]}`
	if got.String() != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
