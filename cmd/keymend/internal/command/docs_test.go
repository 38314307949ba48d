package command_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCommandsOfThePages: what the pages tell people to run is a command, with flags that
// it has.
func TestCommandsOfThePages(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	must(t, err)
	help := map[string]string{}
	quoted := regexp.MustCompile("(?m)(?:`|^|[ =])(?:build/)?keymend ((?:[a-z-]+|--[a-z-]+)(?: [^`|&;\n]*)?)(`|$)")
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, m := range quoted.FindAllStringSubmatch(code(string(text)), -1) {
			words := strings.Fields(m[1])
			name := words[0]
			if strings.HasPrefix(name, "-") {
				name = ""
			}
			if _, known := help[name]; !known {
				help[name] = run(t, "", strings.Fields("help "+name)...).out
			}
			for _, w := range words {
				flag, _, _ := strings.Cut(w, "=")
				if help[name] == "" || strings.HasPrefix(flag, "--") && !strings.Contains(help[name], flag) {
					t.Errorf("%s: keymend %s: there is no %s", filepath.Base(page), m[1], w)
					break
				}
			}
		}
	}
	if len(help) < 8 {
		t.Errorf("the pages have %d commands", len(help))
	}
}

// code is what of a page is code: its fenced lines, and what is in backticks.
func code(page string) string {
	var out strings.Builder
	fenced := false
	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			fenced = !fenced
		case fenced:
			out.WriteString(line)
		default:
			for _, m := range regexp.MustCompile("`[^`]+`").FindAllString(line, -1) {
				out.WriteString(m + "\n")
			}
		}
	}
	return out.String()
}
