package report

import (
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/doctor"
)

// A Doctor is how Keymend is in an account and Region.
type Doctor struct {
	Checks          []doctor.Check
	Account, Region string // "" = AWS didn't take the credentials
}

// Show writes what isn't well first, then what can't be told, then what is well.
func (d Doctor) Show(p *screen.Page) {
	p.Text(screen.Bold, d.sum())
	if d.Account != "" {
		p.Text(screen.Plain, d.Account+" "+d.Region)
	}
	for _, state := range []doctor.State{doctor.NotOK, doctor.Unknown, doctor.OK} {
		p.Blank()
		all := slices.DeleteFunc(slices.Clone(d.Checks), func(c doctor.Check) bool { return c.State != state })
		for i, c := range all {
			if i+1 < len(all) && slices.Equal(c.Do, all[i+1].Do) { // one remedy for both
				c.Do, c.Page = nil, ""
			}
			d.check(p, c)
		}
	}
}

func (d Doctor) check(p *screen.Page, c doctor.Check) {
	ink, label := screen.Good, "ok"
	switch c.State {
	case doctor.NotOK:
		ink, label = screen.Bad, "not ok"
	case doctor.Unknown:
		ink, label = screen.Doubt, "unknown"
	case doctor.OK:
	}
	text := c.Check + ": " + c.Says
	if c.About != "" {
		text = c.Check + ", " + c.About + ": " + c.Says
	}
	p.Row(ink, label, text)
	for i, command := range c.Do {
		p.Whole(screen.Bold, map[bool]string{true: "  do"}[i == 0], command)
	}
	if c.Page != "" && c.State != doctor.OK {
		p.Row(screen.Faint, "  see", c.Page)
	}
}

func (d Doctor) count(s doctor.State) int {
	return count(d.Checks, func(c doctor.Check) bool { return c.State == s })
}

// sum is the first line: how it stands, in a sentence.
func (d Doctor) sum() string {
	var parts []string
	if n := d.count(doctor.NotOK); n > 0 {
		be := map[bool]string{true: " is", false: " are"}[n == 1]
		parts = append(parts, screen.Count(n, "thing")+be+" not well")
	}
	if n := d.count(doctor.Unknown); n > 0 {
		parts = append(parts, screen.Count(n, "thing")+" can't be told")
	}
	if parts == nil {
		return "All that was looked at is well."
	}
	return strings.Join(parts, ", ") + "."
}

// Lines are what is written as JSON: one for each check.
func (d Doctor) Lines() []any {
	var out []any
	for _, c := range d.Checks {
		out = append(out, c)
	}
	return out
}

// Code returns the exit code that the checks call for.
func (d Doctor) Code() Code {
	switch {
	case d.Account == "":
		return Broke
	case d.count(doctor.NotOK) > 0:
		return Fixable
	case d.count(doctor.Unknown) > 0:
		return NotOurs
	}
	return Healed
}
