package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/arn"
	"keymend/pkg/quote"
	"keymend/pkg/whatif"
)

// A Screen is where a tally is shown.
type Screen struct {
	Place      report.Place
	ShowPolicy bool     // statements are shown as JSON
	Flags      []string // by which a group has to be looked at again
}

// mostNames is how many groups are named together; --output json names all.
const mostNames = 12

// Show writes the answer: first in a sentence, then what breaks and why.
func (t *Tally) Show(p *screen.Page, s Screen) {
	ink := screen.Good
	switch t.Code() { //nolint:exhaustive // of the others there is no answer
	case report.Fixable:
		ink = screen.Bad
	case report.NotOurs:
		ink = screen.Doubt
		if t.Given.Refused() || t.effects[whatif.Breaks] > 0 {
			ink = screen.Bad
		}
	}
	p.Sentence(ink, strings.TrimRight(t.Says(), ".")+".")
	p.Blank()
	p.Row(screen.Bold, "change", t.Given.Says...)
	p.Row(screen.Bold, "now", t.settings()...)
	t.problems(p, s)
	for _, c := range t.most() {
		p.Blank()
		t.cause(p, s, c)
	}
	p.Blank()
	t.others(p)
	p.Blank()
	p.Text(screen.Bold, "Nothing was changed.")
}

// problems writes what AWS refuses first.
func (t *Tally) problems(p *screen.Page, s Screen) {
	for _, refused := range []bool{true, false} {
		for _, problem := range t.Given.Problems {
			if problem.Refused == refused {
				problem.Show(p, "", s.Place.AWS)
			}
		}
	}
}

// Show writes the problem; from is what stands before its text, command writes what is done
// about it.
func (p Problem) Show(page *screen.Page, from string, command func(quote.Task) string) {
	label, ink := "beware", screen.Doubt
	if p.Refused {
		label, ink = "refused", screen.Bad
	}
	page.Row(ink, label, from+p.Text)
	for _, do := range p.Do {
		page.Whole(screen.Bold, "", command(do))
	}
}

func (t *Tally) cause(p *screen.Page, s Screen, c cause) {
	p.Row(screen.Bad, "breaks", names(c.groups))
	switch {
	case len(c.keys) > 0:
	case strings.HasPrefix(c.what, "arn:"):
		p.Row(screen.Bold, "why", "they launch as "+arn.Last(c.what)+", which is deleted: Auto Scaling launches as no other")
		p.Row(screen.Bold, "do", "Keep the role; or delete the groups first, or give them another one.")
	default:
		p.Row(screen.Bold, "why", c.what)
	}
	for i, k := range c.keys {
		if i > 0 {
			p.Blank()
		}
		k.Cause(p, len(c.groups) > 1)
		if plan := k.Finding.Plan; plan != nil && plan.NoFix != nil && len(needsOf(k)) == 0 && !c.later {
			p.Row(screen.Bad, "cause", plan.NoFix.Text)
			p.Row(screen.Bold, "first", plan.NoFix.Remedy)
		}
	}
	t.remedy(p, s, c)
}

// remedy says what would have to be there, and when it can be made. To a key is added what
// all groups need that would break.
func (t *Tally) remedy(p *screen.Page, s Screen, c cause) {
	if c.later {
		p.Row(screen.Bold, "then", "Its new id isn't known before: once it is there, Keymend opens the key to it:")
		p.Whole(screen.Bold, "", s.Place.Keymend("diagnose", c.groups[0], append([]string{"--apply"}, s.Flags...)...))
		return
	}
	label := "first"
	for _, n := range c.needs {
		if at := slices.IndexFunc(t.needs, func(o Need) bool { return o.Key == n.Key && len(o.Statements) > 0 }); at >= 0 && len(n.Statements) > 0 {
			n = t.needs[at]
		}
		p.Row(screen.Good, label, t.where(n))
		if label = ""; s.ShowPolicy && len(n.Statements) > 0 {
			p.Raw(indented(n.Statements))
		} else if len(n.Statements) > 0 {
			p.Row(screen.Bold, "", "--show-policy shows them")
		}
	}
}

// where says what is added to what: a policy that is given is amended where it is.
func (t *Tally) where(n Need) string {
	switch what := strings.Replace(n.Does, " added", "", 1); {
	case len(n.Statements) == 0 && n.Account != t.Account:
		return "in account " + n.Account + ": " + n.Does
	case len(n.Statements) == 0:
		return n.Does
	case t.Change.Puts(n.Key):
		return "add to " + t.Given.From + ": " + what
	case n.Account != t.Account:
		return "account " + n.Account + " adds to the key's policy: " + what
	default:
		return "add to the key's policy: " + what
	}
}

func indented(statements []json.RawMessage) string {
	text, err := json.Marshal(statements)
	var out bytes.Buffer
	if err != nil || json.Indent(&out, text, "", "  ") != nil {
		return ""
	}
	return out.String()
}

// others names the groups that don't break.
func (t *Tally) others(p *screen.Page) {
	var reasons []string
	unknown := map[string][]string{}
	var stays, mends []string
	for _, g := range t.Groups {
		switch g.Effect { //nolint:exhaustive // what breaks is told by its cause
		case whatif.Untold:
			why := afterColon(g.Says)
			if !slices.Contains(reasons, why) {
				reasons = append(reasons, why)
			}
			unknown[why] = append(unknown[why], g.Group)
		case whatif.StaysShut:
			stays = append(stays, g.Group)
		case whatif.Mends:
			mends = append(mends, g.Group)
		}
	}
	for _, why := range reasons {
		p.Row(screen.Doubt, "unknown", names(unknown[why])+": "+why)
	}
	row := func(ink screen.Ink, label string, groups []string, says string) {
		if len(groups) > 0 {
			p.Row(ink, label, fmt.Sprintf("%s, %s: %s", screen.Count(len(groups), "group"), says, names(groups)))
		}
	}
	row(screen.Doubt, "as now", stays, "which can't launch as it is, and couldn't")
	row(screen.Good, "mends", mends, "which can't launch as it is, and could")
	row(screen.Doubt, "as now", t.doubtful, "of which it can't be told as it is, either")
	if t.fine > 0 {
		p.Row(screen.Good, "fine", screen.Count(t.fine, "group"))
	}
}

func names(groups []string) string {
	if len(groups) <= mostNames+1 {
		return strings.Join(groups, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(groups[:mostNames], ", "), len(groups)-mostNames)
}
