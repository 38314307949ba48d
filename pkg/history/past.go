package history

import (
	"slices"
	"time"

	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

// An Entry is a record, and when the log took it, by AWS's clock.
type Entry struct {
	At time.Time
	record.Record
}

// Begun are the changes whose intents are among these, each once.
func Begun(all []Entry) []guard.Change {
	var out []guard.Change
	for _, e := range all {
		c := guard.Change{Remediation: e.RemediationID, Account: e.Account, Region: e.Region}
		if e.Phase == record.Intent && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// Gone says what Keymend wrote for a finding's key and role, by entries of whichever
// order, and isn't there any more; nil = nothing. Access that Keymend ended itself isn't gone, nor
// is access of a role that was deleted since.
func Gone(all []Entry, f plan.Finding) *guard.Removal {
	all = slices.SortedStableFunc(slices.Values(all), func(a, b Entry) int { return a.At.Compare(b.At) })
	for _, e := range slices.Backward(all) {
		other := e.Key != f.Facts.Key.ARN || e.Principal != f.Principal.ARN || e.PrincipalID != "" && e.PrincipalID != f.Principal.ID
		if e.Phase != record.Result || other {
			continue
		}
		steps := change.Steps(e.Steps)
		switch e.Outcome.State() { //nolint:exhaustive // nothing was written
		case outcome.StateUndone:
			return removal(e, "the change "+e.RemediationID+" was undone")
		case outcome.StateWritten, outcome.StateProven:
			if !gave(steps) {
				continue
			}
			if f.Lacks(steps) {
				return removal(e, "")
			}
			return nil
		}
	}
	return nil
}

// Outlived says what Keymend wrote last for a finding's key, if it was for a role of the
// same name that was deleted since: by entries of whichever order; "" = nothing.
func Outlived(all []Entry, f plan.Finding) string {
	var last Entry
	for _, e := range all {
		state := e.Outcome.State()
		wrote := e.Phase == record.Result && (state == outcome.StateWritten || state == outcome.StateProven)
		if wrote && gave(change.Steps(e.Steps)) && e.Key == f.Facts.Key.ARN && e.Principal == f.Principal.ARN && !e.At.Before(last.At) {
			last = e
		}
	}
	if last.PrincipalID == "" || f.Principal.ID == "" || last.PrincipalID == f.Principal.ID {
		return ""
	}
	return removal(last, "").What
}

// gave reports whether steps gave access to a key, or ended it. Steps that edited a policy
// and did neither leave what was given before as it stood.
func gave(steps change.Steps) bool {
	return steps.Only(func(c change.Claim) bool { return c.Consent == change.KeyOwner }) &&
		!steps.Only(func(c change.Claim) bool { return c.Edits && c.Closes })
}

func removal(e Entry, by string) *guard.Removal {
	out := &guard.Removal{Remediation: e.RemediationID, Written: e.At, What: e.RemediationID, By: by, Grants: plan.GrantIDs(change.Steps(e.Undo))}
	for i, step := range e.Steps {
		if words, sep := step.Words(), " and "; i == 0 {
			out.What = words.What
		} else {
			out.What += sep + words.What
		}
	}
	out.What += " (" + e.RemediationID + ")"
	if e.Verdict != nil {
		out.Enrolled = e.Verdict.Enrolled
	}
	return out
}
