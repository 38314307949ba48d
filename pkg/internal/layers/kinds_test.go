package layers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/apply"
	"keymend/pkg/apply/table"
)

// planner lists the packages that may name the types of several kinds: the planner,
// and the helpers of the contract suite.
var planner = []string{"pkg/plan", "pkg/apply/applytest"}

// A kind of change is known in its room, its planner and the table, and nowhere else:
// else a new kind needs more than these.
func TestKindsAreKnownInTheirRoomsOnly(t *testing.T) {
	all := load(t)
	own(t, func(t *testing.T, p linked) {
		folder := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, imported := range p.Imports {
			kind, ok := strings.CutPrefix(imported, module+"/pkg/kind/")
			switch {
			case !ok, folder == "pkg/kind/"+kind, folder == "pkg/apply/"+kind, underAny(p.ImportPath, planner):
			default:
				t.Errorf("imports %s: a kind is known in its room, its planner and the table", imported)
			}
			if room, ok := strings.CutPrefix(imported, module+"/pkg/apply/"); ok && all[module+"/pkg/kind/"+room].Dir != "" && folder != "pkg/apply/table" && !underAny(p.ImportPath, planner) {
				t.Errorf("imports %s: the table knows the rooms", imported)
			}
		}
		for _, name := range p.GoFiles {
			for _, complaint := range comparisons(t, filepath.Join(p.Dir, name), folder) {
				t.Error(complaint)
			}
		}
	})
}

// isKind reports whether the table has a kind of a name.
func isKind(name string) bool {
	return slices.ContainsFunc(table.Kinds(), func(k apply.Kind) bool { return k.Name == name })
}

// comparisons finds where a file asks a step which kind it is, outside of the kind's own
// room, the table, and what reads earlier versions' records: by the name of a kind, or by
// what Kind returns.
func comparisons(t *testing.T, file, folder string) []string {
	t.Helper()
	if strings.HasPrefix(folder, "pkg/kind/") || folder == "pkg/apply/table" || folder == "pkg/record" && strings.HasPrefix(filepath.Base(file), "parse1") ||
		!strings.HasPrefix(folder, "pkg/") && !strings.HasPrefix(folder, "cmd/") && !strings.HasPrefix(folder, "functions/") || strings.HasPrefix(folder, "pkg/sandbox") {
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	// The table finds a step's row by its name. Kind is a method of reflect's, too.
	finds := folder == "pkg/change" || folder == "pkg/apply" || imports(parsed, "reflect") && !imports(parsed, module+"/pkg/change")
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && isKind(strings.Trim(text.Value, "\"`")) && !isCall(text.Value) {
			out = append(out, filepath.Base(file)+" names the kind "+text.Value+": ask the step for what it does, not for what it is")
		}
		if !finds && slices.ContainsFunc(decides(n), asksKind) {
			out = append(out, filepath.Base(file)+" decides by a step's Kind(): ask the step for what it does, not for what it is")
		}
		return true
	})
	return out
}

func imports(f *ast.File, path string) bool {
	return slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"`+path+`"` })
}

// decides returns what a node compares, switches by or looks up.
func decides(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			return []ast.Expr{n.X, n.Y}
		}
	case *ast.SwitchStmt:
		return []ast.Expr{n.Tag}
	case *ast.IndexExpr:
		return []ast.Expr{n.Index}
	case *ast.CallExpr:
		of, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		if from, ok := of.X.(*ast.Ident); ok && slices.Contains([]string{"strings", "slices", "cmp"}, from.Name) {
			return n.Args
		}
	}
	return nil
}

// asksKind reports whether an expression calls Kind.
func asksKind(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return false
	}
	of, ok := call.Fun.(*ast.SelectorExpr)
	return ok && of.Sel.Name == "Kind"
}

// isCall: some kinds have the name of the call that they make, and calls may be named.
func isCall(text string) bool {
	return slices.Contains([]string{"CreateGrant", "RetireGrant", "RevokeGrant", "CopyImage", "CopySnapshot"}, strings.Trim(text, "\"`"))
}

// The test must see a step being asked what it is, however it is asked.
func TestKindComparisonsAreSeen(t *testing.T) {
	t.Parallel()
	names, decides := 0, 0
	for _, complaint := range comparisons(t, filepath.Join("testdata", "bad", "kinds.go"), "pkg/remediation") {
		switch {
		case strings.Contains(complaint, `names the kind "UpdateGroup"`):
			names++
		case strings.Contains(complaint, "decides by a step's Kind()"):
			decides++
		}
	}
	if names != 1 || decides != 7 {
		t.Errorf("%d names, %d decisions", names, decides)
	}
}
