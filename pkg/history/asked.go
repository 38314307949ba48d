package history

import (
	"slices"
	"time"

	"keymend/pkg/record"
)

// Asked folds the functions' logs about one finding to whether a person was
// asked to do something, and it isn't over. The zero value is of a finding of which
// nothing is told.
type Asked struct{ marks []asked }

type asked struct {
	at   time.Time
	open bool
}

// Add takes a record in. One that was taken in before changes nothing.
func (a *Asked) Add(r Entry) {
	if asks, over := Turns(r.Record); asks || over {
		a.marks = append(a.marks, asked{r.At, asks})
	}
}

// Open reports whether the last word is that a person has to do something.
func (a *Asked) Open() bool {
	slices.SortStableFunc(a.marks, func(x, y asked) int { return x.at.Compare(y.at) })
	return len(a.marks) > 0 && a.marks[len(a.marks)-1].open
}

// Turns reports whether a record asks a person to do something, and whether it says that
// its finding is over. What is between (a change on its way, or one that is proven before
// the group launched) says neither.
func Turns(r record.Record) (asks, over bool) {
	if r.Phase == record.Intent || r.Outcome == "" {
		return false, false
	}
	return r.Outcome.Asks(), Over(r.Outcome)
}
