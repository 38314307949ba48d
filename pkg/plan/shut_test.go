package plan_test

import (
	"testing"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/plan"
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
		if got := s.InVain("A", []string{tc.shut}); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
