package activity_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"keymend/pkg/activity"
)

// TestTroubleshooting: a search for AWS's text finds it in docs/troubleshooting.md, by
// whichever rule it is known.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, text := range regexp.MustCompile("`[^`\n]+`").FindAllString(string(page), -1) {
		there[activity.Classify(text).Rule] = true
	}
	for _, rule := range activity.RuleNames() {
		if !there[rule] {
			t.Errorf("no text is of the rule %s", rule)
		}
	}
}
