package history_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/history"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// A case is a finding with what became of it. A finding that comes again after a
// result is a case of its own; one that comes again before is the same, as it is now.
func TestCases(t *testing.T) {
	t.Parallel()
	for story, want := range map[string]string{
		"":                                   "",
		"finding/no-fix":                     "no-fix",
		"finding/proposed finding/fixable":   "fixable",
		"finding/sent intent/ outcome/fixed": "sent fixed",
		"finding/sent intent/":               "sent failed", // nothing was heard of it again
		"outcome/undone":                     "undone undone",
		"finding/waiting intent/ outcome/fixed finding/fixable intent/ outcome/moved": "waiting fixed, fixable moved",
		"finding/sent intent/ outcome/fixed finding/copying":                          "sent fixed, copying",
		"finding/sent intent/ outcome/fixed proof/in-service":                         "sent in-service",
	} {
		var got []string
		for _, c := range history.Cases(told(t, strings.Fields(story)...)) {
			one := string(c.Finding.Outcome)
			if c.Result != nil {
				one += " " + string(c.Outcome())
			}
			if c.Unfinished() != (c.Result != nil && c.Result.Phase == record.Intent) {
				t.Errorf("%s: unfinished %v", story, c.Unfinished())
			}
			got = append(got, one)
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", story, diff)
		}
	}
}

// Findings that take turns stay apart, in the order of first sight.
func TestCasesOfSeveralFindings(t *testing.T) {
	t.Parallel()
	records := told(t, "finding/sent", "finding/proposed", "intent/", "outcome/fixed")
	records[1].ID = "f-2"
	all := history.Cases(records)
	if len(all) != 2 || all[0].Finding.ID != "f-1" || all[0].Outcome() != outcome.Fixed || all[1].Finding.ID != "f-2" || all[1].Result != nil || all[1].Outcome() != outcome.Proposed {
		t.Errorf("%+v", all)
	}
}

// Whatever was written, or may have been, was changed.
func TestChanged(t *testing.T) {
	t.Parallel()
	some := record.Steps{grant.Revoke{GrantID: "g"}}
	for name, tc := range map[string]struct {
		story string
		undo  record.Steps
		steps record.Steps
		want  bool
	}{
		"only found":                 {story: "finding/sent"},
		"a finding's undo is none":   {story: "finding/sent", undo: some},
		"begun":                      {story: "finding/sent intent/", want: true},
		"proven":                     {story: "intent/ outcome/fixed", want: true},
		"unproven":                   {story: "intent/ outcome/unproven", want: true},
		"in service":                 {story: "intent/ proof/in-service", want: true},
		"taken back":                 {story: "intent/ outcome/undone", want: true},
		"copying":                    {story: "intent/ outcome/copying", undo: some, want: true},
		"failed after the first":     {story: "intent/ outcome/failed", undo: some, want: true},
		"failed before":              {story: "intent/ outcome/failed", steps: record.Steps{grant.Create{}}},
		"stands, perhaps by Keymend": {story: "intent/ outcome/stands", undo: some, want: true},
		"stands by somebody else":    {story: "outcome/stands"},
		"superseded":                 {story: "outcome/superseded"},
		"a failed copy cleared":      {story: "intent/ outcome/failed", steps: record.Steps{copies.Remove{ID: "ami-2", CopyKey: "k"}}, want: true},
		"and not cleared":            {story: "intent/ outcome/refused", steps: record.Steps{copies.Remove{ID: "ami-2", CopyKey: "k"}}},
	} {
		records := told(t, strings.Fields(tc.story)...)
		last := &records[len(records)-1]
		last.Undo, last.Steps = tc.undo, tc.steps
		if got := history.Cases(records); got[0].Changed() != tc.want {
			t.Errorf("%s: changed %v", name, got[0].Changed())
		}
	}
}
