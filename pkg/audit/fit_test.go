package audit_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/audit"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
)

// Whatever grows without bound, the record stays one event of the log, names
// what was cut, and keeps what it takes to undo the change.
func TestRecordsFitIntoOneEvent(t *testing.T) {
	t.Parallel()
	const most = 250_000
	long := strings.Repeat("x", most)
	many := slices.Repeat([]string{long[:500]}, 1000)
	for field, grow := range map[string]func(*audit.Record){
		"trace":       func(r *audit.Record) { r.Trace = many },
		"couldNotSee": func(r *audit.Record) { r.CouldNotSee = many },
		"because":     func(r *audit.Record) { r.Because = []string{long} },
		"eventIds":    func(r *audit.Record) { r.EventIDs = many },
		"message":     func(r *audit.Record) { r.Message = long },
		"reason":      func(r *audit.Record) { r.Reason = long },
		"verdict":     func(r *audit.Record) { r.Verdict = &guard.Verdict{Text: long} },
		"nearMisses":  func(r *audit.Record) { r.NearMisses = slices.Repeat([]access.NearMiss{{Text: long[:500]}}, 1000) },
		"plan": func(r *audit.Record) {
			r.Plan = &plan.Plan{Steps: plan.Steps{plan.EditKeyPolicy{Key: "k", Before: long, After: long}}}
		},
		"before": func(r *audit.Record) { r.Before = long },
		"after":  func(r *audit.Record) { r.After = long },
	} {
		want := record()
		grow(&want)
		var out bytes.Buffer
		w := writer(&out)
		w.NoMetrics = true
		if err := w.Write(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		var got audit.Record
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || out.Len() > most+1 {
			t.Errorf("%s: %d bytes, %v", field, out.Len(), err)
		}
		if !slices.Contains(got.Shortened, field) || len(want.Shortened) != 0 {
			t.Errorf("%s: shortened %v", field, got.Shortened)
		}
		if got.RemediationID != want.RemediationID || got.Outcome != want.Outcome || got.Key != want.Key || cmp.Diff(string(got.Undo), string(want.Undo)) != "" {
			t.Errorf("%s: %+v", field, got)
		}
	}
}

// The document before is there twice, in the plan and beside it: the plan's goes
// first, and the caller's plan stays whole.
func TestWhatIsSaidTwiceGoesFirst(t *testing.T) {
	t.Parallel()
	r := record()
	r.Before, r.After = strings.Repeat("b", 70_000), strings.Repeat("a", 70_000)
	r.Plan = &plan.Plan{Steps: plan.Steps{plan.EditKeyPolicy{Key: "k", Before: r.Before, After: r.After}}}
	var out bytes.Buffer
	w := writer(&out)
	w.NoMetrics = true
	if err := w.Write(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	var got audit.Record
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Before != r.Before || got.After != r.After {
		t.Errorf("%v, shortened %v", err, got.Shortened)
	}
	if diff := cmp.Diff([]string{"plan"}, got.Shortened); diff != "" {
		t.Error(diff)
	}
	if s, ok := r.Plan.Steps[0].(plan.EditKeyPolicy); !ok || s.Before == "" {
		t.Error("the caller's plan was cut")
	}
}
