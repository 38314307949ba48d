package layers_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The budgets that keep a package small enough to read in one sitting.
const (
	maxFileLines     = 350
	maxFunctionLines = 50
	maxMethods       = 4  // of an interface
	maxExported      = 20 // names of a package; a closed enum's constants count with their type
)

// vagueNames say nothing about what is inside.
var vagueNames = []string{"helper", "helpers", "util", "utils", "common", "manager", "misc", "base", "lib"}

func TestEveryPackageIsWithinItsBudget(t *testing.T) {
	own(t, func(t *testing.T, p linked) {
		if len(p.GoFiles) == 0 {
			t.Fatal("has tests and nothing else: a doc.go says what for")
		}
		for _, complaint := range inspect(t, p.Dir, p.GoFiles, underAny(p.ImportPath, pure)) {
			t.Error(complaint)
		}
		for part := range strings.SplitSeq(p.ImportPath, "/") {
			if slices.Contains(vagueNames, part) {
				t.Errorf("is called %s: a name says what is inside", part)
			}
		}
	})
}

// The checks must see what they are there for.
func TestTheChecksComplain(t *testing.T) {
	got := inspect(t, filepath.Join("testdata", "bad"), []string{"bad.go", "generated.go"}, true)
	want := []string{
		"bad.go:1: package bad has no doc comment",
		"bad.go:6: type Wide has no doc comment",
		"bad.go:6: interface Wide has 5 methods, more than 4",
		"bad.go:15: func Loose has no doc comment",
		"bad.go:15: func Loose has 53 lines, more than 50",
		"bad.go:16: time.Now in a pure package: the time is an argument",
		"bad.go:72: method T.Bare has no doc comment",
		"bad.go:77: const Lonely has no doc comment",
		"bad.go:79: func init: packages are wired, not initialised",
		"package bad exports 21 names, more than 20: [A01 A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 Enum Lonely Loose T Wide]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("complaints (-want +got):\n%s", diff)
	}
}

// inspect returns what breaks a budget or a rule of style in a package.
func inspect(t *testing.T, dir string, names []string, isPure bool) []string {
	t.Helper()
	in := &inspector{fset: token.NewFileSet(), pure: isPure}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(in.fset, name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		in.files = append(in.files, file)
	}
	in.packageDoc()
	for _, file := range in.files {
		in.file(file)
	}
	if in.exported = slices.Compact(slices.Sorted(slices.Values(in.exported))); len(in.exported) > maxExported {
		in.complain(token.NoPos, "package %s exports %d names, more than %d: %v",
			in.files[0].Name.Name, len(in.exported), maxExported, in.exported)
	}
	return in.complaints
}

// An inspector walks the files of one package.
type inspector struct {
	fset       *token.FileSet
	files      []*ast.File
	pure       bool
	exported   []string
	complaints []string
}

func (in *inspector) complain(pos token.Pos, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if pos.IsValid() {
		at := in.fset.Position(pos)
		text = fmt.Sprintf("%s:%d: %s", at.Filename, at.Line, text)
	}
	in.complaints = append(in.complaints, text)
}

func (in *inspector) packageDoc() {
	var documented []*ast.File
	for _, file := range in.files {
		if file.Doc != nil && strings.TrimSpace(file.Doc.Text()) != "" {
			documented = append(documented, file)
		}
	}
	switch name := in.files[0].Name.Name; {
	case len(documented) == 0:
		in.complain(in.files[0].Package, "package %s has no doc comment", name)
	case len(documented) > 1:
		in.complain(documented[1].Package, "package %s has a second doc comment", name)
	}
}

var generated = regexp.MustCompile(`^// Code generated .* DO NOT EDIT\.$`)

func isGenerated(file *ast.File) bool {
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Pos() < file.Package && generated.MatchString(c.Text) {
				return true
			}
		}
	}
	return false
}

func (in *inspector) file(file *ast.File) {
	made := isGenerated(file)
	if n := in.fset.File(file.Pos()).LineCount(); n > maxFileLines && !made {
		in.complain(file.Package, "the file has %d lines, more than %d", n, maxFileLines)
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			in.function(d, made)
		case *ast.GenDecl:
			in.declaration(d)
		}
	}
}

func (in *inspector) function(d *ast.FuncDecl, made bool) {
	kind, name, visible := "func", d.Name.Name, d.Name.IsExported()
	if d.Recv != nil {
		receiver := receiverName(d.Recv.List[0].Type)
		kind, name, visible = "method", receiver+"."+name, visible && ast.IsExported(receiver)
	} else if visible {
		in.exported = append(in.exported, name)
	}
	if visible && d.Doc == nil {
		in.complain(d.Pos(), "%s %s has no doc comment", kind, name)
	}
	if d.Recv == nil && name == "init" {
		in.complain(d.Pos(), "func init: packages are wired, not initialised")
	}
	start, end := in.fset.Position(d.Type.Pos()).Line, in.fset.Position(d.End()).Line
	if n := end - start + 1; n > maxFunctionLines && !made {
		in.complain(d.Pos(), "%s %s has %d lines, more than %d", kind, name, n, maxFunctionLines)
	}
	if in.pure && d.Body != nil {
		ast.Inspect(d.Body, in.clock)
	}
}

func receiverName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiverName(e.X)
	case *ast.IndexExpr:
		return receiverName(e.X)
	case *ast.IndexListExpr:
		return receiverName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// clock complains where a pure package asks what time it is, or waits.
func (in *inspector) clock(n ast.Node) bool {
	call, ok := n.(*ast.SelectorExpr)
	if !ok {
		return true
	}
	if from, ok := call.X.(*ast.Ident); ok && from.Name == "time" &&
		slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}, call.Sel.Name) {
		in.complain(n.Pos(), "time.%s in a pure package: the time is an argument", call.Sel.Name)
	}
	return true
}

func (in *inspector) declaration(d *ast.GenDecl) {
	enum := "" // the type of the constants before, for those that repeat it by iota
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			in.typeSpec(d, spec)
		case *ast.ValueSpec:
			enum = in.valueSpec(d, spec, enum)
		}
	}
}

func (in *inspector) typeSpec(d *ast.GenDecl, spec *ast.TypeSpec) {
	if spec.Name.IsExported() {
		in.exported = append(in.exported, spec.Name.Name)
		if spec.Doc == nil && d.Doc == nil {
			in.complain(spec.Pos(), "type %s has no doc comment", spec.Name.Name)
		}
	}
	if i, ok := spec.Type.(*ast.InterfaceType); ok {
		if n := i.Methods.NumFields(); n > maxMethods && !isConstraint(i) {
			in.complain(spec.Pos(), "interface %s has %d methods, more than %d", spec.Name.Name, n, maxMethods)
		}
	}
}

// isConstraint reports whether an interface lists types, not methods.
func isConstraint(i *ast.InterfaceType) bool {
	return slices.ContainsFunc(i.Methods.List, func(f *ast.Field) bool {
		_, union := f.Type.(*ast.BinaryExpr)
		return union
	})
}

func (in *inspector) valueSpec(d *ast.GenDecl, spec *ast.ValueSpec, enum string) string {
	kind := d.Tok.String()
	if named, ok := spec.Type.(*ast.Ident); ok {
		enum = named.Name
	} else if len(spec.Values) > 0 {
		enum = ""
	}
	ofEnum := d.Tok == token.CONST && ast.IsExported(enum)
	for _, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		if !ofEnum {
			in.exported = append(in.exported, name.Name)
		}
		if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
			in.complain(name.Pos(), "%s %s has no doc comment", kind, name.Name)
		}
	}
	return enum
}
