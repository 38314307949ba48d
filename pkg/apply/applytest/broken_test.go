package applytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/apply"
)

// complaints are those of a suite, by check.
type complaints []string

// Errorf implements reporter.
func (c *complaints) Errorf(format string, args ...any) {
	*c = append(*c, fmt.Sprintf(format, args...))
}

// of holds a case to the contract, and returns the checks that complain.
func of(t *testing.T, table apply.Table, c Case) map[string]complaints {
	t.Helper()
	out := map[string]complaints{}
	for _, check := range checks() {
		var said complaints
		check.run(suite{t.Context(), table, c, &said})
		if len(said) == 0 {
			continue
		}
		if out[check.name] = said; check.first {
			break
		}
	}
	return out
}

// TestTheContractFindsWhatIsBroken: each fault of a kind is complained about by the
// check that is there for it.
func TestTheContractFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	for broken, want := range map[string]string{
		"": "", "can't see, and says so of the step": "unknown", "claims others' work": "person", "forgets its own work": "carried", "takes half for the whole": "killed",
		"does it beside others": "person", "does it anew": "twice", "does all in one session": "carried", "takes a refusal for success": "refused",
		"does it where it is asked what it would do": "preview", "takes others' work away": "person",
		"takes no answer for a refusal": "lost", "claims what others did": "person",
	} {
		table, c := toy(broken)
		if got := of(t, table, c); want == "" && len(got) > 0 || want != "" && len(got[want]) == 0 {
			t.Errorf("%q: %q complains, want %q", broken, got, want)
		}
	}
}

// TestTheContractFindsBrokenSteps: the same for what is wrong with a step, or with
// its case.
func TestTheContractFindsBrokenSteps(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*Case)
		want   string
		says   string
	}{
		"lost on the wire":      {func(c *Case) { c.Step = lend{Key: OwnKey, Lost: "x"} }, "json", "came back as"},
		"no undo by the intent": {func(c *Case) { c.Step = lend{Key: OwnKey, bare: true} }, "undo", "it has no undo"},
		"an undo all the same":  {func(c *Case) { c.Final = true }, "undo", "it has an undo"},
		"no mark":               {func(c *Case) { c.Marked = false }, "carried", "want There"},
		"a person does nothing": {func(c *Case) { c.Does = nil }, "person", "doesn't say"},
		"it stands already":     {func(c *Case) { c.World = func() *World { w := New(); c.Does(w); return w } }, "carried", "Do changed nothing"},
		"an undo that isn't":    {func(c *Case) { c.Undoes = func(*World) {} }, "person", "the case's Undoes"},
		"an id as its target":   {func(c *Case) { c.Step = lend{Key: OwnKey, id: true} }, "carried", "which is no ARN"},
		"a kind that isn't":     {func(c *Case) { c.Step = other{} }, "carried", "no such kind"},
	} {
		table, c := toy("")
		tc.change(&c)
		got := of(t, table, c)
		if !slices.ContainsFunc(got[tc.want], func(s string) bool { return strings.Contains(s, tc.says) }) {
			t.Errorf("%s: %q complains, want %s: %s", name, got, tc.want, tc.says)
		}
	}
}

// An other is of no kind of the table's.
type other struct{ lend }

// Kind implements change.Step.
func (other) Kind() string { return "Other" }
