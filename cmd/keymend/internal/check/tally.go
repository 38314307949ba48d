package check

import (
	"slices"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/whatif"
)

// The versions of Group and Total.
const (
	Schema      = "keymend.check/1"
	TotalSchema = "keymend.check-total/1"
)

// A Group is one to which the change does something, as programs are told of it.
type Group struct {
	Schema  string        `json:"schema"`
	Effect  whatif.Effect `json:"effect"`
	Account string        `json:"account"`
	Region  string        `json:"region"`
	Group   string        `json:"group"`
	Before  whatif.State  `json:"before"`
	After   whatif.State  `json:"after"`
	Says    string        `json:"says"` // in a sentence, without the full stop
	Code    report.Code   `json:"code"`
	Keys    []scan.Key    `json:"keys"` // those that wouldn't be open, or aren't known to be
	Needs   []Need        `json:"needs,omitempty"`
	Later   bool          `json:"later,omitempty"` // what it needs can be given only after the change
	NotSeen []string      `json:"notSeen,omitempty"`
}

// A Total sums a change up.
type Total struct {
	Schema   string      `json:"schema"`
	Says     string      `json:"says"` // in a sentence, without the full stop
	Account  string      `json:"account"`
	Region   string      `json:"region"`
	Change   []string    `json:"change"`          // a line for each part of it
	Now      []string    `json:"now,omitempty"`   // how what is changed of EBS's settings is
	Problems []Problem   `json:"problems"`        // with the change itself
	Needs    []Need      `json:"needs,omitempty"` // what would have to be there first, for all that would break
	Groups   int         `json:"groups"`
	Effects  Effects     `json:"effects"`
	Exit     report.Code `json:"exit"`
}

// Effects counts groups by what the change does to them.
type Effects map[whatif.Effect]int

// A Tally takes answers, and keeps of each what is told.
type Tally struct {
	Question
	Given  Given
	Groups []Group

	now      encryption.Defaults
	effects  Effects
	code     report.Code
	causes   []cause
	needs    []Need   // of all causes
	doubtful []string // groups of which it can't be told as they are, either
	fine     int
}

// A cause is why groups would break: keys that would be shut to their roles, or a role.
type cause struct {
	keys   []report.Key // none: the role is deleted
	what   string       // the same for groups that would break for the same
	needs  []Need
	later  bool
	groups []string
}

// Add takes an answer.
func (t *Tally) Add(a Answer) error {
	if t.effects == nil {
		t.effects = Effects{}
	}
	t.effects[a.Effect]++
	t.now = a.Now
	if a.Effect == whatif.Unaffected {
		if a.After == whatif.Unknown {
			t.doubtful = append(t.doubtful, a.Group)
		} else {
			t.fine++
		}
		return nil
	}
	g := t.group(a)
	t.Groups = append(t.Groups, g)
	t.code = t.code.With(g.Code)
	if a.Effect == whatif.Breaks {
		t.because(a, g)
	}
	return nil
}

// because puts a group that would break to those that would for the same.
func (t *Tally) because(a Answer, g Group) {
	c := cause{later: g.Later, needs: g.Needs}
	for _, k := range a.Found.Keys {
		if k.Shut() {
			c.keys, c.what = append(c.keys, k), c.what+k.Finding.Key+" "+k.Finding.Principal+" "
		}
	}
	switch {
	case t.Change.Deletes(a.Row.Role):
		c = cause{what: a.Row.Role}
	case len(c.keys) == 0:
		c.what = t.fault(a)
	}
	at := slices.IndexFunc(t.causes, func(o cause) bool { return o.what == c.what })
	if at < 0 {
		at = len(t.causes)
		t.causes = append(t.causes, c)
	}
	t.causes[at].groups = append(t.causes[at].groups, a.Group)
	if !c.later {
		for _, n := range c.needs {
			t.needs = with(t.needs, n)
		}
	}
}
