package record_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

// text is any text; line one that has a line of its own.
var (
	text   = rapid.StringN(0, 12, -1)
	lineOf = rapid.Custom(func(t *rapid.T) string {
		return "x" + strings.ReplaceAll(text.Draw(t, "line"), "\n", "")
	})
	someSteps = rapid.Custom(func(t *rapid.T) record.Steps {
		var out record.Steps
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			out = append(out, rapid.SampledFrom(steps().Short()).Draw(t, "step"))
		}
		return out
	})
)

// draw fills a value, member by member: a field of a type that isn't here yet fails.
func draw(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case record.Lines:
		v.Set(reflect.ValueOf(record.Lines(rapid.SliceOfN(lineOf, 0, 4).Draw(t, "lines"))))
		return
	case record.Missing:
		v.Set(reflect.ValueOf(record.Missing{}))
		for _, d := range []access.Decision{access.Denied, access.Unknown} {
			if lines := rapid.SliceOfN(lineOf, 0, 4).Draw(t, "missing"); len(lines) > 0 {
				v.SetMapIndex(reflect.ValueOf(d), reflect.ValueOf(record.Lines(lines)))
			}
		}
		return
	case record.Misses:
		for range rapid.IntRange(0, 3).Draw(t, "misses") {
			part := rapid.Custom(func(t *rapid.T) string { return strings.ReplaceAll(lineOf.Draw(t, "part"), "|", "") })
			miss := access.NearMiss{Source: part.Draw(t, "source"), Reason: access.Reason(part.Draw(t, "reason")), Text: lineOf.Draw(t, "text")}
			if rapid.Bool().Draw(t, "element") {
				miss.Element.Member, miss.Element.Part = "m"+rapid.String().Draw(t, "member"), rapid.String().Draw(t, "part")
				miss.Element.Value = rapid.String().Draw(t, "value") + ` | {"member":"x"}`
			}
			v.Set(reflect.Append(v, reflect.ValueOf(miss)))
		}
		return
	case record.Calls:
		v.Set(reflect.ValueOf(plainly(change.Steps(someSteps.Draw(t, "calls")))))
		return
	case record.Tasks:
		for range rapid.IntRange(0, 3).Draw(t, "tasks") {
			v.Set(reflect.Append(v, reflect.ValueOf(quote.Task{Account: rapid.StringMatching(`[0-9]{12}`).Draw(t, "account"), Command: lineOf.Draw(t, "command")})))
		}
		return
	case record.Steps:
		v.Set(reflect.ValueOf(someSteps.Draw(t, "steps")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()))
		return
	case access.Decision:
		v.Set(reflect.ValueOf(rapid.SampledFrom([]access.Decision{access.Unknown, access.Allowed, access.Denied}).Draw(t, "decision")))
		return
	case *plan.Plan, []quote.Task: // see below; a verdict's are the record's
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text.Draw(t, "text"))
	case reflect.Int:
		v.SetInt(int64(rapid.Int().Draw(t, "number")))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "yes"))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
		for i := range v.Len() {
			draw(t, v.Index(i))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			draw(t, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			draw(t, v.Field(i))
		}
	default:
		t.Fatalf("a %s can't be drawn", v.Type())
	}
}

func drawRecord(t *rapid.T) record.Record {
	var r record.Record
	draw(t, reflect.ValueOf(&r).Elem())
	r.Schema, r.Shortened = record.Schema, nil
	if rapid.Bool().Draw(t, "planned") {
		p := plan.Plan{Steps: change.Steps(r.Steps), Target: text.Draw(t, "target"), Digest: text.Draw(t, "digest"), OthersAffected: r.OthersAffected, Half: plan.HalfOpen}
		draw(t, reflect.ValueOf(&p.NoFix).Elem())
		draw(t, reflect.ValueOf(&p.ForOwner).Elem())
		var v guard.Verdict
		draw(t, reflect.ValueOf(&v).Elem())
		r.Planned(p, v)
	}
	return r
}

// What is written is read back whole: undo works from the log.
func TestRecordsSurviveTheLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t)
		text, err := r.Line()
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(string(text), "\n\r") {
			t.Fatal("it is more than a line")
		}
		got, ok, err := record.Parse(text, kinds())
		if err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		if diff := cmp.Diff(r, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

// A text stays one line, one call one call, and one near-miss one, with the reason
// that it has.
func TestLinesStayLines(t *testing.T) {
	t.Parallel()
	r := record.Record{
		Schema: record.Schema, Trace: record.Lines{"a\nb", "", "c"}, Because: record.Lines{""}, Missing: record.Missing{},
		NearMisses: record.Misses{{Source: "#1 \"a | b\nc\"", Reason: access.OtherKey, Text: "d | e\nf"}, {}},
		Writes:     record.Calls{{Account: account, Action: "a:B", Target: "two words\nand more"}, {Action: "a:C"}},
	}
	want := r
	want.Trace, want.Because, want.Missing = record.Lines{"a b", "c"}, nil, nil
	want.NearMisses = record.Misses{{Source: "#1 \"a / b c\"", Reason: access.OtherKey, Text: "d | e f"}, {}}
	want.Writes = record.Calls{{Account: account, Action: "a:B", Target: "two words and more"}, {Action: "a:C"}}
	if diff := cmp.Diff(want, parsed(t, line(t, r))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each step is read as it was written, whichever kind it is of.
func TestEveryKindSurvivesTheLog(t *testing.T) {
	t.Parallel()
	r := record.Record{Schema: record.Schema, Steps: record.Steps(steps().Short()), Undo: record.Steps(steps().Short())}
	seen := map[string]bool{}
	for _, step := range r.Steps {
		seen[step.Kind()] = true
	}
	if len(seen) != len(kinds()) {
		t.Errorf("%d kinds of %d", len(seen), len(kinds()))
	}
	if diff := cmp.Diff(r, parsed(t, line(t, r))); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
}

// Planned puts what the record has of its own beside the plan.
func TestPlanned(t *testing.T) {
	t.Parallel()
	one, other := access.NearMiss{Source: "one"}, access.NearMiss{Source: "other"}
	r := record.Record{NearMisses: record.Misses{one}}
	r.Planned(plan.Plan{Steps: change.Steps{create()}, Digest: "d", OthersAffected: 2, NearMisses: []access.NearMiss{one, other}}, guard.Verdict{Consent: "c"})
	if len(r.Steps) != 1 || r.Digest != "d" || r.OthersAffected != 2 || r.Consent != "c" || r.Verdict == nil || r.Plan == nil {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff(record.Misses{one, other}, r.NearMisses); diff != "" {
		t.Error(diff)
	}
}
