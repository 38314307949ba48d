// Package history reads the audit log: records in, what became of it out. It is the
// one place that folds records; what it says never outweighs what AWS shows.
//
// The package is pure: no I/O, no clock, no SDK.
package history

import (
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// A Remediation is one change, with all that is on record about it.
type Remediation struct {
	ID      string
	Records []record.Record // oldest first
}

// Remediations sorts records, oldest first, by remediation, in the order of first
// sight. A proof that names none is of the newest that was begun about the same finding.
// The rest are the records of no remediation.
func Remediations(records []record.Record) (out []Remediation, rest []record.Record) {
	named, about := map[string]int{}, map[string][]int{} // places in out, by id and by finding
	for i := range records {
		r := &records[i]
		at, known := named[r.RemediationID]
		switch {
		case r.RemediationID == "":
			at, known = proven(out, about[r.ID], r)
			if !known {
				rest = append(rest, *r)
				continue
			}
		case !known:
			at = len(out)
			named[r.RemediationID], out = at, append(out, Remediation{ID: r.RemediationID})
		}
		out[at].Records = append(out[at].Records, *r)
		if !slices.Contains(about[r.ID], at) {
			about[r.ID] = append(about[r.ID], at)
			slices.Sort(about[r.ID])
		}
	}
	return out, rest
}

// proven finds the newest remediation, among those at some places, that a proof without a
// remediation's name is of.
func proven(all []Remediation, places []int, proof *record.Record) (int, bool) {
	for _, at := range slices.Backward(places) {
		of := &all[at]
		if proof.Phase == record.Proof && proof.ID != "" && of.Records[len(of.Records)-1].ID == proof.ID && of.Begun() {
			return at, true
		}
	}
	return 0, false
}

// Of returns the remediation with an id; false where nothing is on record about it.
func Of(records []record.Record, id string) (Remediation, bool) {
	all, _ := Remediations(records)
	for _, r := range all {
		if r.ID == id {
			return r, true
		}
	}
	return Remediation{}, false
}

// Last returns the newest record.
func (r Remediation) Last() record.Record { return r.Records[len(r.Records)-1] }

// Begun reports whether an intent is on record: something may have been written.
func (r Remediation) Begun() bool {
	return slices.ContainsFunc(r.Records, func(o record.Record) bool { return o.Phase == record.Intent })
}

// Undo returns the newest record that says what takes the change back; false where
// none does. An outcome without an undo doesn't hide the intent's: whether what was
// meant stands, only AWS shows.
func (r Remediation) Undo() (record.Record, bool) {
	for _, o := range slices.Backward(r.Records) {
		if len(o.Undo) > 0 && o.Phase != record.Finding {
			return o, true
		}
	}
	return record.Record{}, false
}

// Means reports whether an intent names exactly this call on this target, as
// CloudTrail writes them. A target that CloudTrail doesn't name is none.
func (r Remediation) Means(action, target string) bool {
	if target == "" {
		return false
	}
	return slices.ContainsFunc(r.Records, func(o record.Record) bool {
		return o.Phase == record.Intent && slices.ContainsFunc(change.Steps(o.Steps).Calls(), func(c change.Call) bool { return shownAs(c, action, target) })
	})
}

// shownAs reports whether CloudTrail shows a call so. Where EC2 uses keys with the
// session's credentials, it shows the grants that EC2 makes as the session's. The session
// itself is taken of the call's role, in the call's account.
func shownAs(c change.Call, action, target string) bool {
	if action == "sts:AssumeRole" {
		return c.Account == arn.Account(target) && strings.HasSuffix(target, string(c.Role))
	}
	if action == "kms:CreateGrant" && slices.Contains(c.Keys, target) {
		return true
	}
	return c.Action == action && (c.Target == target || c.Shown == target && target != "")
}

// State says how far the remediation has come, by its newest record.
func (r Remediation) State() outcome.State {
	last := r.Last()
	switch {
	case last.Phase == record.Intent:
		return outcome.StateIntended
	case last.Phase == record.Proof && last.Outcome == outcome.Waiting: // for Auto Scaling
		return outcome.StateProven
	}
	return last.Outcome.State()
}
