package htmlreport

import (
	"slices"

	"keymend/cmd/keymend/internal/report"
)

// A state is how a group stands, as the page says it.
type state struct {
	id   report.State
	word string // of one group
	one  string // "1 …"
	many string // "2 …"
}

// states returns all, the worst first.
func states() []state {
	return []state{
		{report.Fails, "fails", "fails now", "fail now"},
		{report.WouldFail, "would fail", "would fail at its next launch", "would fail at their next launch"},
		{report.Unknown, "can't be told", "can't be told", "can't be told"},
		{report.Fine, "fine", "is fine", "are fine"},
	}
}

func (s state) verb(n int) string {
	if n == 1 {
		return s.one
	}
	return s.many
}

// stateOf is the state with an id; what has no other is unknown.
func stateOf(id report.State) state {
	const unknown = 2
	if i := slices.IndexFunc(states(), func(s state) bool { return s.id == id }); i >= 0 {
		return states()[i]
	}
	return states()[unknown]
}
