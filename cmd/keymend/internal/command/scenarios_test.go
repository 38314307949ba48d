package command_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"keymend/cmd/keymend/internal/scenario"
)

// TestScenarios: the first command of each scenario ends as the table says. That of many
// groups is a scan, which has tests of its own.
func TestScenarios(t *testing.T) {
	type ending struct {
		code    int
		outcome string
	}
	want := map[string]ending{
		"own-key":           {3, "fixable"},
		"not-enrolled":      {3, "fixable"},
		"two-keys":          {3, "fixable"},
		"healthy":           {0, "nothing-to-do"},
		"disabled":          {4, "no-fix"},
		"deny":              {4, "no-fix"},
		"suspended":         {3, "fixable"},
		"managed-by-eks":    {3, "fixable"},
		"other-account":     {3, "fixable"},
		"other-account-not": {4, "no-fix"},
		"copy":              {3, "fixable"},
		"hidden-snapshot":   {4, "no-fix"},
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "sandbox.md"))
	must(t, err)
	for _, s := range scenario.All() {
		t.Run(s.Name, func(t *testing.T) {
			if !strings.Contains(string(page), "\n| `"+s.Name+"` | "+s.Says+" |\n") {
				t.Error("docs/sandbox.md doesn't list it so")
			}
			if len(s.Says) > 56 {
				t.Errorf("its line of --help doesn't fit into 80 columns: %q", s.Says)
			}
			if s.Name == "account" || s.Name == "many" {
				return
			}
			w := newWorld(t)
			w.seed(s.Name)
			got := w.run("", append(slices.Clone(s.Try), "--output", "json")...)
			first, _, _ := strings.Cut(got.out, "\n")
			if ends := (ending{got.code, gjson.Get(first, "outcome").String()}); ends != want[s.Name] {
				t.Errorf("%+v, want %+v\n%s%s", ends, want[s.Name], got.out, got.err)
			}
			delete(want, s.Name)
		})
	}
	if len(want) > 0 {
		t.Errorf("no scenario %v", want)
	}
}

// TestScenariosHeal: what the first screen leads to brings the group back, by the account's
// own administrator.
func TestScenariosHeal(t *testing.T) {
	for _, name := range []string{"own-key", "not-enrolled", "two-keys", "managed-by-eks", "other-account"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seed(name)
			s, err := scenario.Find(name)
			must(t, err)
			w.run("", append(slices.Clone(s.Try), "--apply", "--yes", "--audit-file", w.file("audit.jsonl", ""))...).want(t, 0, "", "")
			w.box.Advance(10 * time.Minute)
			in, err := scenario.Look(t.Context(), w.url, scenario.Account)
			must(t, err)
			if !strings.HasSuffix(in.Groups[0], "2 of 2 in service") {
				t.Error(in.Groups)
			}
		})
	}
}
