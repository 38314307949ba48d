package plan_test

import (
	"slices"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/plan"
	"keymend/pkg/plan/copies"
)

// TestInVain: a key is of use while there is a way to launch that needs it and no key
// that stays shut.
func TestInVain(t *testing.T) {
	t.Parallel()
	way := func(keys ...string) (w launch.Way) {
		for _, k := range keys {
			w.Uses = append(w.Uses, encryption.Use{KeyID: k})
		}
		return w
	}
	for name, tc := range map[string]struct {
		ways []launch.Way
		shut string
		want bool
	}{
		"both in one way":             {[]launch.Way{way("a", "b")}, "B", true},
		"each in its own way":         {[]launch.Way{way("a"), way("b")}, "B", false},
		"the shut one in every way":   {[]launch.Way{way("a", "b"), way("b")}, "B", true},
		"one way without":             {[]launch.Way{way("a", "b"), way("a")}, "B", false},
		"in none that the ways name":  {[]launch.Way{way("a")}, "C", true},
		"the key itself is in no way": {[]launch.Way{way("b")}, "B", true},
	} {
		s := plan.Snapshot{Launch: launch.Launch{Ways: tc.ways}, Means: map[string]string{"a": "A", "b": "B"}}
		if got := s.InVain(about("A", nil), []string{tc.shut}); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func about(key string, of *copies.Case) plan.Finding {
	return plan.Finding{Facts: access.Facts{Key: access.Key{ARN: key}}, Copy: of}
}

// TestACopyEndsTheNeed: a volume of another account's snapshot lands on the default key,
// one of a copy doesn't. So copying is of use though the default key stays shut, unless
// something else needs that; to open the snapshot's key isn't.
func TestACopyEndsTheNeed(t *testing.T) {
	t.Parallel()
	root := []encryption.Use{{Device: "a", KeyID: "d", Default: true}, {Device: "a", KeyID: "s", Purpose: encryption.Source, SnapshotID: "snap-1"}}
	data := []encryption.Use{{Device: "b", KeyID: "d", Default: true}, {Device: "b", KeyID: "t", Purpose: encryption.Source, SnapshotID: "snap-2"}}
	named := func(all []encryption.Use) []encryption.Use {
		all = slices.Clone(all)
		all[1].Named = true
		return all
	}
	for name, tc := range map[string]struct {
		uses []encryption.Use
		want bool
	}{
		"the default key for the copied":         {root, false},
		"and for an empty volume":                {append(slices.Clone(root), encryption.Use{Device: "c", KeyID: "d", Default: true}), true},
		"and for another of the image":           {slices.Concat(root, data), false},
		"and for another, named":                 {slices.Concat(root, named(data)), true},
		"and for the image, the copied is named": {slices.Concat(named(root), data), true},
		"written in the template":                {[]encryption.Use{{Device: "a", KeyID: "d", Written: true}, root[1]}, true},
	} {
		s := plan.Snapshot{Launch: launch.Launch{Ways: []launch.Way{{Uses: tc.uses}}}, Means: map[string]string{"d": "D", "s": "S", "t": "T"}}
		if got := s.InVain(about("S", &copies.Case{}), []string{"D"}); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
		if !s.InVain(about("S", nil), []string{"D"}) {
			t.Errorf("%s: S would be opened for nothing", name)
		}
		if !s.InVain(about("S", &copies.Case{CopyKey: copies.Key{ARN: "D"}}), []string{"D"}) {
			t.Errorf("%s: the copy lies under the key that stays shut", name)
		}
	}
}
