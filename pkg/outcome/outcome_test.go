package outcome_test

import (
	"slices"
	"strings"
	"testing"

	"keymend/pkg/outcome"
)

func states() []outcome.State {
	return []outcome.State{
		outcome.StateNone, outcome.StateProposed, outcome.StateIntended, outcome.StateWritten, outcome.StateProven, outcome.StateInService,
		outcome.StateUndone, outcome.StateSuperseded, outcome.StateStuck,
	}
}

// Every outcome has a sentence, and comes to exactly one state.
func TestOutcomesComeToOneState(t *testing.T) {
	t.Parallel()
	for o, meaning := range outcome.Meanings() {
		var of []outcome.State
		for _, s := range states() {
			if slices.Contains(outcome.Of(s), o) {
				of = append(of, s)
			}
		}
		if len(of) != 1 || o.State() != of[0] {
			t.Errorf("%s comes to %q, and is of %q", o, o.State(), of)
		}
		if !strings.HasSuffix(meaning, ".") {
			t.Errorf("%s means %q", o, meaning)
		}
	}
	for _, s := range states() {
		for _, o := range outcome.Of(s) {
			if outcome.Meanings()[o] == "" {
				t.Errorf("%s of state %s means nothing", o, s)
			}
		}
		if none := s == outcome.StateIntended; (len(outcome.Of(s)) == 0) != none {
			t.Errorf("state %s: %v", s, outcome.Of(s))
		}
	}
}

func TestOutcomesOfNewerVersionsAreStuck(t *testing.T) {
	t.Parallel()
	if got := outcome.Outcome("later").State(); got != outcome.StateStuck {
		t.Error(got)
	}
}
