package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/export"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/screen"
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

// A Need is what Keymend would add so that the group launches all the same.
type Need struct {
	Account    string            `json:"account"`
	Key        string            `json:"key,omitempty"`
	Does       string            `json:"does"`
	Statements []json.RawMessage `json:"statements,omitempty"`
}

// A Total sums a change up.
type Total struct {
	Schema   string      `json:"schema"`
	Says     string      `json:"says"` // in a sentence, without the full stop
	Account  string      `json:"account"`
	Region   string      `json:"region"`
	Change   []string    `json:"change"`   // a line for each part of it
	Problems []Problem   `json:"problems"` // with the change itself
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

	effects Effects
	code    report.Code
	causes  []cause
	doubtful,
	broken, fine int // of those that stay as they are
}

// A cause is why groups would break: a key that would be shut to a role, or that role.
type cause struct {
	key    *report.Key // nil = the role is deleted
	what   string
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
	if a.Effect == whatif.Unaffected {
		if a.After == whatif.Unknown {
			t.doubtful++
		} else {
			t.fine++
		}
		return nil
	}
	g := t.group(a)
	t.Groups = append(t.Groups, g)
	t.code = worse(t.code, g.Code)
	if a.Effect == whatif.Breaks {
		t.because(a, g)
	}
	return nil
}

// worse is as of a group's several keys: what can be done goes first.
func worse(a, b report.Code) report.Code {
	switch {
	case a == report.Fixable || b == report.Fixable:
		return report.Fixable
	case a == report.NotOurs || b == report.NotOurs:
		return report.NotOurs
	}
	return report.Healed
}

func (t *Tally) group(a Answer) Group {
	g := Group{
		Schema: Schema, Effect: a.Effect, Account: t.Account, Region: t.Region, Group: a.Group, Before: a.Before, After: a.After,
		Says: t.says(a), Keys: []scan.Key{}, NotSeen: a.Row.NotSeen,
	}
	if a.Effect == whatif.Mends {
		g.NotSeen = nil
		return g
	}
	for _, k := range a.Row.Keys {
		if k.Do = nil; len(k.Missing) > 0 || k.Remedy != "" { // no command is for what isn't so yet
			g.Keys = append(g.Keys, k)
		}
	}
	gone := t.Change.Deletes(a.Row.Role)
	if !gone {
		g.Needs, g.Later = needs(a.Found), t.later(a)
	}
	switch {
	case a.Effect == whatif.StaysShut: // it isn't the change's doing
	case a.Effect == whatif.Breaks && !gone && a.Row.Code == report.Fixable:
		g.Code = report.Fixable
	default:
		g.Code = report.NotOurs
	}
	return g
}

// later reports whether a key is opened to a role that isn't there yet.
func (t *Tally) later(a Answer) bool {
	return slices.ContainsFunc(t.Change.Roles, func(r whatif.Role) bool {
		return r.Anew && slices.ContainsFunc(a.Found.Keys, func(k report.Key) bool { return k.Shut() && k.Finding.Principal == r.ARN })
	})
}

func (t *Tally) says(a Answer) string {
	role := roleName(a.Row.Role)
	switch {
	case a.Effect == whatif.Mends:
		return a.Group + " can't launch as it is, and could after this"
	case a.Effect == whatif.Untold:
		return "whether " + a.Group + " could launch after this can't be told: " + doubt(a)
	case a.Effect == whatif.StaysShut:
		return a.Group + " can't launch as it is, and couldn't after this: " + t.fault(a)
	case t.Change.Deletes(a.Row.Role):
		return a.Group + " couldn't launch after this: its role " + role + " is deleted"
	}
	return a.Group + " couldn't launch after this: " + t.fault(a)
}

// fault is what stands in the group's way first.
func (t *Tally) fault(a Answer) string {
	for _, k := range a.Found.Keys {
		if k.Shut() {
			return k.Fault()
		}
	}
	if t.Change.Deletes(a.Row.Role) {
		return "its role " + roleName(a.Row.Role) + " is deleted"
	}
	return afterColon(a.Row.Says)
}

// doubt is what would have to be known.
func doubt(a Answer) string {
	if _, why, ok := strings.Cut(a.Row.Says, "can't be told: "); ok {
		return why
	}
	if len(a.Row.NotSeen) > 0 {
		return a.Row.NotSeen[0]
	}
	return afterColon(a.Row.Says)
}

func afterColon(text string) string {
	if _, why, ok := strings.Cut(text, ": "); ok {
		return why
	}
	return text
}

// needs are the steps of each plan, as they are written into code.
func needs(g report.Group) []Need {
	var out []Need
	for _, k := range g.Keys {
		out = append(out, needsOf(k)...)
	}
	return out
}

// needsOf are the plan's steps; or what the keeper of the policy adds, where Keymend may
// not.
func needsOf(k report.Key) []Need {
	var out []Need
	p := k.Finding.Plan
	if p == nil {
		return nil
	}
	if o := p.ForOwner; len(p.Steps) == 0 && o != nil && len(o.Statements) > 0 {
		n := Need{Account: o.Account, Key: k.Finding.Key, Does: screen.Count(len(o.Statements), "statement")}
		for _, text := range o.Statements {
			n.Statements = append(n.Statements, json.RawMessage(text))
		}
		return []Need{n}
	}
	for _, step := range p.Steps {
		s := export.Of(step)
		n := Need{Account: s.Account, Key: s.Key, Does: s.Does}
		if s.Code.Policy != nil {
			for _, text := range s.Code.Policy.Statements {
				n.Statements = append(n.Statements, json.RawMessage(text))
			}
		}
		out = append(out, n)
	}
	return out
}

// because puts a group that would break to those that would for the same.
func (t *Tally) because(a Answer, g Group) {
	var all []cause
	if t.Change.Deletes(a.Row.Role) {
		all = append(all, cause{what: a.Row.Role})
	}
	for _, k := range a.Found.Keys {
		if k.Shut() && len(all) == 0 {
			all = append(all, cause{key: &k, what: k.Finding.Key + " " + k.Finding.Principal, needs: needsOf(k), later: g.Later})
		}
	}
	if len(all) == 0 {
		all = append(all, cause{what: t.fault(a)})
	}
	at := slices.IndexFunc(t.causes, func(o cause) bool { return o.what == all[0].what })
	if at < 0 {
		at = len(t.causes)
		t.causes = append(t.causes, all[0])
	}
	t.causes[at].groups = append(t.causes[at].groups, a.Group)
}

// Total sums the answers up.
func (t *Tally) Total() Total {
	out := Total{
		Schema: TotalSchema, Says: t.Says(), Account: t.Account, Region: t.Region, Change: t.Given.Says, Problems: t.Given.Problems,
		Groups: t.seen(), Effects: Effects{}, Exit: t.Code(),
	}
	if out.Problems == nil {
		out.Problems = []Problem{}
	}
	for _, e := range []whatif.Effect{whatif.Breaks, whatif.Untold, whatif.StaysShut, whatif.Mends, whatif.Unaffected} {
		out.Effects[e] = t.effects[e]
	}
	return out
}

func (t *Tally) seen() int {
	n := 0
	for _, count := range t.effects {
		n += count
	}
	return n
}

// Code is the exit code that the change calls for. Of one that AWS refuses nothing comes.
func (t *Tally) Code() report.Code {
	if t.Given.Refused() {
		return report.NotOurs
	}
	return t.code
}

// first says why the first of the groups that would break does.
func (t *Tally) first() string {
	g := t.Groups[slices.IndexFunc(t.Groups, func(g Group) bool { return g.Effect == whatif.Breaks })]
	why := afterColon(g.Says)
	switch {
	case t.effects[whatif.Breaks] == 1:
		return ", " + g.Group + ": " + why
	case len(t.causes) == 1 && strings.HasPrefix(why, "its "):
		return ": their " + strings.TrimPrefix(why, "its ")
	case len(t.causes) == 1:
		return ": " + why
	}
	return fmt.Sprintf(", for %d reasons; of %s, %s", len(t.causes), g.Group, why)
}

// Says answers in a sentence, without the full stop.
func (t *Tally) Says() string {
	where, n, breaks, untold := t.Account+" "+t.Region, t.seen(), t.effects[whatif.Breaks], t.effects[whatif.Untold]
	text := ""
	switch {
	case n == 0:
		return "There is no Auto Scaling group in " + where + " that this could break"
	case breaks > 0:
		text = fmt.Sprintf("%d of %s in %s couldn't launch after this", breaks, screen.Count(n, "group"), where) + t.first()
	case untold > 0:
		text = fmt.Sprintf("Whether %d of %s in %s could launch after this can't be told; no other would break", untold, screen.Count(n, "group"), where)
	default:
		text = fmt.Sprintf("None of %s in %s would break by this", screen.Count(n, "group"), where)
	}
	if t.Given.Refused() {
		return "AWS would refuse this change. Were it taken: " + strings.ToLower(text[:1]) + text[1:]
	}
	return text
}
