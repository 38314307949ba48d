package plan_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/kind/statements"
	"keymend/pkg/kind/template"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
)

// kinds are those that plans have steps of.
func kinds() change.Kinds {
	return change.Kinds{
		change.Of[statements.Add]("EditKeyPolicy"), change.Of[grant.Create]("CreateGrant"), change.Of[grant.Retire]("RetireGrant"),
		change.Of[role.Ensure]("EnsureServiceLinkedRole"), change.Of[group.Update]("UpdateGroup"),
		change.Of[copies.Make]("CopyImage"), change.Of[copies.Make]("CopySnapshot"), change.Of[copies.Remove]("RemoveCopy"),
		change.Of[template.NewVersion]("NewTemplateVersion"), change.Of[template.SetDefault]("SetDefaultVersion"),
	}
}

// read is what a message's reader does with its steps.
func read(text []byte) (change.Steps, error) {
	var steps change.Steps
	if err := json.Unmarshal(text, &steps); err != nil {
		return nil, err
	}
	return kinds().Read(steps)
}

func overTheWire(t *testing.T, steps change.Steps) change.Steps {
	t.Helper()
	text, err := json.Marshal(steps)
	if err != nil {
		t.Fatal(err)
	}
	back, err := read(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return back
}

func kindsOf(steps change.Steps) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.Kind())
	}
	return strings.Join(out, " ")
}

// textOf is all that a plan says, the steps and what looks like the permission
// included.
func textOf(t *testing.T, p plan.Plan) string {
	t.Helper()
	text, err := json.Marshal(struct {
		plan.Plan
		Steps      change.Steps
		NearMisses []access.NearMiss
		Run        []quote.Task
	}{p, p.Steps, p.NearMisses, p.Run})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestStepsSurviveJSON(t *testing.T) {
	t.Parallel()
	want := change.Steps{
		statements.Add{Key: keyARN, Principal: slr, Before: "{}", After: "{ }", Added: []string{"{}"}},
		grant.Create{Key: keyARN, Principal: slr, Name: "keymend-1", Operations: []string{"Decrypt"}, Retiring: "arn", Why: "so"},
	}
	if diff := cmp.Diff(want, overTheWire(t, want)); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{`[{"type":"DeleteKey"}]`, `[{}]`, `{}`, `[1]`, `[{"type":"CreateGrant","key":1}]`} {
		if got, err := read([]byte(bad)); err == nil {
			t.Errorf("%s was taken: %+v", bad, got)
		}
	}
	for _, unknown := range []string{`[{"type":"DeleteKey"}]`, `[{}]`, `[null]`} {
		if _, err := read([]byte(unknown)); !errors.Is(err, change.ErrUnknownKind) {
			t.Errorf("%s: %v", unknown, err)
		}
	}
}

// What plans come to is the same after the wire, and so are their digests'
// effects: both sides tell one change by it.
func TestPlansAreTheSameAfterTheWire(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]plan.Plan{
		"statements": plan.For(broken(), plan.Options{}),
		"a grant":    plan.For(broken(), plan.Options{OwnKey: "grant", RetiringRole: granter}),
		"both":       plan.For(across(), options()),
	} {
		back := overTheWire(t, p.Steps)
		if diff := cmp.Diff(p.Steps, back); diff != "" || !p.Steps.Same(back) || len(back) == 0 {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzSteps(f *testing.F) {
	f.Add([]byte(`[{"type":"EditKeyPolicy","key":"k","principal":"p","before":"{}","after":"{}","added":["{}"]}]`))
	f.Add([]byte(`[{"type":"CreateGrant","key":"k","principal":"p","name":"n","operations":["Decrypt"],"why":"w"}]`))
	f.Add([]byte(`[{"type":"EnsureServiceLinkedRole","role":"r","suffix":"s"},{"type":"UpdateGroup","group":"g","name":"n","before":"b","after":"a"}]`))
	f.Add([]byte(`[{"type":"RetireGrant","grantId":"g","grant":{"type":"CreateGrant","key":"k","principal":"p","name":"n","operations":["Decrypt"],"why":"w"}}]`))
	f.Add([]byte(`[{"type":"CopyImage","account":"1","region":"r","key":"k","source":"ami-1","copyKey":"c","keys":["k"],"group":"g"},{"type":"RemoveCopy","source":"snap-1"}]`))
	f.Add([]byte(`[{"type":"NewTemplateVersion","template":"lt-1","from":3,"mappings":[{"DeviceName":"<a>"}]},{"type":"SetDefaultVersion","template":"lt-1","before":3}]`))
	f.Add([]byte(`[{"type":"DeleteKey"}]`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := read(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := read(written)
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		again, err := json.Marshal(second)
		if err != nil || string(again) != string(written) {
			t.Errorf("%s, then %s (%v)", written, again, err)
		}
	})
}
