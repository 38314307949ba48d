package keypolicy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/keypolicy"
)

// What a policy lacks are the statements, as they are written, of which it has none that
// means the same.
func TestLacks(t *testing.T) {
	t.Parallel()
	const a, b = `{"Sid":"A","Effect":"Allow","Principal":"*","Action":["kms:Decrypt","kms:Encrypt"],"Resource":"*"}`, `{"Sid":"B","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}`
	const again = `{"Effect":"Allow","Sid":"A","Principal":{"AWS":"*"},"Action":["kms:encrypt","kms:decrypt"],"Resource":"*"}`
	parse := func(statements string) *keypolicy.Document {
		d, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for name, tc := range map[string]struct {
		in, of string
		want   []string
	}{
		"the same":         {a, a, nil},
		"the same meaning": {again, a, nil},
		"another order":    {a + "," + b, b + "," + again, nil},
		"one more":         {a, a + ", " + b, []string{b}},
		"others":           {b, a, []string{a}},
		"fewer":            {a + "," + b, a, nil},
	} {
		if diff := cmp.Diff(tc.want, parse(tc.in).Lacks(parse(tc.of))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
