package ident_test

import (
	"regexp"
	"testing"

	"keymend/pkg/sandbox/ident"
)

// TestForms holds what AWS's ids look like, and that each is another.
func TestForms(t *testing.T) {
	t.Parallel()
	for form, id := range map[string]func() string{
		`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`: ident.UUID,
		`^[0-9a-f]{64}$`: ident.Hex,
	} {
		first, second := id(), id()
		if !regexp.MustCompile(form).MatchString(first) || first == second {
			t.Errorf("%s, then %s; want two of the form %s", first, second, form)
		}
	}
}
