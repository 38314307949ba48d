package change_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
)

// A granting is a note that changes what is known of a key, carries a document, and
// doesn't end as fixed.
type granting struct {
	note
	err error
}

func (g granting) Simulate(f access.Facts) (access.Facts, error) {
	if g.err != nil {
		return f, g.err
	}
	f.Grants = append(append([]access.Grant{}, f.Grants...), access.Grant{ID: g.To})
	return f, nil
}

func (g granting) Short() change.Step {
	g.Text = ""
	return g
}

func (g granting) Documents() (before, after string) { return g.Text, g.To }

func (granting) End(done change.Result) change.End {
	return change.End{Outcome: outcome.Copying, Reason: done.ID}
}

// The last step is taken back first, with what came of it; one that wrote nothing
// isn't. Steps that weren't carried out count only where all are asked for.
func TestUndo(t *testing.T) {
	t.Parallel()
	a, b, c, forever := note{To: "a"}, note{To: "b"}, note{To: "c"}, note{To: "d", Text: "forever"}
	wrote := func(id string) change.Result { return change.Result{Changed: true, ID: id} }
	none := change.Result{ID: "stood already"}
	for name, tc := range map[string]struct {
		steps change.Steps
		done  []change.Result
		whole bool
		want  string
	}{
		"no steps":                   {nil, nil, true, ""},
		"before":                     {change.Steps{a, b}, nil, true, "b unsent |b unwritten r-1|a unsent |a unwritten r-1"},
		"nothing was done":           {change.Steps{a, b}, nil, false, ""},
		"all was done":               {change.Steps{a, b}, []change.Result{wrote("1"), wrote("2")}, false, "b unsent 2|b unwritten r-1|a unsent 1|a unwritten r-1"},
		"it broke off":               {change.Steps{a, b, c}, []change.Result{wrote("1")}, false, "a unsent 1|a unwritten r-1"},
		"it is broken off, perhaps":  {change.Steps{a, b}, []change.Result{wrote("1")}, true, "b unsent |b unwritten r-1|a unsent 1|a unwritten r-1"},
		"one stood already":          {change.Steps{a, b}, []change.Result{none, wrote("2")}, true, "b unsent 2|b unwritten r-1"},
		"all stood already":          {change.Steps{a, b}, []change.Result{none, none}, true, ""},
		"one that can't be":          {change.Steps{a, forever}, []change.Result{wrote("1"), wrote("2")}, false, "a unsent 1|a unwritten r-1"},
		"one that nobody could read": {change.Steps{change.Unread{Name: "X"}, a}, nil, true, "a unsent |a unwritten r-1"},
	} {
		var got []string
		for _, s := range tc.steps.Undo(change.Mark{Remediation: "r-1"}, tc.done, tc.whole) {
			got = append(got, s.(note).To+" "+s.(note).Text)
		}
		if diff := cmp.Diff(tc.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Whatever was done: what is taken back is what wrote, each once, the last first.
func TestUndoTakesBackWhatWrote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "steps")
		done := rapid.SliceOfN(rapid.Bool(), 0, n).Draw(t, "done")
		whole := rapid.Bool().Draw(t, "whole")
		var steps change.Steps
		var results []change.Result
		var want []string
		for i := range n {
			id := string(rune('a' + i))
			steps = append(steps, note{To: id})
			if i < len(done) {
				results = append(results, change.Result{Changed: done[i]})
			}
			if i < len(done) && done[i] || i >= len(done) && whole {
				want = append([]string{id, id}, want...)
			}
		}
		var got []string
		for _, s := range steps.Undo(change.Mark{}, results, whole) {
			got = append(got, s.(note).To)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	f := access.Facts{Key: access.Key{ARN: "k"}, Grants: []access.Grant{{ID: "0"}}}
	one, two := granting{note: note{To: "1"}}, granting{note: note{To: "2"}}
	got, err := change.Simulate(f, change.Steps{one, note{To: "a"}, bare{}, change.Unread{Name: "CreateGrant"}, two})
	if diff := cmp.Diff([]access.Grant{{ID: "0"}, {ID: "1"}, {ID: "2"}}, got.Grants); err != nil || diff != "" || got.Key.ARN != "k" {
		t.Errorf("%v %s", err, diff)
	}
	if len(f.Grants) != 1 {
		t.Error("the facts themselves changed")
	}
	broken := errors.New("no policy")
	got, err = change.Simulate(f, change.Steps{one, granting{note: note{To: "3"}, err: broken}, two})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "simulate Note") || len(got.Grants) != 2 {
		t.Errorf("%v, %v", got.Grants, err)
	}
	if got, err := change.Simulate(f, nil); err != nil || len(got.Grants) != 1 {
		t.Errorf("no steps: %v, %v", got.Grants, err)
	}
}

// Same effects are one change, however they are written; the kind and the order
// count.
func TestSame(t *testing.T) {
	t.Parallel()
	a, b := note{To: "a", Text: "x"}, note{To: "b"}
	for name, tc := range map[string]struct {
		a, b change.Steps
		want bool
	}{
		"none":                     {nil, change.Steps{}, true},
		"the same":                 {change.Steps{a, b}, change.Steps{a, b}, true},
		"written otherwise":        {change.Steps{a}, change.Steps{note{To: "a", Text: " x\n"}}, true},
		"another type of one kind": {change.Steps{a}, change.Steps{granting{note: a}}, true},
		"another order":            {change.Steps{a, b}, change.Steps{b, a}, false},
		"one more":                 {change.Steps{a}, change.Steps{a, a}, false},
		"another text":             {change.Steps{a}, change.Steps{note{To: "a"}}, false},
		"another kind":             {change.Steps{a}, change.Steps{note{To: "a", Text: "x", name: "Letter"}}, false},
		"not read":                 {change.Steps{note{To: "a"}}, change.Steps{change.Unread{Name: "Note"}}, false},
	} {
		if tc.a.Same(tc.b) != tc.want || tc.b.Same(tc.a) != tc.want {
			t.Errorf("%s: %v", name, !tc.want)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	steps := change.Steps{granting{note: note{To: "a", Text: "a policy"}}, note{To: "b", Text: "c"}}
	short := steps.Short()
	if short[0].(granting).Text != "" || short[0].(granting).To != "a" || short[1].(note).Text != "c" || steps[0].(granting).Text != "a policy" {
		t.Errorf("%+v, %+v", short, steps)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	if before, after := (change.Steps{note{Text: "c"}, granting{note: note{To: "a", Text: "a policy"}}}).Documents(); before != "a policy" || after != "a" {
		t.Errorf("%q, %q", before, after)
	}
	if before, after := (change.Steps{note{Text: "c"}}).Documents(); before != "" || after != "" {
		t.Errorf("%q, %q: no step edits a policy", before, after)
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	edits := func(c change.Claim) bool { return c.Edits }
	every := func(change.Claim) bool { return true }
	a, b := note{To: "a", Text: "x"}, note{To: "b"}
	for name, tc := range map[string]struct {
		steps  change.Steps
		wanted func(change.Claim) bool
		want   bool
	}{
		"none":    {nil, every, false},
		"all":     {change.Steps{a, a}, edits, true},
		"one":     {change.Steps{a, b}, edits, false},
		"unread":  {change.Steps{a, change.Unread{Name: "Note"}}, edits, false},
		"another": {change.Steps{b}, edits, false},
	} {
		if tc.steps.Only(tc.wanted) != tc.want {
			t.Errorf("%s: %v", name, !tc.want)
		}
	}
}

// The same call has the same token; parts that merely read alike have not.
func TestToken(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, parts := range [][]string{nil, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"c", "ab"}, {"r-1", "ami-1", "4"}} {
		token := (change.Mark{}).Token(parts...)
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(token) || token != (change.Mark{}).Token(parts...) {
			t.Errorf("%q: %s", parts, token)
		}
		if other, ok := seen[token]; ok {
			t.Errorf("%q and %q have one token", parts, other)
		}
		seen[token] = parts
	}
}

func TestEndOf(t *testing.T) {
	t.Parallel()
	if end := (change.Steps{note{}}).End(change.Result{ID: "1"}); end != (change.End{Outcome: outcome.Fixed}) {
		t.Errorf("%+v", end)
	}
	if end := (change.Steps{granting{}}).End(change.Result{ID: "1"}); end.Outcome != outcome.Copying || end.Reason != "1" {
		t.Errorf("%+v", end)
	}
}

func TestCallsAndEffects(t *testing.T) {
	t.Parallel()
	steps := change.Steps{note{To: "a", Text: "x"}, bare{}, note{To: "b"}}
	var calls []string
	for _, c := range steps.Calls() {
		calls = append(calls, c.Action+" "+c.Target)
	}
	if diff := cmp.Diff([]string{"note:Write a", "note:Send a", "note:Write b", "note:Send b"}, calls); diff != "" {
		t.Error(diff)
	}
	want := []any{[]string{"Note", "a", "x"}, "Bare", []string{"Note", "b", ""}}
	if diff := cmp.Diff(want, steps.Effects()); diff != "" {
		t.Error(diff)
	}
	if effects := (change.Steps)(nil).Effects(); effects == nil || len(effects) != 0 {
		t.Errorf("%v: a digest over null isn't one over none", effects)
	}
}
