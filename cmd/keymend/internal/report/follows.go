package report

import (
	"keymend/pkg/access"
	"keymend/pkg/record"
)

// follows says what comes after a change is taken back, by the steps that take it back.
// It says what is known, and no more.
func follows(r record.Record) []string {
	var out []string
	for _, step := range r.Undo {
		words := step.Words()
		if words.Shuts {
			out = append(out, launchAfter(r), againAfter(r))
		}
		out = append(out, nonEmpty(words.Then)...)
	}
	return unique(out)
}

// launchAfter: what else opens the key by then isn't known from a record.
func launchAfter(r record.Record) string {
	fails := " may fail again"
	if r.Decision == access.Denied {
		fails = " fails again"
	}
	return "the next launch of " + r.Group + fails + ", unless something else lets its role use the key by then"
}

// againAfter: a deployed Keymend knows what its own log has.
func againAfter(r record.Record) string {
	if r.RequestID != "" {
		return "a deployed Keymend wouldn't add it again by itself within 30 days of the change; a person's --apply does"
	}
	return "a deployed Keymend doesn't know what was written at a terminal: where the key is enrolled it adds it again once a launch fails; the tag keymend=ignore on the key keeps it out"
}

func unique(texts []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, text := range texts {
		if !seen[text] {
			out = append(out, text)
		}
		seen[text] = true
	}
	return out
}
