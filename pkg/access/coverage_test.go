package access_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"keymend/pkg/access"
)

// reasons reads the constants of type Reason from the source, so that none can
// be added without a case.
func reasons(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) == 0 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		out[spec.Names[0].Name] = value
		return true
	})
	if len(out) < 40 {
		t.Fatalf("only %d reasons", len(out))
	}
	return out
}

// Every reason has a sentence of its own and a case that expects it.
func TestEveryReasonHasACase(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/cases/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var expected strings.Builder
	for _, path := range append(paths, "judge_test.go", "walls_test.go") { // what narrows is tested in Go
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		expected.Write(text)
	}
	sentences := map[string]string{}
	for name, value := range reasons(t) {
		sentence := access.Explain(access.Reason(value))
		if sentence == value {
			t.Errorf("%s has no sentence", name)
		}
		if other := sentences[sentence]; other != "" {
			t.Errorf("%s and %s have the same sentence", name, other)
		}
		sentences[sentence] = name
		inCase, inTest := strings.Contains(expected.String(), value), strings.Contains(expected.String(), "access."+name)
		if !inCase && !inTest && name != "GrantToOther" { // such grants are counted, not told
			t.Errorf("no case expects %s", value)
		}
	}
}

// The table is large enough, each group has a source and no name twice.
func TestTableIsWhole(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/cases/*.json")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range paths {
		f := readCases(t, path)
		if !strings.Contains(f.Source, "https://docs.aws.amazon.com/") {
			t.Errorf("%s names no page of AWS", path)
		}
		names := map[string]bool{}
		for _, c := range f.Cases {
			if c.Name == "" || names[c.Name] || len(c.Want) == 0 {
				t.Errorf("%s: case %q is there twice, or expects nothing", path, c.Name)
			}
			names[c.Name] = true
			count++
		}
	}
	if count < 300 {
		t.Errorf("%d cases of whole questions", count)
	}
	text, err := os.ReadFile("testdata/conditions.json")
	if err != nil {
		t.Fatal(err)
	}
	var conditions struct{ Cases []json.RawMessage }
	if err := json.Unmarshal(text, &conditions); err != nil || len(conditions.Cases) < 140 {
		t.Errorf("%d conditions, %v", len(conditions.Cases), err)
	}
}
