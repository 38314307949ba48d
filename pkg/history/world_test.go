package history_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"keymend/pkg/apply/table"
	"keymend/pkg/history"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// samples are records that Keymend wrote, one of every shape.
var samples = sync.OnceValues(func() ([]record.Record, error) {
	text, err := os.ReadFile(filepath.Join("..", "record", "testdata", "v1", "records.jsonl"))
	var out []record.Record
	for line := range strings.Lines(string(text)) {
		r, _, err := record.Parse([]byte(line), table.Kinds().Kinds())
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, err
})

// sample returns the first record of a phase and outcome, as in "outcome/fixed", as if
// it were about remediation r-1 of finding f-1. Of stands, which came later, fixed is
// the shape.
func sample(t *testing.T, shape string) record.Record {
	t.Helper()
	all, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	phase, end, _ := strings.Cut(shape, "/")
	for _, r := range all {
		as := r.Outcome
		if end == "stands" && as == outcome.Fixed {
			as = outcome.Stands
		}
		if string(r.Phase) != phase || string(as) != end {
			continue
		}
		if r.Outcome = as; r.RemediationID != "" {
			r.RemediationID = "r-1"
		}
		r.ID = "f-1"
		return r
	}
	t.Fatalf("no record is %s", shape)
	return record.Record{}
}

// told are records of several shapes, one after the other.
func told(t *testing.T, shapes ...string) []record.Record {
	t.Helper()
	var out []record.Record
	for _, s := range shapes {
		out = append(out, sample(t, s))
	}
	return out
}

func one(t *testing.T, records []record.Record) history.Remediation {
	t.Helper()
	all, _ := history.Remediations(records)
	if len(all) != 1 {
		t.Fatalf("%d remediations of %d records", len(all), len(records))
	}
	return all[0]
}
