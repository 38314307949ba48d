package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/apply/table"
	"keymend/pkg/audit"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/kind/grant"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/settings"
)

var update = flag.Bool("update", false, "rewrite testdata")

const doc = "../../docs/audit.md"

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// firstCells returns the code words in the first cells of a section's table.
func firstCells(text, section string) []string {
	_, rest, _ := strings.Cut(text, "\n## "+section+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	var out []string
	for line := range strings.Lines(rest) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.Contains(cells[1], "`") {
			continue
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return out
}

func TestDocumentHasEveryField(t *testing.T) {
	t.Parallel()
	var fields []string
	for f := range reflect.TypeFor[record.Record]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	slices.Sort(fields)
	if diff := cmp.Diff(fields, firstCells(document(t), "Fields")); diff != "" {
		t.Errorf("%s (-code +document):\n%s", doc, diff)
	}
}

func TestDocumentHasEveryOutcomeWithItsMeaning(t *testing.T) {
	t.Parallel()
	text := document(t)
	var names []string
	for o, meaning := range outcome.Meanings() {
		names = append(names, string(o))
		if !strings.Contains(text, fmt.Sprintf("| `%s` | %s |", o, meaning)) {
			t.Errorf("%s lacks: | `%s` | %s |", doc, o, meaning)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, firstCells(text, "Outcomes")); diff != "" {
		t.Error(diff)
	}
}

func outcomeOf() record.Record {
	key := "arn:aws:kms:eu-west-1:111122223333:key/1"
	create := grant.Create{Key: key, Principal: "arn:aws:iam::111122223333:role/p", Name: "keymend-1", Operations: []string{"Decrypt"}, Why: "so"}
	r := record.Record{
		ID: "f-1", RemediationID: "r-1", Phase: record.Result, Account: "111122223333", Region: "eu-west-1", Group: "web-prod",
		Desired: 2, Signal: "launch-unsuccessful", EventIDs: record.Lines{"e1", "e2"}, Failed: "2026-11-23T09:00:00Z", Message: "text", Cause: "kms-access",
		Key: key, Decision: access.Denied, Missing: record.Missing{access.Denied: {"Decrypt"}}, NearMisses: record.Misses{{Source: "grant 1", Reason: access.GrantToOther, Text: "t"}},
		Mode: settings.Enforce, Session: "keymend-r-1", Writes: create.Calls(),
		Outcome: outcome.Fixed, Undo: record.Steps{grant.Revoke{GrantID: "g", Grant: create}}, Proof: &record.ProofOf{EqualReads: 5, Decision: access.Allowed},
	}
	r.Planned(plan.Plan{Target: key, Steps: change.Steps{create}, Digest: "d"}, guard.Verdict{Allowed: true, Reason: guard.Consented, Text: "t", Consent: "c"})
	return r
}

func now() time.Time { return time.Date(2026, 11, 23, 9, 0, 29, 0, time.UTC) }

func writer(out *bytes.Buffer) *audit.Writer {
	return &audit.Writer{
		Out: out, Now: now,
		Version: "v1", Settings: "s", RequestID: func(context.Context) string { return "q" },
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := writer(&out)
	intent := outcomeOf()
	intent.Phase, intent.Outcome, intent.Proof = record.Intent, "", nil
	for _, r := range []record.Record{intent, outcomeOf()} {
		if err := w.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/records.jsonl"
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Error(diff)
	}
}

// The writer adds what it alone knows, and the record is read back whole.
func TestRecordsSurviveTheLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := writer(&out).Write(t.Context(), outcomeOf()); err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(out.String(), "\n")
	got, ok, err := record.Parse([]byte(line), table.Kinds().Kinds())
	if err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	want := outcomeOf()
	want.Schema, want.Time, want.Version, want.Settings, want.RequestID = record.Schema, now(), "v1", "s", "q"
	want.Writes[0].Role = "" // whose session it was, its name tells
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Who runs no function has no request, and who reads records only wants no metrics.
func TestWriterLeavesOut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := writer(&out)
	w.RequestID, w.NoMetrics = nil, true
	if err := w.Write(t.Context(), outcomeOf()); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "\n") != 1 || strings.Contains(out.String(), "requestId") {
		t.Error(out.String())
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func TestMetricsKeepTheFormat(t *testing.T) {
	t.Parallel()
	text := document(t)
	metrics := map[string]bool{}
	unexplained := outcomeOf()
	unexplained.Phase, unexplained.Outcome = record.Finding, outcome.UnexplainedWrite
	braked := unexplained
	braked.Outcome = outcome.Braked
	records := []record.Record{unexplained, braked}
	for _, phase := range []record.Phase{record.Finding, record.Intent, record.Result, record.Proof} {
		r := outcomeOf()
		r.Phase = phase
		records = append(records, r)
	}
	for _, r := range records {
		var out bytes.Buffer
		if err := writer(&out).Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		var line map[string]any
		if err := json.Unmarshal(bytes.Split(out.Bytes(), []byte("\n"))[1], &line); err != nil {
			t.Fatal(err)
		}
		directive := line["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
		if directive["Namespace"] != "Keymend" {
			t.Errorf("%v", directive)
		}
		for _, m := range directive["Metrics"].([]any) {
			name := m.(map[string]any)["Name"].(string)
			metrics[name] = true
			if _, ok := line[name].(float64); !ok {
				t.Errorf("%s isn't a number at the root: %v", name, line)
			}
		}
		for _, set := range directive["Dimensions"].([]any) {
			for _, d := range set.([]any) {
				if _, ok := line[d.(string)].(string); !ok {
					t.Errorf("dimension %s isn't a text at the root", d)
				}
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(metrics)), firstCells(text, "Metrics")); diff != "" {
		t.Error(diff)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestWriteSaysThatItFailed(t *testing.T) {
	t.Parallel()
	w := writer(nil)
	w.Out = full{}
	if err := w.Write(t.Context(), outcomeOf()); err == nil {
		t.Error("no error")
	}
	broken := outcomeOf()
	broken.Undo = record.Steps{change.Unread{Text: json.RawMessage("{")}}
	if err := writer(new(bytes.Buffer)).Write(t.Context(), broken); err == nil {
		t.Error("half a record was written")
	}
}
