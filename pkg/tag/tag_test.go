package tag_test

import (
	"slices"
	"testing"

	"keymend/pkg/tag"
)

// What was meant to stop a robot stops it; what isn't ours, or says anything else,
// doesn't.
func TestIgnores(t *testing.T) {
	t.Parallel()
	for _, tags := range []map[string]string{
		{"keymend": "ignore"}, {"keymend": "Ignore"}, {"keymend": " IGNORE "}, {"Keymend": "ignore"}, {"KEYMEND": "Ignore"},
		{" keymend": "ignore"}, {"keymend": "remediate", "Keymend": "ignore"}, {"\u212aeymend": "ignore"},
	} {
		if !tag.Ignores(tags) {
			t.Errorf("%v don't stop it", tags)
		}
	}
	for _, tags := range []map[string]string{
		nil, {"keymend": "remediate"}, {"keymend": "ignored"}, {"keymend": ""}, {"keymend-accounts": "ignore"}, {"other": "ignore"}, {"key mend": "ignore"},
	} {
		if tag.Ignores(tags) {
			t.Errorf("%v stop it", tags)
		}
	}
}

// Whoever wrote a tag of ours otherwise than to the letter meant something.
func TestOdd(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		tags map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"keymend": "remediate", "keymend-accounts": "1", "keymend-copy": "1", "other": "x"}, ""},
		{map[string]string{"keymend": "Remediate"}, "keymend=Remediate"},
		{map[string]string{"keymend": "remediate "}, "keymend=remediate "},
		{map[string]string{"keymend": ""}, "keymend="},
		{map[string]string{"Keymend": "remediate"}, "Keymend=remediate"},
		{map[string]string{"keymend": "remediate", "KEYMEND": "no", " keymend": "x"}, " keymend=x, KEYMEND=no"},
	} {
		if got := tag.Odd(tc.tags); got != tc.want {
			t.Errorf("%v: %q", tc.tags, got)
		}
	}
}

func TestIs(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{"keymend-copy": true, " Keymend-Copy ": true, "keymend": false, "keymend-copy-of": false, "": false} {
		if tag.Is(key, tag.Copy) != want {
			t.Errorf("%q: %v", key, !want)
		}
	}
}

// By these names copies that were made before are found again: they stay.
func TestTagsOfCopies(t *testing.T) {
	t.Parallel()
	if got := tag.OfCopies(); !slices.Equal(got, []string{"keymend-copy-of", "keymend-copy-key", "keymend-group", "keymend-remediation"}) {
		t.Error(got)
	}
}

// A day may follow the word; whatever else does is no enrolment.
func TestEnrolled(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"remediate": "", "remediate 2026-11-28": "2026-11-28", "remediate 0001-01-01": "0001-01-01"} {
		day, ok := tag.Enrolled(map[string]string{"keymend": value})
		if day != want || !ok || tag.Odd(map[string]string{"keymend": value}) != "" {
			t.Errorf("%q: %q, %v", value, day, ok)
		}
	}
	for _, value := range []string{"", "ignore", "remediate ", "Remediate 2026-11-28", "remediate  2026-11-28", "remediate 2026-11-31", "remediate 2026-1-2", "remediate 28.11.2026", "remediate 2026-11-28 ", "remediate2026-11-28", "2026-11-28"} {
		if day, ok := tag.Enrolled(map[string]string{"keymend": value}); ok || day != "" {
			t.Errorf("%q enrols from %q", value, day)
		}
		if odd := tag.Odd(map[string]string{"keymend": value}); odd == "" {
			t.Errorf("%q is nothing odd", value)
		}
	}
	if _, ok := tag.Enrolled(map[string]string{"Keymend": "remediate"}); ok {
		t.Error("another key enrols")
	}
}
