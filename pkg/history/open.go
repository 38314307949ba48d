package history

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// Findings folds lines of diagnose's log to the newest of each finding of an account in
// a Region, or of all where there is none. It reads one line at a time, and keeps little of it: a day's log of a large
// account is more than a function's memory.
type Findings struct {
	Account, Region string
	newest          map[string]signal.Follow // by the finding's id
	places          map[string][2]string     // account and Region, by the finding's id
}

// Read takes a line in, if it is about a finding there, with the time at which the log
// has it.
func (f *Findings) Read(at time.Time, line string) {
	var r struct {
		signal.Follow
		Phase           record.Phase
		Account, Region string
		RemediationID   string
		Proof           struct{ Fixed time.Time }
	}
	about := strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &r) == nil && strings.HasPrefix(r.ID, "f-")
	if !about || r.Phase != record.Finding && r.Phase != record.Proof || !f.here(r.Account, r.Region) || at.Before(f.newest[r.ID].Told) {
		return
	}
	if f.newest == nil {
		f.newest, f.places = map[string]signal.Follow{}, map[string][2]string{}
	}
	old := f.newest[r.ID]
	if ended(old) { // it begins anew
		old = signal.Follow{}
	}
	r.Told, r.Remediation, r.Failed, r.Fixed = at, cmp.Or(r.RemediationID, old.Remediation), cmp.Or(r.Failed, old.Failed), cmp.Or(r.Proof.Fixed, old.Fixed)
	f.newest[r.ID], f.places[r.ID] = r.Follow, [2]string{r.Account, r.Region}
}

func (f *Findings) here(account, region string) bool {
	return f.Account == "" || account == f.Account && region == f.Region
}

// Places returns in which Regions of which accounts there are findings that aren't ended.
func (f *Findings) Places(now time.Time) map[string][]string {
	out := map[string][]string{}
	for _, o := range f.Open(now) {
		if at := f.places[o.ID]; !slices.Contains(out[at[0]], at[1]) {
			out[at[0]] = append(out[at[0]], at[1])
		}
	}
	return out
}

// Open returns the findings that aren't ended, by group. Of a change that was sent less
// than an hour ago the look that follows it tells.
func (f *Findings) Open(now time.Time) []signal.Follow {
	var out []signal.Follow
	for _, o := range f.newest {
		if !ended(o) && o.Group != "" && (o.Outcome != outcome.Sent || now.Sub(o.Told) > time.Hour) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b signal.Follow) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.ID, b.ID)) })
	return out
}

func ended(o signal.Follow) bool {
	return slices.Contains([]outcome.State{outcome.StateNone, outcome.StateInService, outcome.StateUndone, outcome.StateSuperseded}, o.Outcome.State())
}
