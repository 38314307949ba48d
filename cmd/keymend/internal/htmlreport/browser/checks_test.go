package browser_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInChromium is all that a browser is asked: one browser for all of it.
func TestInChromium(t *testing.T) {
	b := start(t)
	t.Run("TheChecksComplain", b.complains)
	t.Run("Report", b.report)
	t.Run("ManyGroups", b.manyGroups)
	t.Run("FirstDay", b.firstDay)
}

// complains: on a page where everything is wrong, each check must see what it is there
// for.
func (b *browser) complains(t *testing.T) {
	bad := filepath.Join("testdata", "bad.html")
	for check, want := range map[string]string{
		"accessible": "violates color-contrast",
		"fits":       "the page is",
		"keyboard":   "no sign of focus",
		"prints":     "is of no use on paper",
		"quiet":      "the text of another ran",
		"scriptless": "does nothing",
		"search":     "typed what no group has",
		"sort":       "the worst is not first",
		"themes":     "the background is",
		"words":      "narrow, of",
	} {
		t.Run(check, func(t *testing.T) {
			got := b.ask(t, look{Check: check, Page: bad, Scheme: "dark", Width: 400, NoScript: check == "scriptless"})
			if !strings.Contains(got.Error, want) {
				t.Errorf("found %q, not %q", got.Error, want)
			}
			if check == "scriptless" {
				return
			}
			for _, want := range []string{"request: https://example.com/x.png", "request: https://example.com/spy", "console log: hello", "dialog: 1"} {
				if !slices.Contains(got.Heard, want) {
					t.Errorf("%q isn't heard, but %q", want, got.Heard)
				}
			}
		})
	}
}
