package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/coverage"
	"keymend/pkg/quote"
)

// A Coverage is where Keymend stands in an organization.
type Coverage struct {
	coverage.Report
	Place Place // where it was asked for
}

// Code returns the exit code: 0 where all stands, 3 where there are holes.
func (c Coverage) Code() Code {
	if c.Whole {
		return Healed
	}
	return Fixable
}

// Lines are what is written as JSON.
func (c Coverage) Lines() []any { return []any{c.Report} }

const (
	mostRows = 40 // of the table
	mostRuns = 3  // places whose commands are shown, of each cause
	mostEach = 6  // places that are named, of each cause
)

// Show writes the summary, the holes by their cause, and a table: of all rows where they
// are few, else of those with holes.
func (c Coverage) Show(p *screen.Page) {
	ink, word := screen.Good, "whole"
	switch {
	case c.Accounts.All == 0:
		ink, word = screen.Bad, "nothing"
	case !c.Whole:
		ink, word = screen.Bad, "holes"
	}
	p.Row(ink, word, fmt.Sprintf("%s: accounts %d of %d · Regions %d of %d%s", c.Organization, c.Accounts.Whole, c.Accounts.All, c.Pairs.Whole, c.Pairs.All, c.parts()))
	if c.Accounts.All == 0 {
		p.Row(screen.Doubt, "", "No account in the units that were asked for is ACTIVE. Nothing was looked at, so nothing is known.")
	}
	if c.Sampled {
		p.Row(screen.Doubt, "sample", "not every account was looked at")
	}
	for _, g := range c.Groups() {
		p.Blank()
		c.group(p, g)
	}
	p.Blank()
	c.table(p)
}

// parts says how many accounts have holes of each cause.
func (c Coverage) parts() string {
	out := ""
	for _, g := range c.Groups() {
		accounts := map[string]bool{}
		for _, at := range g.Places {
			accounts[at.Account] = true
		}
		out += fmt.Sprintf(" · %d %s", len(accounts), g.Places[0].Hole.Cause)
	}
	return out
}

func (c Coverage) group(p *screen.Page, g coverage.Group) {
	p.Row(screen.Bad, "hole", g.Places[0].Hole.Cause+": an account "+g.Says)
	for i, at := range g.Places {
		if i == mostEach {
			p.Row(screen.Plain, "", fmt.Sprintf("and %d more; --output json has all", len(g.Places)-i))
			break
		}
		p.Row(screen.Plain, "", at.Account+" "+at.Region+": "+at.Hole.Says)
	}
	var told []quote.Task
	for _, at := range g.Places[:min(len(g.Places), mostRuns)] {
		for _, t := range at.Hole.Run {
			if !slices.Contains(told, t) {
				told = append(told, t)
			}
		}
	}
	for _, t := range told {
		if t.Account != c.Place.Account {
			p.Row(screen.Bold, "run", "account "+t.Account+" runs:")
			p.Whole(screen.Bold, "", t.Command)
			continue
		}
		p.Whole(screen.Bold, "run", t.Command)
	}
}

// table writes rows of 79 columns.
func (c Coverage) table(p *screen.Page) {
	rows := c.Rows
	if len(rows) > mostRows {
		rows = slices.DeleteFunc(slices.Clone(rows), func(r coverage.Row) bool { return len(r.Holes) == 0 })
	}
	if len(rows) == 0 {
		return
	}
	p.Text(screen.Bold, line("account", "region", "stacks", "roles", "rules", "lost", "trl", "brk", "mode", "told", "open"))
	for _, r := range rows[:min(len(rows), mostRows)] {
		p.Text(screen.Plain, c.row(r))
	}
	if more := len(rows) - mostRows; more > 0 {
		p.Text(screen.Plain, fmt.Sprintf("and %d more; --output json has all", more))
	}
	if len(rows) < len(c.Rows) {
		p.Text(screen.Plain, "Only what has holes is listed; --output json has all.")
	}
	p.Text(screen.Plain, "lost: events of a day that couldn't be sent. trl: a trail logs what is needed.")
	p.Text(screen.Plain, "brk: the owner's switch. told: since the hub last recorded something, in a day.")
}

func line(cells ...string) string {
	out := ""
	for i, width := range []int{12, 14, 7, 5, 5, 4, 3, 3, 7, 4, 4} {
		out += fmt.Sprintf("%-*.*s ", width, width, cells[i])
	}
	return strings.TrimRight(out, " ")
}

func (c Coverage) row(r coverage.Row) string {
	if r.Template == "" && r.RolesStack == "" && r.RulesStack == "" && len(r.Holes) == 0 {
		return fmt.Sprintf("%-12s %-14s %s", r.Account, r.Region, quote.Line(r.State))
	}
	return line(r.Account, r.Region, stacks(r), known(r.Roles), known(r.Rules), number(r.Lost), trail(r.Trail), known(r.Switch), known(r.Mode), ago(c.At, r.LastLook), number(r.Open))
}

func stacks(r coverage.Row) string {
	for _, s := range []string{r.RolesStack, r.RulesStack} {
		if s != "CURRENT" {
			return map[string]string{"": "?", "OUTDATED": "old", "INOPERABLE": "broken", "none": "none"}[s]
		}
	}
	return "current"
}

func trail(state string) string {
	switch state {
	case "":
		return "?"
	case "logs", "logs, what isn't seen":
		return "yes"
	}
	return "no"
}

func known(text string) string { return cmp.Or(text, "?") }

func number(n *int) string {
	if n == nil {
		return "?"
	}
	if thousand := 1000; *n >= 10*thousand {
		return strconv.Itoa(*n/thousand) + "k"
	}
	return strconv.Itoa(*n)
}

// ago is how long before, in minutes or hours.
func ago(now time.Time, at *time.Time) string {
	if at == nil {
		return "-"
	}
	if d := now.Sub(*at); d < time.Hour {
		return strconv.Itoa(int(max(d, 0).Minutes())) + "m"
	}
	return strconv.Itoa(int(now.Sub(*at).Hours())) + "h"
}
