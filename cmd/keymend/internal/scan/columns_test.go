package scan

import (
	"os"
	"strings"
	"testing"
)

// TestColumns holds docs/scan.md to the columns of the CSV.
func TestColumns(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../../docs/scan.md")
	if err != nil {
		t.Fatal(err)
	}
	table := "| column | |\n|---|---|\n"
	for _, c := range columns() {
		table += "| " + c.name + " | " + c.holds + " |\n"
	}
	if !strings.Contains(string(page), table) {
		t.Errorf("docs/scan.md has another table than:\n%s", table)
	}
}
