// Package scan looks at all groups of accounts and Regions, one after the other, and says
// how each stands. Nothing is judged here: each group is looked at as keymend diagnose
// looks at one.
package scan

import (
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
)

// rowSchema is the version of Row.
const rowSchema = "keymend.scan/1"

// A Row is all that a list tells of a group.
type Row struct {
	Schema  string       `json:"schema"`
	State   report.State `json:"state"`
	Account string       `json:"account"`
	Region  string       `json:"region"`
	Group   string       `json:"group"`

	Says string      `json:"says"`           // in a sentence, without the full stop
	Acts string      `json:"acts,omitempty"` // who has to act; "" = nobody
	Code report.Code `json:"code"`           // exit code of keymend diagnose

	Desired    int    `json:"desired"`
	Healthy    int    `json:"healthy"`
	Failed     int    `json:"failedLaunches"`       // since the last that succeeded; counted where the group lacks instances
	LastFailed string `json:"lastFailed,omitempty"` // RFC 3339
	Message    string `json:"message,omitempty"`    // AWS's, about that launch
	Suspended  string `json:"suspended,omitempty"`  // AWS's text about it
	ManagedBy  string `json:"managedBy,omitempty"`
	Role       string `json:"role,omitempty"` // ARN of the role that the group launches as

	Sources []string  `json:"sources"` // what it launches from: "lt-0c11aa22 v17"
	Keys    []Key     `json:"keys"`
	NoNeed  []string  `json:"noNeed,omitempty"`  // a line for each volume that needs no key of the role's
	NotSeen []string  `json:"notSeen,omitempty"` // what couldn't be read
	At      time.Time `json:"at"`                // when it was looked at
}

// A Key is one that the group's launches need, as it stands to one of its roles.
type Key struct {
	ARN      string          `json:"key"` // as it is written down, where there is no such key
	Alias    string          `json:"alias,omitempty"`
	Account  string          `json:"keyAccount,omitempty"` // its owner
	State    string          `json:"keyState,omitempty"`   // KMS's
	Role     string          `json:"role"`                 // ARN
	Decision access.Decision `json:"decision"`
	Volumes  []Volume        `json:"volumes"`

	By      []string     `json:"decidedBy,omitempty"` // statements and grants that decide
	Why     []string     `json:"why,omitempty"`       // a line for each that looks like access, or denies it
	Missing []string     `json:"missing,omitempty"`   // KMS operations that aren't allowed
	Fix     string       `json:"fix,omitempty"`       // what Keymend would write, in a few words
	Remedy  string       `json:"remedy,omitempty"`    // what a person does, where it is for them
	Do      []quote.Task `json:"do,omitempty"`        // the commands that do it
}

// A Volume is one for which a launch needs the key.
type Volume struct {
	Device  string `json:"device"`
	Source  string `json:"source"` // the template's version, or the launch configuration
	Because string `json:"because"`
}

// RowOf says how a group stands, by what was seen of it and what was found.
func RowOf(saw plan.Snapshot, g report.Group, at time.Time) Row {
	sum := g.Sum()
	r := Row{
		Schema: rowSchema, State: sum.State, Account: g.Head.Account, Region: g.Head.Region, Group: g.Head.Group,
		Says: sum.Says, Acts: sum.Acts, Code: sum.Code, Desired: g.Head.Desired, Healthy: g.Head.Healthy,
		Failed: g.History.Failed, Message: g.History.Message, Suspended: g.Head.Suspended, ManagedBy: g.Head.ManagedBy,
		Role: saw.Launch.Principal.ARN, Sources: []string{}, Keys: []Key{}, NoNeed: saw.Launch.NoNeed, At: at.UTC().Truncate(time.Second),
	}
	if !g.History.Last.IsZero() {
		r.LastFailed = g.History.Last.UTC().Format(time.RFC3339)
	}
	for _, way := range saw.Launch.Ways {
		r.Sources = add(r.Sources, way.Name)
	}
	for _, f := range saw.Findings {
		r.Keys = append(r.Keys, keyOf(saw, g, f))
	}
	for _, k := range g.Keys {
		r.NotSeen = add(r.NotSeen, k.NotSeen()...)
	}
	return r
}

// Cause is the same for groups of a place that stand so for the same reason: what mends
// one mends the others.
func (r Row) Cause() string {
	parts := []string{string(r.State), r.Account, r.Region, strings.ReplaceAll(r.Says, r.Group, ""), r.Acts}
	for _, k := range r.Keys {
		if len(k.Missing) > 0 {
			parts = append(parts, k.ARN, k.Role)
		}
	}
	return strings.Join(parts, "\x00")
}

func keyOf(saw plan.Snapshot, g report.Group, f plan.Finding) Key {
	out := Key{
		ARN: f.Facts.Key.ARN, Alias: f.Alias, Account: arn.Account(f.Facts.Key.ARN), State: f.Facts.Key.State,
		Role: f.Principal.ARN, Decision: f.Decision(), Volumes: volumes(saw, f.Facts.Key.ARN),
		Missing: slices.Concat(f.Decided(access.Denied), f.Decided(access.Unknown)),
	}
	for _, r := range f.Results {
		if r.DecidedBy != "" {
			out.By = add(out.By, r.DecidedBy)
		}
	}
	at := slices.IndexFunc(g.Keys, func(k report.Key) bool { return k.Finding.ID == f.ID() })
	if at < 0 {
		return out // it is open, or isn't blamed
	}
	k := g.Keys[at]
	out.Why, out.Fix, out.Remedy, out.Do = k.Why(), k.Fix(), k.Remedy(), g.Tasks(k)
	return out
}

// volumes are those that need a key, of each way in which the group launches.
func volumes(saw plan.Snapshot, key string) []Volume {
	out := []Volume{}
	for _, way := range saw.Launch.Ways {
		for _, u := range way.Uses {
			v := Volume{u.Device, way.Name, u.Because}
			if (saw.Means[u.KeyID] == key || u.KeyID == key) && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

func add(to []string, texts ...string) []string {
	for _, text := range texts {
		if !slices.Contains(to, text) {
			to = append(to, text)
		}
	}
	return to
}
