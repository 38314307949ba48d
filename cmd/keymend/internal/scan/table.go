package scan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
)

// A Table shows rows to people: what is wrong in a few lines each, and the names of what
// is fine.
type Table struct {
	Total Total
	Place report.Place // where the person scanned
	Again []string     // the flags with which they did

	fine  []string // names, to be listed together
	first Row      // of those that stand so for one cause
	same  []string // names of the others
}

// Head writes how many groups stand how.
func (t *Table) Head(p *screen.Page) {
	if t.Total.Groups == 0 {
		p.Sentence(screen.Bold, "No Auto Scaling group in "+t.Total.Where()+".")
		return
	}
	ink, text := screen.Good, ""
	for _, s := range report.States() {
		n := t.Total.States[s]
		if n == 0 {
			continue
		}
		text += ", " + counted(s, n)
		if s != report.Fine && ink != screen.Bad {
			ink = map[report.State]screen.Ink{report.Fails: screen.Bad, report.WouldFail: screen.Bad, report.Unknown: screen.Doubt}[s]
		}
	}
	p.Sentence(ink, screen.Count(t.Total.Groups, "group")+" in "+t.Total.Where()+": "+strings.TrimPrefix(text, ", ")+".")
}

func counted(s report.State, n int) string {
	if n == 1 {
		return map[report.State]string{report.Fails: "1 fails", report.WouldFail: "1 would fail at its next launch", report.Unknown: "1 can't be told", report.Fine: "1 is fine"}[s]
	}
	return fmt.Sprint(n, map[report.State]string{report.Fails: " fail", report.WouldFail: " would fail at their next launch", report.Unknown: " can't be told", report.Fine: " are fine"}[s])
}

// Row takes a row. Groups that stand so for the same cause are written together, and those
// that are fine at the foot.
func (t *Table) Row(p *screen.Page, r Row) {
	switch {
	case r.State == report.Fine:
		t.fine = append(t.fine, t.name(r))
	case t.first.Schema != "" && t.first.Cause() == r.Cause():
		t.same = append(t.same, t.name(r))
	default:
		t.write(p)
		t.first = r
	}
}

// name names the group, and where it is where that doesn't go without saying.
func (t *Table) name(r Row) string {
	if len(t.Total.Places) == 1 {
		return r.Group
	}
	return r.Group + " (" + Place{r.Account, r.Region}.String() + ")"
}

// write writes what was taken of one cause.
func (t *Table) write(p *screen.Page) {
	r, same := t.first, t.same
	if t.first, t.same = (Row{}), nil; r.Schema == "" {
		return
	}
	ink := screen.Bad
	if r.State == report.Unknown {
		ink = screen.Doubt
	}
	p.Blank()
	p.Row(ink, map[report.State]string{report.Fails: "fails", report.WouldFail: "will fail", report.Unknown: "unknown"}[r.State], t.name(r)+strings.TrimPrefix(r.Says, r.Group)+".")
	if len(same) > 0 {
		p.Row(screen.Bold, "so do", screen.Count(len(same), "more group")+": "+strings.Join(same, ", "))
	}
	p.Row(screen.Bold, "key", keys(r)...)
	if r.State == report.Unknown || r.Code == report.Broke {
		p.Row(screen.Doubt, "not seen", slices.DeleteFunc(slices.Clone(r.NotSeen), func(text string) bool { return strings.Contains(r.Says, text) })...)
	}
	if r.Acts != "" {
		p.Row(screen.Bold, "who acts", r.Acts)
	}
	for _, k := range r.Keys {
		for _, do := range k.Do {
			if do.Account == r.Account && strings.HasPrefix(do.Command, "keymend ") {
				p.Whole(screen.Bold, "do", do.Command)
				return
			}
		}
	}
}

// keys names the keys that aren't open; where all are, each.
func keys(r Row) []string {
	var shut, all []string
	for _, k := range r.Keys {
		name := k.ARN
		if k.Alias != "" {
			name += " " + k.Alias
		}
		if all = add(all, name); len(k.Missing) > 0 {
			shut = add(shut, name)
		}
	}
	if len(shut) > 0 {
		return shut
	}
	return all
}

// most is how many names of what is fine are listed.
const most = 50

// Foot writes what is left: what is fine, what couldn't be looked at, and what comes next.
func (t *Table) Foot(p *screen.Page) {
	t.write(p)
	p.Blank()
	more := ""
	slices.Sort(t.fine)
	if n := len(t.fine) - most; n > 0 {
		t.fine, more = t.fine[:most], " and "+strconv.Itoa(n)+" more: --output csv lists all"
	}
	if len(t.fine) > 0 {
		p.Row(screen.Good, "fine", strings.Join(t.fine, ", ")+more)
	}
	for _, u := range t.Total.Unseen() {
		p.Row(screen.Doubt, "not seen", u.String()+": "+u.Problem)
	}
	if t.Total.States[report.Fine] < t.Total.Groups {
		p.Blank()
		p.Row(screen.Bold, "more", "why, of each group, and what would change: keymend diagnose GROUP. All of it as a page to show to others:")
		p.Whole(screen.Bold, "", t.Place.Run("report", append([]string{"-o", "keymend.html"}, t.Again...)...))
	}
}
