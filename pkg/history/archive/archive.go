// Package archive says what is on record as people ask for it: by remediation, group and
// key, with how each stands. It folds nothing itself; pkg/history does.
//
// The package is pure: no I/O, no clock, no SDK.
package archive

import (
	"slices"
	"time"

	"keymend/pkg/history"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// An Entry is all that is on record about one remediation, or about one finding of which
// no change came.
type Entry struct {
	ID      string          // of the remediation, or else of the finding
	Records []record.Record // oldest first
	Gone    *record.Record  // by this finding somebody took the change away; nil = none says so
	Next    string          // id of the remediation that was begun next for the same finding; "" = none was
	Waits   bool            // it is proposed, and nothing newer is on record about its finding
}

// Entries sorts records, oldest first, into entries, in the order of their last records.
func Entries(records []record.Record) []Entry {
	records = slices.Clone(records)
	newest := map[string]string{} // of each finding, the remediation that its last record is about
	for i := range records {
		r := &records[i]
		if r.RemediationID == "" && r.Phase == record.Finding {
			r.RemediationID = r.Proposal // it is carried out under this name
		}
		if r.Phase != record.Proof || r.RemediationID != "" {
			newest[r.ID] = r.RemediationID
		}
	}
	all, rest := history.Remediations(records)
	gone, begun := removals(records), starts(all)
	var out []Entry
	for _, of := range all {
		e := Entry{ID: of.ID, Records: of.Records, Gone: goneBy(gone[of.ID], of), Next: next(begun, of)}
		last := &of.Records[len(of.Records)-1]
		e.Waits = last.Outcome == outcome.Proposed && newest[last.ID] == e.ID
		out = append(out, e)
	}
	out = append(out, unchanged(rest)...)
	slices.SortStableFunc(out, func(a, b Entry) int { return a.last().Time.Compare(b.last().Time) })
	return out
}

// unchanged are the findings of which no change came, by the records of no remediation.
func unchanged(rest []record.Record) []Entry {
	var out []Entry
	for _, c := range history.Cases(slices.DeleteFunc(rest, func(r record.Record) bool { return r.Phase == record.Swept })) {
		e := Entry{ID: c.Finding.ID, Records: []record.Record{c.Finding}}
		if c.Result != nil && c.Finding.Phase == record.Finding {
			e.Records = append(e.Records, *c.Result)
		}
		out = append(out, e)
	}
	return out
}

// removals are the newest findings by which somebody took a change away, by remediation.
func removals(records []record.Record) map[string]*record.Record {
	out := map[string]*record.Record{}
	for i := range records {
		if r := &records[i]; r.Outcome == outcome.TakenAway && r.Verdict != nil {
			out[r.Verdict.Gone] = r
		}
	}
	return out
}

// goneBy is a finding by which somebody took a remediation's change away, unless something
// came of that since. A change that Keymend took back itself isn't taken away.
func goneBy(finding *record.Record, of history.Remediation) *record.Record {
	if finding == nil {
		return nil
	}
	for i := range slices.Backward(of.Records) {
		switch r := &of.Records[i]; {
		case r.Outcome == outcome.Undone, r.Phase == record.Intent && r.Time.After(finding.Time):
			return nil
		case r.Phase == record.Intent:
			return finding
		}
	}
	return finding
}

// A start is when a remediation was begun.
type start struct {
	id string
	at time.Time
}

// starts are the beginnings of remediations by finding, the oldest first.
func starts(all []history.Remediation) map[string][]start {
	out := map[string][]start{}
	for _, of := range all {
		at := slices.IndexFunc(of.Records, func(r record.Record) bool { return r.Phase == record.Intent })
		if at >= 0 {
			r := &of.Records[at]
			out[r.ID] = append(out[r.ID], start{of.ID, r.Time})
		}
	}
	for _, one := range out {
		slices.SortStableFunc(one, func(a, b start) int { return a.at.Compare(b.at) })
	}
	return out
}

// next is the remediation that was begun after another, for the same finding.
func next(begun map[string][]start, of history.Remediation) string {
	all := begun[of.Records[0].ID]
	at := slices.IndexFunc(all, func(s start) bool { return s.id == of.ID })
	if at < 0 || at+1 == len(all) {
		return ""
	}
	return all[at+1].id
}

// Last returns the newest record.
func (e Entry) Last() record.Record { return e.Records[len(e.Records)-1] }

func (e Entry) last() *record.Record { return &e.Records[len(e.Records)-1] }

// Of is the remediation; false where the entry is a finding.
func (e Entry) Of() (history.Remediation, bool) {
	return history.Remediation{ID: e.ID, Records: e.Records}, e.Last().RemediationID != "" || e.Begun()
}

// Begun reports whether something was written, or may have been.
func (e Entry) Begun() bool { return history.Remediation{Records: e.Records}.Begun() }

// Change returns the newest record of the change itself, rather than of what took it back
// or proved it: the outcome, or else the intent, or else the finding.
func (e Entry) Change() record.Record {
	rank := func(i int) int {
		if e.Takes(i) {
			return -1
		}
		return slices.Index([]record.Phase{record.Proof, record.Finding, record.Intent, record.Result}, e.Records[i].Phase)
	}
	best := 0
	for i := range e.Records {
		if rank(i) >= rank(best) {
			best = i
		}
	}
	return e.Records[best]
}

// Takes reports whether a record is of an undo: of what was asked for, or of what came of
// that.
func (e Entry) Takes(i int) bool {
	r := &e.Records[i]
	switch {
	case r.Outcome == outcome.Undone, r.Outcome == outcome.PartlyUndone:
		return true
	case r.Phase == record.Intent:
		return r.Reason == record.UndoAsked
	case r.Phase != record.Result:
		return false
	}
	for j := range slices.Backward(e.Records[:i]) {
		if e.Records[j].Phase == record.Intent {
			return e.Records[j].Reason == record.UndoAsked
		}
	}
	return false
}
