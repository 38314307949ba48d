// Package report shows a group's audit records to a person, and sums them up in
// an exit code. It adds nothing to what the records say but what the group's
// own history tells.
package report

import (
	"slices"
	"time"

	"keymend/pkg/audit"
)

// A Group is what one run of Keymend found and did about one group.
type Group struct {
	Head    audit.Record // the first finding: account, Region, group, counts
	Keys    []Key
	History History
	Asked   bool   // the person asked for the fix to be applied (--apply)
	File    string // where the audit records went; "" = nowhere
}

// A Key is one finding, with what came of it.
type Key struct {
	Finding audit.Record
	Result  *audit.Record // the last record of a remediation; nil = there was none
}

// A History is what the group's scaling activities tell.
type History struct {
	Failed     int       // failed launches since the last successful one
	Since      time.Time // of the first of them
	Last       time.Time // of the last of them
	Status     string    // StatusCode of the last one
	Message    string    // its StatusMessage
	More       bool      // there are more than could be looked at
	Unreadable string    // why they couldn't be read; "" = they were
}

// Groups sorts the records of a run by group, in order of appearance.
func Groups(records []audit.Record) []Group {
	var groups []Group
	for _, r := range records {
		i := slices.IndexFunc(groups, func(g Group) bool {
			return g.Head.Account == r.Account && g.Head.Region == r.Region && g.Head.Group == r.Group
		})
		if i < 0 {
			groups = append(groups, Group{Head: r})
			i = len(groups) - 1
		}
		groups[i].add(r)
	}
	return groups
}

// add: what a finding waited for may have been done, and then it comes again.
func (g *Group) add(r audit.Record) {
	i := len(g.Keys) - 1
	for i >= 0 && g.Keys[i].Finding.ID != r.ID {
		i--
	}
	switch finding := r.Phase == audit.Finding; {
	case i < 0, finding && g.Keys[i].Result != nil:
		g.Keys = append(g.Keys, Key{Finding: r})
		i = len(g.Keys) - 1
	case finding:
		g.Keys[i].Finding = r
	}
	if r.Phase != audit.Finding {
		g.Keys[i].Result = &r
	}
}

// Outcome is the last thing known about the key.
func (k Key) Outcome() audit.Outcome {
	switch {
	case k.unfinished():
		return audit.Failed
	case k.Result != nil:
		return k.Result.Outcome
	}
	return k.Finding.Outcome
}

// changed reports whether something was written, or may have been. What was
// written has an undo; only clearing a failed copy away has none.
func (k Key) changed() bool {
	switch k.Outcome() { //nolint:exhaustive // what the others wrote, their undo tells
	case audit.Fixed, audit.Unproven, audit.InService, audit.Undone:
		return true
	}
	return k.unfinished() || k.Result != nil && (len(k.Result.Undo) > 0 || k.clearing())
}

// unfinished: the intent was recorded, and nothing was heard of it again.
func (k Key) unfinished() bool { return k.Result != nil && k.Result.Phase == audit.Intent }
