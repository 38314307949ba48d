package history

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// Asked folds lines of the functions' logs about one finding to whether a person was
// asked to do something, and it isn't over. The zero value is of a finding of which
// nothing is told.
type Asked struct{ marks []asked }

type asked struct {
	at   time.Time
	open bool
}

// Read takes a line in, with the time at which the log has it.
func (a *Asked) Read(at time.Time, line string) {
	var r struct {
		Phase   record.Phase
		Outcome outcome.Outcome
	}
	if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &r) == nil {
		a.Add(at, record.Record{Phase: r.Phase, Outcome: r.Outcome})
	}
}

// Add takes a record in that was written at a time. One that was taken in before changes
// nothing.
func (a *Asked) Add(at time.Time, r record.Record) {
	if asks, over := Turns(r); asks || over {
		a.marks = append(a.marks, asked{at, asks})
	}
}

// Open reports whether the last word is that a person has to do something.
func (a *Asked) Open() bool {
	slices.SortStableFunc(a.marks, func(x, y asked) int { return x.at.Compare(y.at) })
	return len(a.marks) > 0 && a.marks[len(a.marks)-1].open
}

// Turns reports whether a record asks a person to do something, and whether it says that
// its finding is over. What is between (a change on its way, or one that is proven before
// the group launched) says neither. Nor does a plan that was superseded: the look that
// follows says what is found instead.
func Turns(r record.Record) (asks, over bool) {
	if r.Phase == record.Intent || r.Outcome == "" {
		return false, false
	}
	over = slices.Contains([]outcome.State{outcome.StateNone, outcome.StateInService, outcome.StateUndone}, r.Outcome.State())
	return r.Outcome.Asks(), over
}
