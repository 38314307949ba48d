package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
)

// A source holds the functions of a (de)serializers.go by name.
type source map[string]*ast.FuncDecl

func parse(path string) (source, error) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	s := source{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
			s[fn.Name.Name] = fn
		}
	}
	return s, nil
}

// A member is one field of a struct as a (de)serializer treats it.
type member struct {
	field, wire string
	flat        bool   // a list whose items carry the list's own name
	next        string // the function that treats the value, for lists and structs
}

// shape returns the Go type a (de)serializer treats, without package, and
// whether that is a list.
func shape(fn *ast.FuncDecl) (name string, list bool) {
	t := fn.Type.Params.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ArrayType:
			t, list = x.Elt, true
		case *ast.SelectorExpr:
			return x.Sel.Name, list
		case *ast.Ident:
			return x.Name, list
		default:
			return "", list
		}
	}
}

// written returns the members that a serializer writes:
//
//	objectKey := object.Key("W"); … v.F …
func written(fn *ast.FuncDecl) []member {
	var found []member
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		block, ok := n.(*ast.BlockStmt)
		if !ok {
			return true
		}
		for _, stmt := range block.List {
			name, method := assignedKey(stmt)
			if method == "Key" || method == "FlatKey" {
				found = append(found, member{wire: name, flat: method == "FlatKey",
					field: selected(block, "v"), next: called(block, "_serializeDocument")})
			}
		}
		return true
	})
	return found
}

// assignedKey returns W and M of `x := y.M("W")`.
func assignedKey(stmt ast.Stmt) (literal, method string) {
	a, ok := stmt.(*ast.AssignStmt)
	if !ok || len(a.Rhs) != 1 {
		return "", ""
	}
	return stringCall(a.Rhs[0])
}

// stringCall returns W and M of `y.M("W", …)`.
func stringCall(e ast.Expr) (literal, method string) {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	lit, isLit := call.Args[0].(*ast.BasicLit)
	if !ok || !isLit {
		return "", ""
	}
	s, _ := strconv.Unquote(lit.Value)
	return s, sel.Sel.Name
}

// read returns the members that a deserializer reads:
//
//	case strings.EqualFold("W", t.Name.Local): … sv.F …
func read(fn *ast.FuncDecl) []member {
	var found []member
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		clause, ok := n.(*ast.CaseClause)
		if !ok || len(clause.List) != 1 {
			return true
		}
		if name, method := stringCall(clause.List[0]); method == "EqualFold" {
			next := called(clause, "_deserializeDocument")
			found = append(found, member{wire: name, field: selected(clause, "sv"),
				flat: strings.HasSuffix(next, "Unwrapped"), next: strings.TrimSuffix(next, "Unwrapped")})
		}
		return true
	})
	return found
}

// itemName returns what a list's items are called: Array("W") of a serializer,
// the only case of a deserializer.
func itemName(fn *ast.FuncDecl) string {
	name := ""
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && name == "" {
			if s, method := stringCall(e); method == "Array" || method == "EqualFold" {
				name = s
			}
		}
		return true
	})
	return name
}

// selected returns F of the first `x.F` under n.
func selected(n ast.Node, x string) string {
	field := ""
	ast.Inspect(n, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && field == "" {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == x {
				field = sel.Sel.Name
			}
		}
		return true
	})
	return field
}

// called returns the name of the first function called under n whose name
// contains part.
func called(n ast.Node, part string) string {
	name := ""
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && name == "" {
			if id, ok := call.Fun.(*ast.Ident); ok && strings.Contains(id.Name, part) {
				name = id.Name
			}
		}
		return true
	})
	return name
}
