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
	quoted := regexp.MustCompile("(?m)(?:`|^|[ =])(?:build/)?keymend ((?:[a-z-]+|--[a-z-]+)(?: [^`|&;\n\"]*)?)")
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

// TestLinksOfThePages: what a page links to is there, the heading too.
func TestLinksOfThePages(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	must(t, err)
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, m := range regexp.MustCompile(`\]\(([^():# ]*)(#[^() ]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			to := page
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(page), m[1])
			}
			there, err := os.Stat(to)
			if err != nil {
				t.Errorf("%s links to %s: %v", filepath.Base(page), m[1], err)
				continue
			}
			if m[2] != "" && !there.IsDir() && !headings(t, to)[m[2][1:]] {
				t.Errorf("%s links to %s%s: there is no such heading", filepath.Base(page), m[1], m[2])
			}
		}
	}
}

// headings are the anchors of a page's headings, as GitHub makes them.
func headings(t *testing.T, page string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		words := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		out[strings.ReplaceAll(words, " ", "-")] = true
	}
	return out
}
