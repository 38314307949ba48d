package report

import (
	"slices"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/record"
)

// follows says what comes after a change is taken back, by the steps that take it back.
// It says what is known, and no more.
func follows(r record.Record) []string {
	var out []string
	for _, step := range r.Undo {
		words := step.Words()
		says := []string{words.Then}
		if words.Shuts {
			says = []string{launchAfter(r), againAfter(r), words.Then}
		}
		for _, text := range screen.NonEmpty(says...) {
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

// launchAfter says how the next launch goes. A record doesn't tell what else opens the key
// by then.
func launchAfter(r record.Record) string {
	fails := " may fail again"
	if r.Decision == access.Denied {
		fails = " fails again"
	}
	return "the next launch of " + r.Group + fails + ", unless something else lets its role use the key by then"
}

// againAfter says whether a deployed Keymend makes the change again. It knows its own log
// only.
func againAfter(r record.Record) string {
	if r.RequestID != "" {
		return "a deployed Keymend wouldn't add it again by itself within 30 days of the change; a person's --apply does"
	}
	return "a deployed Keymend doesn't know what was written at a terminal: where the key is enrolled it adds it again once a launch fails; the tag keymend=ignore on the key keeps it out"
}
