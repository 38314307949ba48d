package archive_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/guard"
	"keymend/pkg/history/archive"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

const keyARN = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"

// at is the n-th minute of a day.
func at(n int) time.Time { return time.Date(2026, time.March, 2, 9, n, 0, 0, time.UTC) }

// told reads a story: records one a minute, as in "r-1:intent", "r-1:fixed", "r-1:undone",
// "proof:recovered", "f:no-fix", "r-1:proposed", "r-1:sent" and "gone:r-1"; "other/…" is
// about another finding.
func told(story string) []record.Record {
	var out []record.Record
	for i, word := range strings.Fields(story) {
		finding := "f-1"
		if rest, other := strings.CutPrefix(word, "other/"); other {
			word, finding = rest, "f-2"
		}
		of, what, _ := strings.Cut(word, ":")
		r := record.Record{
			Phase: record.Result, Outcome: outcome.Outcome(what), ID: finding, Time: at(i), Account: "111122223333", Region: "eu-west-1",
			Group: "web-prod", Key: keyARN, Alias: "alias/platform-ebs", Steps: record.Steps{statements.Add{Key: keyARN, Added: []string{"{}"}, After: "{}"}},
		}
		switch {
		case of == "gone":
			r.Phase, r.Outcome, r.Verdict = record.Finding, outcome.TakenAway, &guard.Verdict{Gone: what}
		case of == "f":
			r.Phase, r.Steps = record.Finding, nil
		case of == "proof":
			r.Phase, r.Steps = record.Proof, nil
		case what == "proposed":
			r.Phase, r.Proposal = record.Finding, of
		case what == "sent":
			r.Phase, r.RemediationID = record.Finding, of
		case what == "intent":
			r.Phase, r.Outcome, r.RemediationID = record.Intent, "", of
		case what == "undoing":
			r.Phase, r.Outcome, r.RemediationID, r.Reason = record.Intent, "", of, record.UndoAsked
		default:
			r.RemediationID = of
		}
		out = append(out, r)
	}
	return out
}

// says is an entry in a line.
func says(e archive.Entry) string {
	out := fmt.Sprintf("%s %s", e.ID, e.Standing())
	if e.Next != "" {
		out += " next " + e.Next
	}
	if !e.Matters() {
		out += " (all)"
	}
	return out
}

// How everything stands, by what is on record.
func TestStandings(t *testing.T) {
	t.Parallel()
	for story, want := range map[string]string{
		"":                                            "",
		"f:no-fix":                                    "f-1 found (all)",
		"f:no-fix f:no-fix":                           "f-1 found (all)",
		"f:no-fix proof:recovered":                    "f-1 found (all)", // a person mended it
		"f:proposed":                                  "f-1 proposed",    // by a version that named no proposal
		"f:unexplained-write":                         "f-1 stuck",
		"r-1:proposed":                                "r-1 proposed",
		"r-1:proposed r-1:proposed":                   "r-1 proposed",
		"r-1:proposed r-2:proposed":                   "r-1 superseded (all), r-2 proposed",
		"r-1:proposed f:no-fix":                       "r-1 superseded (all), f-1 found (all)",
		"r-1:proposed other/f:no-fix":                 "r-1 proposed, f-2 found (all)",
		"r-1:sent":                                    "r-1 sent",
		"r-1:sent r-1:superseded":                     "r-1 superseded",
		"r-1:sent r-1:observed":                       "r-1 stuck",
		"r-1:sent r-1:refused":                        "r-1 stuck",
		"r-1:fixable":                                 "r-1 stuck",
		"r-1:sent r-1:intent":                         "r-1 begun",
		"r-1:proposed r-1:intent":                     "r-1 begun",
		"r-1:intent r-1:unproven":                     "r-1 written",
		"r-1:intent r-1:fixed":                        "r-1 proven",
		"r-1:intent r-1:fixed proof:waiting":          "r-1 proven",
		"r-1:intent r-1:fixed proof:recovered":        "r-1 in-service",
		"r-1:intent r-1:fixed proof:still-failing":    "r-1 stuck",
		"r-1:intent r-1:fixed r-1:undoing":            "r-1 begun",
		"r-1:intent r-1:fixed r-1:undoing r-1:undone": "r-1 undone",
		"r-1:intent r-1:fixed r-1:undoing r-1:undone gone:r-1":      "r-1 undone, f-1 found (all)", // Keymend took it back itself
		"r-1:intent r-1:fixed r-1:undoing r-1:partly-undone":        "r-1 partly-undone",
		"r-1:intent r-1:fixed r-1:undoing r-1:undone r-1:proposed":  "r-1 proposed",
		"r-1:intent r-1:fixed gone:r-1":                             "r-1 taken-away, f-1 found (all)",
		"r-1:intent r-1:fixed gone:r-1 proof:still-failing":         "f-1 found (all), r-1 taken-away",
		"r-1:intent r-1:fixed gone:r-1 r-1:intent r-1:fixed":        "f-1 found (all), r-1 proven",
		"r-1:intent r-1:fixed r-2:intent r-2:failed":                "r-1 proven next r-2, r-2 stuck",
		"r-1:intent r-1:fixed other/r-2:intent other/proof:waiting": "r-1 proven, r-2 proven",
		"proof:recovered r-1:intent":                                "f-1 found (all), r-1 begun",
	} {
		var got []string
		for _, e := range archive.Entries(told(story)) {
			got = append(got, says(e))
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", story, diff)
		}
	}
}

// Every standing is one of those that people may ask for.
func TestStandingsAreKnown(t *testing.T) {
	t.Parallel()
	for o := range outcome.Meanings() {
		for _, story := range []string{"f:" + string(o), "r-1:" + string(o), "r-1:intent r-1:" + string(o), "r-1:intent proof:" + string(o)} {
			for _, e := range archive.Entries(told(story)) {
				if !cmp.Equal(contains(archive.Standings(), e.Standing()), true) {
					t.Errorf("%s stands %q", story, e.Standing())
				}
			}
		}
	}
}

func contains(all []archive.Standing, s archive.Standing) bool {
	for _, one := range all {
		if one == s {
			return true
		}
	}
	return false
}

// The record of a change is that of the change, not of what took it back.
func TestChange(t *testing.T) {
	t.Parallel()
	for story, want := range map[string]int{
		"r-1:sent": 0,
		"r-1:sent r-1:intent r-1:fixed proof:recovered": 2,
		"r-1:intent r-1:fixed r-1:undoing r-1:undone":   1,
		"r-1:undoing r-1:undone":                        1, "r-1:intent r-1:fixed r-1:undoing r-1:failed": 1,
		"r-1:intent r-1:undoing r-1:undone":          0,
		"r-1:intent r-1:fixed r-1:undone r-1:sent":   1,
		"r-1:intent r-1:failed r-1:intent r-1:fixed": 3,
		"proof:recovered":                            0,
	} {
		if got := archive.Entries(told(story))[0].Change(); !got.Time.Equal(at(want)) {
			t.Errorf("%s: the record of minute %d, want %d", story, got.Time.Minute(), want)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	records := told("r-1:intent r-1:fixed other/r-2:intent other/r-2:fixed other/f:no-fix")
	for i := range records[2:] {
		r := &records[2+i]
		r.Group, r.Account, r.Key, r.Alias, r.Steps = "batch", "444455556666", "", "", record.Steps{grant.Create{Key: keyARN + "x"}}
	}
	for name, tc := range map[string]struct {
		wanted archive.Wanted
		want   string
	}{
		"any":               {archive.Wanted{}, "r-2 r-1"},
		"all":               {archive.Wanted{All: true}, "f-2 r-2 r-1"},
		"a group":           {archive.Wanted{Group: "web-prod"}, "r-1"},
		"no such group":     {archive.Wanted{Group: "web"}, ""},
		"a key":             {archive.Wanted{Key: keyARN}, "r-1"},
		"its id":            {archive.Wanted{Key: "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"}, "r-1"},
		"its alias":         {archive.Wanted{Key: "alias/platform-ebs"}, "r-1"},
		"its alias' ARN":    {archive.Wanted{Key: "arn:aws:kms:eu-west-1:111122223333:alias/platform-ebs"}, "r-1"},
		"a step's key":      {archive.Wanted{Key: keyARN + "x"}, "r-2"},
		"no such alias":     {archive.Wanted{Key: "alias/platform"}, ""},
		"an account":        {archive.Wanted{Account: "444455556666"}, "r-2"},
		"a Region":          {archive.Wanted{Region: "us-east-1"}, ""},
		"a standing":        {archive.Wanted{Standings: []archive.Standing{archive.Found}}, "f-2"},
		"since then":        {archive.Wanted{Since: at(2), All: true}, "f-2 r-2"},
		"since after":       {archive.Wanted{Since: at(9)}, ""},
		"since its last":    {archive.Wanted{Since: at(1)}, "r-2 r-1"},
		"two standings":     {archive.Wanted{Standings: []archive.Standing{archive.Found, archive.Proven}}, "f-2 r-2 r-1"},
		"a group and a key": {archive.Wanted{Group: "batch", Key: keyARN}, ""},
	} {
		var got []string
		for _, e := range tc.wanted.Choose(archive.Entries(records)) {
			got = append(got, e.ID)
		}
		if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
