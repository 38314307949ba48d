// Package report has what commands answer: a page for people, lines of JSON for programs,
// an exit code. Of a group it shows the audit records, and adds nothing to what these say
// but what the group's own history tells.
package report

import (
	"slices"
	"time"

	"keymend/pkg/history"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

// A Group is what one run of Keymend found and did about one group.
type Group struct {
	Head       record.Record // the first finding: account, Region, group, counts
	Keys       []Key
	History    History
	Place      Place              // where the person looked
	Flags      []string           // by which they looked, and have to look again
	Shown      bool               // they saw what it is about when they were asked
	Asked      bool               // the person asked for the fix to be applied (--apply)
	File       string             // where the audit records went; "" = nowhere
	ToFile     bool               // the person said where they go
	Unshared   string             // why it isn't known which other groups use a key; "" = it is, or nobody asked
	ShowPolicy bool               // policies are shown as JSON
	shared     map[string]sharing // by key
	TurnOn     quote.Task         // what turns on the switch that stops all writes, where that is off
}

// A Key is one finding, with what came of it.
type Key struct{ history.Case }

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
func Groups(records []record.Record) []Group {
	var groups []Group
	for _, c := range history.Cases(records) {
		r := c.Finding
		i := slices.IndexFunc(groups, func(g Group) bool {
			return g.Head.Account == r.Account && g.Head.Region == r.Region && g.Head.Group == r.Group
		})
		if i < 0 {
			groups = append(groups, Group{Head: r})
			i = len(groups) - 1
		}
		groups[i].Keys = append(groups[i].Keys, Key{c})
	}
	return groups
}
