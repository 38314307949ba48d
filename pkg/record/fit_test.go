package record_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tidwall/gjson"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/kind/statements"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

// most is what a line may have, in bytes.
const most = 250_000

// small is a record of a change, with an undo.
func small() record.Record {
	return record.Record{
		Schema: record.Schema, ID: "f-1", RemediationID: "r-1", Phase: record.Result, Outcome: "fixed", Key: key,
		Undo: record.Steps{statements.Remove{Key: key, Principal: "p", Sids: []string{"KeymendUse"}}},
	}
}

func line(t *testing.T, r record.Record) []byte {
	t.Helper()
	text, err := r.Line()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Whatever grows without bound, the record stays one event of the log, names
// what was cut, and keeps what it takes to undo the change.
func TestRecordsFitIntoOneEvent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", most)
	many := slices.Repeat([]string{long[:500]}, 1000)
	for field, grow := range map[string]func(*record.Record){
		"trace":       func(r *record.Record) { r.Trace = many },
		"couldNotSee": func(r *record.Record) { r.CouldNotSee = many },
		"because":     func(r *record.Record) { r.Because = []string{long} },
		"eventIds":    func(r *record.Record) { r.EventIDs = many },
		"message":     func(r *record.Record) { r.Message = long },
		"reason":      func(r *record.Record) { r.Reason = strings.Repeat("é", most) },
		"verdict":     func(r *record.Record) { r.Verdict = &guard.Verdict{Text: long} },
		"nearMisses":  func(r *record.Record) { r.NearMisses = slices.Repeat([]access.NearMiss{{Text: long[:500]}}, 1000) },
		"steps":       func(r *record.Record) { r.Steps = record.Steps{statements.Add{Key: "k", Before: long, After: long}} },
		"plan":        func(r *record.Record) { r.Plan = &plan.Plan{NoFix: &plan.NoFix{Text: long}} },
		"before":      func(r *record.Record) { r.Before = long },
		"after":       func(r *record.Record) { r.After = long },
	} {
		want := small()
		grow(&want)
		text := line(t, want)
		if len(text) > most {
			t.Errorf("%s: %d bytes", field, len(text))
		}
		got := parsed(t, text)
		if diff := cmp.Diff(record.Lines{field}, got.Shortened); diff != "" || len(want.Shortened) != 0 {
			t.Errorf("%s: shortened (-want +got):\n%s", field, diff)
		}
		if diff := cmp.Diff(small(), got, cmp.FilterPath(func(p cmp.Path) bool {
			at, ok := p.Index(1).(cmp.StructField)
			return ok && (at.Name() == "Shortened" || strings.EqualFold(at.Name(), field))
		}, cmp.Ignore())); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", field, diff)
		}
		if strings.ContainsRune(got.Reason, '\uFFFD') {
			t.Error("a letter was cut in two")
		}
	}
}

// The policies are there twice, in the steps and beside them: the steps' go first,
// and the caller's steps stay whole.
func TestWhatIsSaidTwiceGoesFirst(t *testing.T) {
	t.Parallel()
	r := small()
	r.Before, r.After = strings.Repeat("b", 70_000), strings.Repeat("a", 70_000)
	r.Steps = record.Steps{statements.Add{Key: "k", Before: r.Before, After: r.After}}
	r.Trace = record.Lines{"a line"}
	got := parsed(t, line(t, r))
	if got.Before != r.Before || got.After != r.After || len(got.Trace) != 1 {
		t.Errorf("shortened %v", got.Shortened)
	}
	if diff := cmp.Diff(record.Lines{"steps"}, got.Shortened); diff != "" {
		t.Error(diff)
	}
	if s, ok := r.Steps[0].(statements.Add); !ok || s.Before == "" {
		t.Error("the caller's steps were cut")
	}
}

// A field that a cut leaves as it was isn't named, nor one that it would make longer.
func TestShortenedNamesOnlyWhatGotShorter(t *testing.T) {
	t.Parallel()
	r := small()
	r.Steps = record.Steps{create()}
	r.Before, r.After = strings.Repeat("b", 200_000), strings.Repeat("a", 100_000)
	r.Trace, r.Because = slices.Repeat([]string{"short"}, 51), record.Lines{strings.Repeat("c", 2001)}
	r.NearMisses, r.CouldNotSee, r.EventIDs, r.Plan = record.Misses{{Text: "one"}}, record.Lines{"one"}, record.Lines{"e1"}, &plan.Plan{}
	got := parsed(t, line(t, r))
	for _, field := range []string{"steps", "trace", "because", "couldNotSee", "eventIds", "message", "reason"} {
		if slices.Contains(got.Shortened, field) {
			t.Errorf("%s was named", field)
		}
	}
	got.Shortened, got.Before, got.NearMisses, got.Plan = nil, r.Before, r.NearMisses, r.Plan
	if diff := cmp.Diff(r, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
}

// Logs Insights finds 200 fields of a line. There is room for what isn't there yet.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
func TestTheLargestRecordFits(t *testing.T) {
	t.Parallel()
	r := largest()
	all := reflect.ValueOf(r)
	for i := range all.NumField() {
		if all.Field(i).IsZero() {
			t.Errorf("the largest record has no %s", all.Type().Field(i).Name)
		}
	}
	text := line(t, r)
	if len(text) > most {
		t.Errorf("it has %d bytes", len(text))
	}
	got := parsed(t, text)
	if diff := cmp.Diff(r.Undo, got.Undo); diff != "" {
		t.Errorf("the undo was cut:\n%s", diff)
	}
	if diff := cmp.Diff(change.Steps(r.Steps).Short(), change.Steps(got.Steps)); diff != "" {
		t.Errorf("of the steps more than the policies was cut:\n%s", diff)
	}
	if leaves := leavesOf(gjson.ParseBytes(text)); leaves > 150 {
		t.Errorf("it has %d fields", leaves)
	}
	for _, name := range []string{"schema", "phase", "outcome", "reason", "id", "remediationId", "account", "region", "group", "key"} {
		if at := strings.Index(string(text), `"`+name+`":`); at < 0 || leavesOf(gjson.Parse(string(text[:at])+`"x":0}`)) > 20 {
			t.Errorf("%s is far behind", name)
		}
	}
}

// leavesOf counts what Logs Insights takes for fields.
func leavesOf(v gjson.Result) int {
	if !v.IsObject() && !v.IsArray() {
		return 1
	}
	count := 0
	v.ForEach(func(_, of gjson.Result) bool {
		count += leavesOf(of)
		return true
	})
	return count
}
