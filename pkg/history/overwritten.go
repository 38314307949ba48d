package history

import (
	"cmp"
	"slices"
	"strings"

	"keymend/pkg/activity"
	"keymend/pkg/keypolicy"
	"keymend/pkg/record"
)

// An Overwritten edit is somebody's edit of a key's policy that a write of Keymend's,
// which hadn't seen it, took back. KMS has no compare-and-set.
type Overwritten struct {
	Edit    activity.PolicyEdit
	By      activity.PolicyEdit // Keymend's
	Restore keypolicy.Edit      // of the policy as it is now, which brings the edit back
}

// Overwrote finds such edits of a key: what CloudTrail shows of its policy, and the
// records of remediate, which say what each write of Keymend's was made from, against
// the policy as it is now. An edit that can't be read, or that is there again, isn't claimed.
//
//	before a write of Keymend's, somebody's last edit is   then
//	what the write was made from, or older                 it was seen
//	newer, and all of it is in the policy now              nothing is lost
//	newer                                                  it was overwritten
func Overwrote(edits []activity.PolicyEdit, own func(activity.PolicyEdit) bool, records []record.Record, now string) []Overwritten {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b activity.PolicyEdit) int {
		return cmp.Or(a.Time.Compare(b.Time), boolOf(own(a))-boolOf(own(b))) // CloudTrail has whole seconds
	})
	var out []Overwritten
	for i, e := range edits {
		if !own(e) {
			continue
		}
		before, known := madeFrom(records, e)
		seen := -1
		for j := range i {
			if known && keypolicy.Equal(edits[j].Policy, before) {
				seen = j
			}
		}
		var last *activity.PolicyEdit
		for j := seen + 1; j < i; j++ {
			if !own(edits[j]) {
				last = &edits[j]
			}
		}
		if !known || last == nil {
			continue
		}
		if restore, ok := restored(now, e.Policy, last.Policy); ok {
			out = append(out, Overwritten{*last, e, restore})
		}
	}
	return out
}

// madeFrom is the policy that a write of Keymend's was made from, by its outcome.
func madeFrom(records []record.Record, e activity.PolicyEdit) (string, bool) {
	for _, r := range records {
		if r.Phase == record.Result && strings.HasSuffix(e.Session, r.RemediationID) && r.RemediationID != "" && r.Key == e.Key && keypolicy.Equal(r.After, e.Policy) && !keypolicy.Equal(r.Before, r.After) {
			return r.Before, true
		}
	}
	return "", false
}

func restored(now, wrote, lost string) (keypolicy.Edit, bool) {
	var documents [3]*keypolicy.Document
	for i, text := range []string{now, wrote, lost} {
		var err error
		if documents[i], err = keypolicy.Parse(text); err != nil {
			return keypolicy.Edit{}, false
		}
	}
	edit, err := documents[0].Restore(documents[1], documents[2])
	return edit, err == nil && len(edit.Added)+len(edit.Removed) > 0
}

func boolOf(b bool) int {
	if b {
		return 1
	}
	return 0
}
