package archive

import (
	"slices"
	"time"

	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// A Book takes records in, one at a time and in any order, and keeps little of each, so
// that a log of any length fits. A record that it gets twice, by a file and by a log, it keeps once.
// The zero value is empty.
type Book struct {
	Whole  bool      // it keeps all of each
	Oldest time.Time // of the records that were taken in; zero = none was
	all    []record.Record
	has    map[line]bool
	found  map[string]int // the place in all of each finding's last one
}

// A line is one record among all.
type line struct {
	phase           record.Phase
	outcome         outcome.Outcome
	id, remediation string
	at              time.Time
}

// Add takes a record in.
func (b *Book) Add(r record.Record) {
	at := line{r.Phase, r.Outcome, r.ID, r.RemediationID, r.Time.UTC()}
	if r.Phase == record.Swept || b.has[at] {
		return
	}
	if b.has == nil {
		b.has, b.found = map[line]bool{}, map[string]int{}
	}
	if b.Oldest.IsZero() || r.Time.Before(b.Oldest) {
		b.Oldest = r.Time
	}
	if !b.Whole {
		r = Short(r)
	}
	if i, seen := b.found[r.ID]; seen && !b.Whole && again(b.all[i], r) {
		delete(b.has, line{b.all[i].Phase, b.all[i].Outcome, r.ID, r.RemediationID, b.all[i].Time.UTC()})
		b.all[i], b.has[at] = r, true
		return
	}
	if r.Phase == record.Finding {
		b.found[r.ID] = len(b.all)
	} else {
		delete(b.found, r.ID)
	}
	b.all, b.has[at] = append(b.all, r), true
}

// again reports whether a newer finding says what an older one did: sweeps do.
func again(old, r record.Record) bool {
	gone := func(r record.Record) string {
		if r.Verdict == nil {
			return ""
		}
		return r.Verdict.Gone
	}
	return old.Phase == record.Finding && r.Phase == record.Finding && old.Outcome == r.Outcome && old.ID == r.ID && r.ID != "" &&
		old.RemediationID == r.RemediationID && old.Proposal == r.Proposal && gone(old) == gone(r) && !r.Time.Before(old.Time)
}

// Entries returns what is on record.
func (b *Book) Entries() []Entry {
	slices.SortStableFunc(b.all, func(a, c record.Record) int { return a.Time.Compare(c.Time) })
	b.found = map[string]int{}
	return Entries(b.all)
}

// Short is a record without its documents and the details of its decision.
func Short(r record.Record) record.Record {
	out := record.Record{
		Schema: r.Schema, Phase: r.Phase, Outcome: r.Outcome, Reason: r.Reason, ID: r.ID, RemediationID: r.RemediationID, RequestID: r.RequestID,
		Account: r.Account, Region: r.Region, Hub: r.Hub, Group: r.Group, Key: r.Key, KeyAccount: r.KeyAccount, Alias: r.Alias, Time: r.Time, Failed: r.Failed,
		Principal: r.Principal, Steps: record.Steps(change.Steps(r.Steps).Short()), Proposal: r.Proposal, Mode: r.Mode, Caller: r.Caller, Approver: r.Approver, Ticket: r.Ticket, Proof: r.Proof,
	}
	if r.Verdict != nil {
		out.Verdict = &guard.Verdict{Reason: r.Verdict.Reason, Gone: r.Verdict.Gone}
	}
	return out
}
