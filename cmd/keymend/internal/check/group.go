package check

import (
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/arn"
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
	role := arn.Last(a.Row.Role)
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
		return "its role " + arn.Last(a.Row.Role) + " is deleted"
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
