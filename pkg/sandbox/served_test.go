package sandbox_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox"
)

// The table of wire names is made of what the query protocols serve, neither
// less nor more.
func TestEveryServedOperationHasWireNames(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("wire/operations.txt")
	must(t, err)
	listed := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if name, operations, ok := strings.Cut(line, ":"); ok {
			listed[name] = slices.Sorted(slices.Values(strings.Fields(operations)))
		}
	}
	_, served := sandbox.Served(t)
	for name := range served {
		slices.Sort(served[name])
	}
	if diff := cmp.Diff(served, listed); diff != "" {
		t.Errorf("change wire/operations.txt and run go generate ./pkg/sandbox/wire (-served +listed):\n%s", diff)
	}
}

// docs/sandbox.md names every operation, and none that isn't there.
func TestTheDocumentationListsEveryOperation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/sandbox.md")
	must(t, err)
	_, section, _ := strings.Cut(string(text), "## What it serves")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string][]string{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) == 4 && strings.HasPrefix(cells[1], " `") {
			operations := slices.Sorted(slices.Values(strings.Fields(strings.ReplaceAll(cells[2], ",", ""))))
			listed[strings.Trim(cells[1], " `")] = operations
		}
	}
	served, _ := sandbox.Served(t)
	for name := range served {
		slices.Sort(served[name])
	}
	if diff := cmp.Diff(served, listed); diff != "" {
		t.Errorf("docs/sandbox.md (-served +documented):\n%s", diff)
	}
}
