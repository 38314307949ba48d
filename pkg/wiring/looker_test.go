package wiring_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/account"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/wiring"
)

// writing are the names of methods that change something at AWS, or that lead to one
// which does.
func writing() []string {
	return []string{
		"PutKeyPolicy", "CreateGrant", "RetireGrant", "RevokeGrant", "CreateServiceLinkedRole", "DeleteServiceLinkedRole", "UpdateAutoScalingGroup",
		"CopyImage", "CopySnapshot", "DeregisterImage", "DeleteSnapshot", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "DeleteLaunchTemplateVersions",
		"Open", "Remediate", "Undo",
	}
}

// A walk finds the static types that can be reached from one: by fields, elements,
// results of methods and results of functions. What others' packages hold inside
// isn't looked at, but which methods they have.
type walk struct {
	seen   map[reflect.Type]bool
	writes map[string]string // by the method, on which way
}

func walked(roots ...reflect.Type) walk {
	w := walk{map[reflect.Type]bool{}, map[string]string{}}
	for _, root := range roots {
		w.at(root, root.String())
	}
	return w
}

func (w walk) at(t reflect.Type, way string) {
	if w.seen[t] {
		return
	}
	w.seen[t] = true
	all := t
	if t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer {
		all = reflect.PointerTo(t) // a variable's methods are the pointer's
	}
	for i := range all.NumMethod() {
		m := all.Method(i)
		if slices.Contains(writing(), m.Name) && calls(m.Type) {
			w.writes[m.Name] = way + "." + m.Name
		}
		if ours(t) {
			w.results(m.Type, way+"."+m.Name+"()")
		}
	}
	switch t.Kind() {
	case reflect.Func:
		w.results(t, way+"()")
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Pointer, reflect.Chan:
		w.at(t.Elem(), way)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); ours(t) {
				w.at(f.Type, way+"."+f.Name)
			}
		}
	default:
	}
}

// calls reports whether a method may talk to AWS: it takes a context then. A step
// that says what takes it back doesn't.
func calls(method reflect.Type) bool {
	for i := range min(method.NumIn(), 2) { // a type's own methods have their receiver first
		if method.In(i) == reflect.TypeFor[context.Context]() {
			return true
		}
	}
	return false
}

func (w walk) results(f reflect.Type, way string) {
	for i := range f.NumOut() {
		w.at(f.Out(i), way)
	}
}

// ours reports whether a type is one of Keymend's, or has no name.
func ours(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == "" || strings.HasPrefix(t.PkgPath(), "keymend/")
}

func (w walk) has(t reflect.Type) bool { return w.seen[t] }

// views are what wiring.AWS gives to read with, alone and for several groups.
func views(t *testing.T) []reflect.Type {
	t.Helper()
	var out []reflect.Type
	for _, of := range []settings.Config{{}, {RolePrefix: "keymend-", Partition: "aws", Accounts: []string{"444455556666"}}} {
		a := wiring.AWS{Settings: of, Sessions: account.New(configOf(&fleet{calls: map[string]int{}}), account.Options{Partition: of.Partition, RolePrefix: of.RolePrefix})}
		view, err := a.View(t.Context(), callsAccount, callsRegion)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, reflect.TypeOf(view))
		if many, ok := view.(remediation.Gatherer); ok {
			out = append(out, reflect.TypeOf(many.Gather(nil)))
		} else {
			t.Errorf("%T reads for one group at a time", view)
		}
	}
	return out
}

// TestLookerCannotWrite: nothing that a Looker is made of, or is given to read with,
// has a method that writes. A Fixer has, so the test can see them.
func TestLookerCannotWrite(t *testing.T) {
	t.Parallel()
	looker := reflect.TypeFor[remediation.Looker]()
	w := walked(append(views(t), looker)...)
	for _, name := range slices.Sorted(maps.Keys(w.writes)) {
		t.Errorf("a Looker reaches %s: %s", name, w.writes[name])
	}
	if !w.has(reflect.TypeFor[remediation.Message]()) && !w.has(reflect.TypeFor[settings.Config]()) || len(w.seen) < 50 {
		t.Errorf("the walk sees %d types only", len(w.seen))
	}

	f := walked(reflect.TypeFor[remediation.Fixer]())
	for _, name := range writing() {
		if name == "Open" { // a field of it, and no method
			continue
		}
		if f.writes[name] == "" {
			t.Errorf("the walk doesn't see that a Fixer reaches %s: %v", name, f.writes)
		}
	}
	for _, root := range []reflect.Type{reflect.TypeFor[wiring.AWS](), reflect.TypeFor[[]func() (map[string]*hand, error)](), reflect.TypeFor[struct{ a struct{ b hands } }]()} {
		if len(walked(root).writes) == 0 {
			t.Errorf("the walk sees nothing behind %s", root)
		}
	}
	if got := fmt.Sprint(walked(reflect.TypeFor[struct{ a remediation.Nobody }]()).writes); got != "map[]" {
		t.Error(got)
	}
}

// A hand writes; hands give one.
type (
	hand  struct{}
	hands interface{ Give() *hand }
)

// PutKeyPolicy writes.
func (*hand) PutKeyPolicy(context.Context) {}
