package layers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every threat of docs/security.md says what the code does against it, what IAM
// does, and which tests show it; and these tests exist.
func TestThreatsNameTestsThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for _, heading := range []string{"Threats", "Threats that only an organization has"} {
		_, threats, ok := strings.Cut(string(text), "\n## "+heading+"\n")
		threats, _, _ = strings.Cut(threats, "\n## ")
		found := strings.Split(threats, "\n### ")[1:]
		if sections = append(sections, found...); !ok || len(found) == 0 {
			t.Fatalf("docs/security.md has no %s", heading)
		}
	}
	for _, section := range sections {
		title, body, _ := strings.Cut(section, "\n")
		for _, part := range []string{"\n- Code: ", "\n- IAM: ", "\n- Tests: "} {
			if !strings.Contains(body, part) {
				t.Errorf("%s: has no %q", title, strings.TrimSpace(part))
			}
		}
		if !strings.Contains(body, "`Test") {
			t.Errorf("%s: names no test", title)
		}
	}
	for _, complaint := range missingTests(t, string(text)) {
		t.Error(complaint)
	}
}

// The check must see what it is there for.
func TestThreatsComplain(t *testing.T) {
	for text, want := range map[string]string{
		"`pkg/guard` `TestPrincipals`; `pkg/plan` `FuzzSteps`": "",
		"`TestX` of `pkg/guard`":                               "pkg/guard has no TestX",
		"`pkg/guard` `TestPrincipals`, `TestPrincipal`":        "pkg/guard has no TestPrincipal",
		"`TestPrincipals` alone":                               "TestPrincipals stands beside no package",
		"`pkg/guard` `TestPrincipals`; `pkg/none` `TestNone`":  "pkg/none has no TestNone",
	} {
		if got := strings.Join(missingTests(t, text), "; "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// missingTests returns the tests that a text names and that aren't in the package
// named before them in the line, or else after them.
func missingTests(t *testing.T, text string) []string {
	t.Helper()
	var out []string
	name := regexp.MustCompile("`(?:((?:pkg|cmd|infra)/[a-z/]+)|((?:Test|Fuzz)[A-Z]\\w*))`")
	for line := range strings.Lines(text) {
		words := name.FindAllStringSubmatch(line, -1)
		pkg := ""
		for _, w := range words {
			if pkg == "" {
				pkg = w[1]
			}
		}
		for _, w := range words {
			switch {
			case w[1] != "":
				pkg = w[1]
			case pkg == "":
				out = append(out, w[2]+" stands beside no package")
			case !testsOf(t, pkg)[w[2]]:
				out = append(out, pkg+" has no "+w[2])
			}
		}
	}
	return out
}

// testsOf returns the names of a package's tests and fuzz targets.
func testsOf(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", filepath.FromSlash(pkg), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				out[f.Name.Name] = true
			}
		}
	}
	return out
}
