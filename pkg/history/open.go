package history

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// Findings folds diagnose's log to the newest record of each finding of an account in a
// Region, or of all where there is none. It takes one record at a time, and keeps little of
// it: a day's log of a large account is more than a function's memory.
type Findings struct {
	Account, Region string
	newest          map[string]signal.Follow // by the finding's id
	places          map[string][2]string     // account and Region, by the finding's id
}

// Add takes a record in, if it is about a finding there.
func (f *Findings) Add(r Entry) {
	about := strings.HasPrefix(r.ID, "f-") && (r.Phase == record.Finding || r.Phase == record.Proof)
	if !about || !f.here(r.Account, r.Region) || r.At.Before(f.newest[r.ID].Told) {
		return
	}
	if f.newest == nil {
		f.newest, f.places = map[string]signal.Follow{}, map[string][2]string{}
	}
	old := f.newest[r.ID]
	if Over(old.Outcome) { // it begins anew
		old = signal.Follow{}
	}
	fixed := ""
	if r.Proof != nil {
		fixed = r.Proof.Fixed
	}
	f.newest[r.ID] = signal.Follow{
		ID: r.ID, Group: r.Group, Key: r.Key, Principal: r.Principal, Outcome: r.Outcome, Told: r.At, Remediation: cmp.Or(r.RemediationID, old.Remediation),
		Failed: cmp.Or(timeOf(r.Failed), old.Failed), Fixed: cmp.Or(timeOf(fixed), old.Fixed),
	}
	f.places[r.ID] = [2]string{r.Account, r.Region}
}

// timeOf is a time as records have it; zero where it is none.
func timeOf(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text)
	return at
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
		if !Over(o.Outcome) && o.Group != "" && (o.Outcome != outcome.Sent || now.Sub(o.Told) > time.Hour) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b signal.Follow) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.ID, b.ID)) })
	return out
}

// Over reports whether a finding of which that is the newest outcome is over. A plan that
// was superseded isn't: the look that follows says what is found instead.
func Over(o outcome.Outcome) bool {
	return slices.Contains([]outcome.State{outcome.StateNone, outcome.StateInService, outcome.StateUndone}, o.State())
}
