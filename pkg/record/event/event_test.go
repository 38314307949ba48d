package event_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"keymend/pkg/notify"
	"keymend/pkg/outcome"
	"keymend/pkg/quote"
	"keymend/pkg/record"
	"keymend/pkg/record/event"
	"keymend/pkg/settings"
)

const account, key = "111122223333", "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d"

// validate holds an event, as a target receives it, to the documented schema.
func validate(t *testing.T, e event.Event) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/schemas/events.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	detail, err := e.Detail.JSON()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{
		"source": notify.Source, "detail-type": e.DetailType, "account": account, "region": "eu-west-1", "time": "2026-11-28T09:00:00Z",
		"resources": append([]string{}, e.Resources...), "detail": json.RawMessage(detail),
	})
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func sample(o outcome.Outcome) record.Record {
	return record.Record{
		ID: "f-0123456789abcdef", RemediationID: "r-0123456789abcdef", Phase: record.Result, Account: account, Region: "eu-west-1", Group: "web-prod",
		Key: key, Principal: "arn:aws:iam::111122223333:role/p", Mode: settings.Enforce, Signal: "sweep", Cause: "kms-access", Failed: "2026-11-28T08:59:00Z",
		Outcome: o, Reason: "so", Digest: strings.Repeat("a", 64), Run: record.Tasks{{Account: account, Command: "aws kms tag-resource"}},
		Before: "the policy", Proof: &record.ProofOf{Recovered: &record.Recovered{SinceFailure: 20, SinceFix: 10}},
	}
}

// What is of interest in the log only, in the words of the issue: all but what changed,
// is proposed, waits, was given up or braked.
func untold() map[outcome.Outcome]bool {
	return map[outcome.Outcome]bool{
		outcome.Ignored: true, outcome.NothingToDo: true, outcome.NotKMS: true, outcome.CauseElsewhere: true, outcome.Sent: true,
	}
}

// Every outcome is told, in the documented form, or is one of those that aren't.
func TestEveryOutcome(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	for o := range outcome.Meanings() {
		e, due := event.Of(sample(o), "")
		if due == untold()[o] {
			t.Errorf("%s: told %v", o, due)
		}
		if !due {
			continue
		}
		if err := validate(t, e); err != nil {
			t.Errorf("%s: %v", o, err)
		}
		row := ""
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "| `"+e.DetailType+"` |") {
				row = line
			}
		}
		if !strings.Contains(row, "`"+string(o)+"`") {
			t.Errorf("docs/events.md has no %s in the row of %s: %s", o, e.DetailType, row)
		}
		intent := sample(o)
		intent.Phase = record.Intent
		if _, due := event.Of(intent, ""); due {
			t.Errorf("%s: an intent is told", o)
		}
	}
}

// What is over is an event where people were told of it, and only there.
func TestWhatClosesIsTold(t *testing.T) {
	t.Parallel()
	for _, o := range []outcome.Outcome{outcome.NothingToDo, outcome.Ignored, outcome.NotKMS, outcome.CauseElsewhere, outcome.Recovered} {
		e, due := event.Of(sample(o), notify.Closed)
		if !due || e.DetailType != event.Recovered || e.Detail.Notify != notify.Closed {
			t.Errorf("%s: %v, %+v", o, due, e)
		}
		if err := validate(t, e); err != nil {
			t.Errorf("%s: %v", o, err)
		}
	}
	e, _ := event.Of(sample(outcome.NothingToDo), notify.Closed)
	e.Detail.Notify = ""
	if validate(t, e) == nil {
		t.Error("what is no news passes where it closes nothing")
	}
}

// The schema is no mere form: what isn't an event of Keymend's doesn't pass.
func TestTheSchemaRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*event.Event){
		"another type":         func(e *event.Event) { e.DetailType = event.Waiting },
		"no type":              func(e *event.Event) { e.DetailType = "Keymend" },
		"no schema":            func(e *event.Event) { e.Detail.Schema = "" },
		"no finding":           func(e *event.Event) { e.Detail.ID = "" },
		"an account's name":    func(e *event.Event) { e.Detail.Account = "prod" },
		"an unknown outcome":   func(e *event.Event) { e.Detail.Outcome = "done" },
		"told of by whim":      func(e *event.Event) { e.Detail.Notify = "maybe" },
		"closed, and asks":     func(e *event.Event) { e.Detail.Notify = notify.Closed },
		"asks for nothing":     func(e *event.Event) { e.Detail.Asks = false },
		"nothing to approve":   func(e *event.Event) { e.Detail.ProposalID = "" },
		"a command of nobody":  func(e *event.Event) { e.Detail.Run = make([]event.Task, 11) },
		"a resource not a key": func(e *event.Event) { e.Resources = []string{"web-prod"} },
	} {
		e, _ := event.Of(sample(outcome.Proposed), "")
		change(&e)
		if validate(t, e) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// An entry of PutEvents may have 256 KB, however much the record says.
func TestEventsFit(t *testing.T) {
	t.Parallel()
	r := sample(outcome.Proposed)
	r.Reason = strings.Repeat("é<", 200_000)
	for range 500 {
		r.Run = append(r.Run, quote.Task{Account: account, Command: strings.Repeat("x", 2_000)})
	}
	e, _ := event.Of(r, "")
	text, err := e.Detail.JSON()
	if err != nil || len(text) > 100_000 || !json.Valid([]byte(text)) || strings.Contains(text, `\u`) || strings.Contains(text, "the policy") {
		t.Errorf("%v, %d bytes", err, len(text))
	}
	if err := validate(t, e); err != nil {
		t.Error(err)
	}
}

// What asks for a person is what a person has to decide on or look at.
func TestAsks(t *testing.T) {
	t.Parallel()
	for o, want := range map[outcome.Outcome]bool{
		outcome.Proposed: true, outcome.Observed: true, outcome.NoFix: true, outcome.Failed: true, outcome.Suspended: true, outcome.HandedOver: true,
		outcome.UnexplainedWrite: true, outcome.Unproven: true, outcome.Fixed: false, outcome.Waiting: false, outcome.Copying: false,
		outcome.Recovered: false, outcome.Undone: false, outcome.Superseded: false, "of a newer version": true,
	} {
		if o.Asks() != want {
			t.Errorf("%s: %v", o, !want)
		}
	}
}
