package report

import (
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/precheck"
	"keymend/pkg/quote"
)

// A Precheck is what stands in the way of a deployment to an organization.
type Precheck struct {
	Settings precheck.Settings
	Checks   []precheck.Line
	Before   string // deploy-hub or deploy-organization: what is about to be deployed; "" = it isn't said
	By       string // ARN of the caller
	Place    Place
}

// Show writes it on the page.
func (c Precheck) Show(p *screen.Page) {
	p.Row(screen.Bold, "check", c.Settings.ID+", as "+c.By)
	p.Blank()
	for _, l := range c.Checks {
		label, ink := mark(l.State)
		p.Row(ink, label, l.Matter+": "+l.Text)
		if l.Do != "" {
			p.Row(screen.Plain, "", "-> "+l.Do)
		}
		if l.Command != nil {
			p.Whole(screen.Plain, "", c.Place.AWS(quote.Task{Account: l.Account, Command: quote.Command(l.Command...)}))
		}
	}
	p.Blank()
	p.Text(screen.Bold, c.sum())
}

func mark(s precheck.State) (string, screen.Ink) {
	switch s {
	case precheck.Well:
		return "ok", screen.Good
	case precheck.Wrong:
		return "wrong", screen.Bad
	case precheck.ToDo:
		return "to do", screen.Doubt
	case precheck.Unseen:
		return "not seen", screen.Doubt
	case precheck.Note:
	}
	return "note", screen.Bold
}

func (c Precheck) count(s precheck.State) int {
	return count(c.Checks, func(l precheck.Line) bool { return l.State == s })
}

func (c Precheck) sum() string {
	var parts []string
	for _, one := range []struct {
		state precheck.State
		says  string
	}{{precheck.Wrong, "wrong"}, {precheck.Unseen, "not seen"}, {precheck.ToDo, "to do"}} {
		if n := c.count(one.state); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, one.says))
		}
	}
	switch {
	case parts == nil:
		return "All is as the settings say."
	case c.count(precheck.Wrong) > 0:
		return strings.Join(parts, ", ") + ". Mend what is wrong before anything is deployed."
	}
	return strings.Join(parts, ", ") + "."
}

// Code returns the exit code that the checks call for. What the hub's deployment makes
// doesn't stand in its way. What wasn't seen stands in the way of no deployment, but for
// what has to be seen before a wave.
func (c Precheck) Code() Code {
	stops := slices.ContainsFunc(c.Checks, func(l precheck.Line) bool { return l.Stops })
	switch {
	case c.count(precheck.Wrong) > 0:
		return NotOurs
	case c.count(precheck.ToDo) > 0 && c.Before != "deploy-hub":
		return Fixable
	case c.count(precheck.ToDo) > 0, c.count(precheck.Unseen) == 0:
		return Healed
	case c.Before == "", c.Before == "deploy-organization" && stops:
		return Broke
	}
	return Healed
}

// Lines are what is written as JSON: one for each check.
func (c Precheck) Lines() []any {
	var out []any
	for _, l := range c.Checks {
		out = append(out, struct {
			Schema string `json:"schema"`
			precheck.Line
		}{"keymend.check/1", l})
	}
	return out
}
