package endtoend_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/settings/variable"
)

// TestWritesNothing holds that without mode, consent or switch nothing is
// written, and that the finding is on record all the same.
func TestWritesNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options []option
		tags    map[string]string
		before  func(w *world)
	}{
		"observe":                {options: []option{with("Mode", "observe")}, tags: enrolled},
		"a misspelt mode":        {options: []option{with("Mode", "enforced")}, tags: enrolled},
		"propose":                {options: []option{with("Mode", "propose")}, tags: enrolled},
		"key not enrolled":       {},
		"key's owner said no":    {tags: map[string]string{"keymend": "ignore"}},
		"switch off":             {tags: enrolled, before: func(w *world) { w.parameter("/keymend/switch", "off") }},
		"switch not readable":    {tags: enrolled, before: func(w *world) { w.noParameter("/keymend/switch") }},
		"scope all, owner's no":  {options: []option{with("Scope", "all")}, tags: map[string]string{"keymend": "ignore"}},
		"scope misspelt, no tag": {options: []option{with("Scope", "everything")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tc.options...)
			if tc.before != nil {
				tc.before(w)
			}
			key := w.key(rootOnly, tc.tags)
			before := w.policy(key)
			w.broken("web-prod", key)
			w.box.Advance(10 * time.Minute)
			if n := w.writes(); n != 0 {
				t.Errorf("%d writes, want 0", n)
			}
			if w.policy(key) != before {
				t.Error("the policy changed")
			}
			found := false
			for _, r := range w.records() {
				found = found || r.Phase == record.Finding && r.Group == "web-prod" && r.Key == key
				if r.Phase == record.Intent {
					t.Error("an intent was recorded")
				}
			}
			if !found {
				t.Errorf("no finding\n%v", w.story())
			}
		})
	}
}

// TestScopeAll heals keys of the own account that nobody enrolled, where the
// account's owner says so: the template's parameter reaches settings and roles.
func TestScopeAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Scope", "all"))
	w.broken("web-prod", w.key(rootOnly, nil))
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Fatalf("%d in service, want 2\n%v", n, w.story())
	}
}

// TestScopeAllNeedsTheRolesToo holds that the setting alone opens nothing: the
// roles' own condition on the key's tag stands.
func TestScopeAllNeedsTheRolesToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edited(func(document []byte) []byte {
		for _, function := range []string{"Diagnose", "Remediate"} {
			scope := gjson.GetBytes(document, "Resources."+function+".Properties.Environment.Variables."+variable.Scope)
			document = slices.Concat(document[:scope.Index], []byte(`"all"`), document[scope.Index+len(scope.Raw):])
		}
		return document
	}))
	w.broken("web-prod", w.key(rootOnly, nil))
	w.box.Advance(10 * time.Minute)
	w.wantUntouched()
	w.wantOutcome("web-prod", outcome.NotPermitted)
}
