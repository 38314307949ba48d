package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/plan"
)

// TestAKnownPlanIsTheSame: what is remembered of one group's plan changes no other's,
// however alike the two are.
func TestAKnownPlanIsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		known := &plan.Memo{}
		for range rapid.IntRange(2, 4).Draw(t, "findings") {
			f, o := drawFinding(t)
			for _, group := range []string{"web-1", "web-2"} {
				f.Group, f.Because = group, []string{"the template of " + group + " says so"}
				f.FailedSince = rapid.Bool().Draw(t, "failed since")
				f.Results, f.Instance = nil, access.Result{}
				if diff := cmp.Diff(f.Evaluate().Results, known.Evaluate(f).Results); diff != "" {
					t.Fatal(diff)
				}
				f = f.Evaluate()
				want := plan.For(f, o)
				o.Known = known
				got := plan.For(f, o)
				o.Known = nil
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatal(diff)
				}
			}
		}
	})
}

// TestAStormIsPlannedOnce: the second group whose launch needs a key as the same role
// costs no plan.
func TestAStormIsPlannedOnce(t *testing.T) {
	f, o := broken(), plan.Options{}
	once := testing.AllocsPerRun(10, func() { plan.For(f, o) })
	o.Known = &plan.Memo{}
	n := 0
	again := testing.AllocsPerRun(10, func() {
		n++
		f.Group = string(rune('a' + n))
		plan.For(f, o)
	})
	if again > once/10 {
		t.Errorf("%v allocations, %v without what is known", again, once)
	}
}
