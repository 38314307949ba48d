package history

import (
	"slices"
	"strings"
	"time"

	"keymend/pkg/record"
)

// Sweeps folds diagnose's log to what is remembered of an organization's sweeps:
// the accounts that were listed last, and where there were groups. The zero value
// remembers nothing.
type Sweeps struct {
	handed []handed
	found  []found
}

// handed is one sweep as it was handed on.
type handed struct {
	asked, listed time.Time
	all, whole    bool
	accounts      []string
}

// found is where an account had groups, and what refused: Regions, or the account.
type found struct {
	asked            time.Time
	account          string
	regions, refused []string
}

// Add takes a record in, if it is of a sweep over an organization.
func (s *Sweeps) Add(r Entry) {
	if r.Phase != record.Swept || r.Sweep == nil {
		return
	}
	asked := timeOf(r.Sweep.Asked)
	switch {
	case asked.IsZero():
	case r.Account != "":
		f := found{asked, r.Account, r.Sweep.Regions, nil}
		for _, line := range r.Sweep.Skipped {
			name, _, _ := strings.Cut(line, ":")
			f.refused = append(f.refused, name)
		}
		s.found = append(s.found, f)
	default:
		s.hand(handed{asked, timeOf(r.Sweep.Listed), r.Sweep.All, !r.Sweep.More, r.Sweep.Accounts})
	}
}

// hand takes in a sweep, or a part of one: its list of accounts may stand in several
// records. It went to all if every part did.
func (s *Sweeps) hand(h handed) {
	for i := range s.handed {
		if old := &s.handed[i]; old.asked.Equal(h.asked) {
			old.all, old.whole, old.accounts = old.all && h.all, old.whole || h.whole, append(old.accounts, h.accounts...)
			return
		}
	}
	s.handed = append(s.handed, h)
}

// Listed returns the accounts that were listed last, and when; none: nothing is known.
func (s *Sweeps) Listed() ([]string, time.Time) {
	var last handed
	for _, h := range s.handed {
		if h.whole && h.asked.After(last.asked) {
			last = h
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(last.accounts))), last.listed
}

// Groups returns in which Regions of which accounts there were groups, since the last
// sweep but one that went to all: the last may be on its way still, or have failed in an
// account. And it returns when the last was asked for; zero: none was.
func (s *Sweeps) Groups() (map[string][]string, time.Time) {
	var last, before time.Time
	for _, h := range s.handed {
		switch {
		case !h.all || !h.whole:
		case h.asked.After(last):
			last, before = h.asked, last
		case h.asked.After(before):
			before = h.asked
		}
	}
	out := map[string][]string{}
	for _, f := range s.found {
		if !f.asked.Before(before) {
			out[f.account] = append(out[f.account], f.regions...)
		}
	}
	for account, regions := range out {
		out[account] = slices.Compact(slices.Sorted(slices.Values(regions)))
	}
	return out, last
}

// Refused returns what of each account refused by the newest sweep that has a record of it:
// Regions, or the account's id.
func (s *Sweeps) Refused() map[string][]string {
	out, newest := map[string][]string{}, map[string]time.Time{}
	for _, f := range s.found {
		switch last := newest[f.account]; {
		case f.asked.After(last):
			newest[f.account], out[f.account] = f.asked, slices.Clone(f.refused)
		case f.asked.Equal(last):
			out[f.account] = append(out[f.account], f.refused...)
		}
	}
	for account, names := range out {
		out[account] = slices.Compact(slices.Sorted(slices.Values(names)))
	}
	return out
}
