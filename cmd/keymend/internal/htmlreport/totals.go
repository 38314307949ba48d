package htmlreport

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/quote"
)

// totals are the numbers of groups by state.
type totals map[report.State]int

// add counts a group. A state that isn't known counts as unknown, never as fine.
func (t totals) add(state report.State) { t[stateOf(state).id]++ }

func (t totals) groups() int {
	n := 0
	for _, count := range t {
		n += count
	}
	return n
}

// parts are the numbers in words, the worst state first: "3 fail now".
func (t totals) parts() []string {
	var out []string
	for _, of := range states() {
		if n := t[of.id]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, of.verb(n)))
		}
	}
	return out
}

// says tells the numbers in a sentence, without its full stop.
func (t totals) says() string {
	if t.groups() == 0 {
		return "No Auto Scaling group was found where it was looked"
	}
	return screen.Count(t.groups(), "group") + ": " + strings.Join(t.parts(), ", ")
}

// sums are what the first pass over the rows learns.
type sums struct {
	all    totals
	tasks  map[string]*task
	places map[scan.Place]totals
	order  []scan.Place
	unseen int // groups of which something couldn't be read
}

func sum(p Page) (*sums, error) {
	s := &sums{all: totals{}, tasks: map[string]*task{}, places: map[scan.Place]totals{}}
	if err := p.Rows(func(row scan.Row) error { s.row(row); return nil }); err != nil {
		return nil, fmt.Errorf("read the groups: %w", err)
	}
	return s, nil
}

func (s *sums) row(row scan.Row) {
	s.all.add(row.State)
	at := scan.Place{Account: row.Account, Region: row.Region}
	if s.places[at] == nil {
		s.places[at] = totals{}
		s.order = append(s.order, at)
	}
	s.places[at].add(row.State)
	if len(row.NotSeen) > 0 {
		s.unseen++
	}
	s.task(row)
}

// A task is a fix with the groups that it mends.
type task struct {
	Name   string // of the key; "" = no key is to blame
	Acts   string
	Mends  string
	Some   []string // of the groups' names
	More   int      // groups whose names aren't told
	Find   string   // what finds them in the list
	Fix    fix
	mended totals
}

// The number of names that a task tells, and of tasks that a page tells first.
const someNames, someTasks = 6, 25

// task counts a row to the fixes that it waits for.
func (s *sums) task(row scan.Row) {
	if row.State != report.Fails && row.State != report.WouldFail {
		return
	}
	shut := slices.DeleteFunc(slices.Clone(row.Keys), func(k scan.Key) bool { return !blamed(k) })
	if len(shut) == 0 {
		shut = []scan.Key{{Remedy: row.Says + "."}}
	}
	for _, k := range shut {
		id := shared(row, k)
		one := s.tasks[id]
		if one == nil {
			one = &task{Name: keyName(k), Acts: row.Acts, Find: k.ARN, Fix: fixOf(k), mended: totals{}}
			s.tasks[id] = one
		}
		one.mended.add(row.State)
		if len(one.Some) < someNames {
			one.Some = append(one.Some, row.Group)
		}
	}
}

// shared is the same for groups that one fix mends: what is added to a key lets in every
// group of the role. A change of the group itself mends that group only.
func shared(row scan.Row, k scan.Key) string {
	switch {
	case k.ARN == "":
		return row.Cause()
	case k.Fix == "" || strings.HasPrefix(k.Fix, "+ "):
		return strings.Join([]string{k.ARN, k.Role, row.Acts, k.Fix}, "\x00")
	}
	return strings.Join([]string{k.ARN, k.Role, row.Acts, k.Fix, row.Account, row.Region, row.Group}, "\x00")
}

// first returns the tasks, the one first that mends most, and how many are left out.
func (s *sums) first() ([]*task, int) {
	var out []*task
	for id := range s.tasks {
		t := s.tasks[id]
		t.Mends = t.mended.mends()
		t.More = t.mended.groups() - len(t.Some)
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *task) int {
		return cmp.Or(cmp.Compare(b.mended[report.Fails], a.mended[report.Fails]), cmp.Compare(b.mended[report.WouldFail], a.mended[report.WouldFail]), cmp.Compare(a.Find, b.Find),
			cmp.Compare(a.Acts, b.Acts), slices.Compare(a.Some, b.Some))
	})
	if len(out) > someTasks {
		return out[:someTasks], len(out) - someTasks
	}
	return out, 0
}

func (t totals) mends() string {
	var out []string
	if n := t[report.Fails]; n > 0 {
		out = append(out, screen.Count(n, "group")+" that can't launch")
	}
	if n := t[report.WouldFail]; n > 0 {
		out = append(out, screen.Count(n, "group")+" that would fail next")
	}
	return strings.Join(out, ", ")
}

// A fix is what mends a key: what changes, what a person does, and by which commands.
type fix struct {
	Change, Remedy string
	Do             []quote.Task
}

func fixOf(k scan.Key) fix {
	change := k.Fix
	if strings.HasPrefix(change, "+ ") && k.Role != "" {
		change += ", for " + roleName(k.Role)
	}
	return fix{change, k.Remedy, k.Do}
}
