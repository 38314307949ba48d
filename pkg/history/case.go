package history

import (
	"slices"

	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// A Case is one finding, with what became of it.
type Case struct {
	Finding record.Record
	Result  *record.Record // the last record of a remediation; nil = there was none
}

// Cases sorts records, oldest first, by finding, in the order of first sight. What a
// finding waited for may have been done: then it comes again, as a case of its own.
func Cases(records []record.Record) []Case {
	var out []Case
	newest := map[string]int{} // place in out, by finding
	for _, r := range records {
		i, known := newest[r.ID]
		switch finding := r.Phase == record.Finding; {
		case !known, finding && out[i].Result != nil:
			out = append(out, Case{Finding: r})
			i = len(out) - 1
			newest[r.ID] = i
		case finding:
			out[i].Finding = r
		}
		if r.Phase != record.Finding {
			out[i].Result = &r
		}
	}
	return out
}

// Saw reports whether a record of a finding has these facts, by their digest.
func Saw(records []record.Record, id, factsDigest string) bool {
	return slices.ContainsFunc(records, func(o record.Record) bool {
		return o.ID == id && o.Phase == record.Finding && o.Plan != nil && o.Plan.FactsDigest == factsDigest
	})
}

// Told reports whether the newest record of a finding among these says the same as
// this one: nothing new is known.
func Told(records []record.Record, r record.Record) bool {
	for _, o := range slices.Backward(records) {
		if o.ID == r.ID && o.Phase == record.Finding {
			if gone := goneOf(r); gone != "" && gone == goneOf(o) {
				return true // whatever else is rewritten there
			}
			return o.Outcome == r.Outcome && o.Digest == r.Digest && o.Reason == r.Reason && o.Decision == r.Decision
		}
	}
	return false
}

// goneOf is the remediation whose change was taken away, by a record; "" = none was.
func goneOf(r record.Record) string {
	if r.Outcome != outcome.TakenAway || r.Verdict == nil {
		return ""
	}
	return r.Verdict.Gone
}

// Outcome is the last thing known about the finding. A change that was begun, and of
// which nothing was heard again, failed.
func (c Case) Outcome() outcome.Outcome {
	switch {
	case c.Unfinished():
		return outcome.Failed
	case c.Result != nil:
		return c.Result.Outcome
	}
	return c.Finding.Outcome
}

// Unfinished reports whether a change was begun, and nothing was heard of it again.
func (c Case) Unfinished() bool { return c.Result != nil && c.Result.Phase == record.Intent }

// Changed reports whether something was written, or may have been. What was written
// has an undo; only clearing a failed copy away has none.
func (c Case) Changed() bool {
	if slices.Contains([]outcome.Outcome{outcome.Fixed, outcome.Unproven, outcome.InService, outcome.Undone}, c.Outcome()) || c.Unfinished() {
		return true
	}
	return c.Result != nil && (len(c.Result.Undo) > 0 || c.cleared())
}

// cleared reports whether what was left of a failed copy was taken away.
func (c Case) cleared() bool {
	return c.Result.Phase == record.Result && c.Result.Outcome == outcome.Failed &&
		change.Steps(c.Result.Steps).Only(func(claim change.Claim) bool { return claim.Consent == change.OwnCopyOnly })
}
