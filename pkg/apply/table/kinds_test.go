package table_test

import (
	"reflect"
	"testing"

	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/table"
	"keymend/pkg/change"
)

// TestKinds holds every kind of the table to the contract of kinds. A kind without a
// case fails.
func TestKinds(t *testing.T) {
	t.Parallel()
	cases := map[string]func() applytest.Case{}
	for _, all := range []map[string]func() applytest.Case{policies(), grants(), slrs(), suspensions(), copied(), versions()} {
		for name, c := range all {
			cases[name] = c
		}
	}
	kinds, seen, unset := table.Kinds(), map[string]bool{}, map[string]bool{}
	for name, c := range cases {
		step := c().Step
		seen[step.Kind()] = true
		for _, s := range append(change.Steps{step}, step.Undo(change.Mark{Remediation: applytest.Remediation}, change.Result{})...) {
			fields("", reflect.ValueOf(s), unset)
			if brief := s.Words().Brief; brief == "" || len(brief) > 12 {
				t.Errorf("%s: %s is %q in brief: a column of 12 has to say it", name, s.Kind(), brief)
			}
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			applytest.TestKind(t, kinds, c())
		})
	}
	for _, k := range kinds {
		if !seen[k.Name] {
			t.Errorf("no case has a step of kind %s", k.Name)
		}
		delete(seen, k.Name)
	}
	for name := range seen {
		t.Errorf("the table has no kind %s", name)
	}
	for name, never := range unset {
		if never {
			t.Errorf("no case sets %s, which may get lost", name)
		}
	}
}

// fields notes of each field of a step whether no case has set it so far.
func fields(in string, v reflect.Value, unset map[string]bool) {
	for i := range v.NumField() {
		name := in + v.Type().String() + "." + v.Type().Field(i).Name
		if v.Field(i).Kind() == reflect.Struct {
			fields(name+": ", v.Field(i), unset)
			continue
		}
		never, known := unset[name]
		unset[name] = (never || !known) && v.Field(i).IsZero()
	}
}
