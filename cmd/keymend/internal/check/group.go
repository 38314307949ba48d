package check

import (
	"encoding/json"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/export"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/whatif"
)

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
	if a.Row.Code == report.Broke {
		said, _, _ := strings.Cut(a.Found.Head.Reason, ": look at ")
		return said
	}
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
