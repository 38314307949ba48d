package wiring_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/history"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/record/event"
	"keymend/pkg/wiring"
)

// A bus that answers, and a log that keeps what comes, in the order in which it comes.
type bus struct {
	order  []string
	put    []types.PutEventsRequestEntry
	answer types.PutEventsResultEntry
	err    error
	full   error // of the log
	said   []string
}

func (b *bus) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if _, ends := ctx.Deadline(); !ends {
		return nil, errors.New("it may take for ever")
	}
	b.order, b.put = append(b.order, "event"), append(b.put, in.Entries...)
	return &eventbridge.PutEventsOutput{Entries: []types.PutEventsResultEntry{b.answer}}, b.err
}

func (b *bus) Write(context.Context, record.Record) error {
	b.order = append(b.order, "record")
	return b.full
}

func (b *bus) telling() wiring.Telling {
	return wiring.Telling{Log: b, Bus: b, Complain: func(_ context.Context, err error) { b.said = append(b.said, err.Error()) }}
}

// The record comes first, and what becomes of the event changes nothing.
func TestTelling(t *testing.T) {
	t.Parallel()
	fixed := record.Record{ID: "f-1", Phase: record.Result, Outcome: outcome.Fixed, Key: "arn:aws:kms:eu-west-1:111122223333:key/1"}
	for name, tc := range map[string]struct {
		bus   bus
		of    outcome.Outcome
		order string
		said  string
		fails bool
	}{
		"told":                    {of: outcome.Fixed, order: "record event"},
		"no news":                 {of: outcome.NothingToDo, order: "record"},
		"refused":                 {bus: bus{err: errors.New("AccessDenied")}, of: outcome.Fixed, order: "record event", said: `put event "Keymend Change" about f-1: AccessDenied`},
		"taken and failed":        {bus: bus{answer: types.PutEventsResultEntry{ErrorCode: new("InternalFailure")}}, of: outcome.Fixed, order: "record event", said: "InternalFailure"},
		"a record that isn't one": {bus: bus{full: errors.New("no space")}, of: outcome.Fixed, order: "record", fails: true},
	} {
		r := fixed
		r.Outcome = tc.of
		err := tc.bus.telling().Write(t.Context(), r)
		if (err != nil) != tc.fails || strings.Join(tc.bus.order, " ") != tc.order || !strings.Contains(strings.Join(tc.bus.said, " "), tc.said) || (tc.said == "") != (len(tc.bus.said) == 0) {
			t.Errorf("%s: %v, %v, said %q", name, err, tc.bus.order, tc.bus.said)
		}
		for _, e := range tc.bus.put {
			if *e.Source != "keymend" || *e.DetailType != "Keymend Change" || len(e.Resources) != 1 || !strings.Contains(*e.Detail, `"outcome":"fixed"`) || e.EventBusName != nil {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
}

// TestGatheredBus: ten events go in a call, the rest when the invocation ends, none twice,
// and each that couldn't be put is named.
func TestGatheredBus(t *testing.T) {
	t.Parallel()
	entry := func(detail string) *eventbridge.PutEventsInput {
		return &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{DetailType: new("Keymend Change"), Detail: &detail}}}
	}
	large := strings.Repeat(" ", 60_000)
	for name, tc := range map[string]struct {
		bus               bus
		events            int
		more              string
		calls, put, fails int
	}{
		"nothing":          {},
		"one":              {events: 1, calls: 1, put: 1},
		"as many as fit":   {events: 10, calls: 1, put: 10},
		"more":             {events: 21, calls: 3, put: 21},
		"large ones":       {events: 7, more: large, calls: 3, put: 7},
		"refused":          {bus: bus{err: errors.New("AccessDenied")}, events: 12, calls: 2, put: 12, fails: 12},
		"the first failed": {bus: bus{answer: types.PutEventsResultEntry{ErrorCode: new("InternalFailure")}}, events: 3, calls: 1, put: 3, fails: 1},
	} {
		b := &tc.bus
		g := wiring.GatheredBus{Bus: b, Complain: func(_ context.Context, err error) { b.said = append(b.said, err.Error()) }}
		for i := range tc.events {
			if _, err := g.PutEvents(t.Context(), entry(fmt.Sprintf(`{"id":"f-%d"%s}`, i, tc.more))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		g.Flush(t.Context())
		g.Flush(t.Context())
		if len(b.order) != tc.calls || len(b.put) != tc.put || len(b.said) != tc.fails {
			t.Errorf("%s: %d calls, %d events, said %q", name, len(b.order), len(b.put), b.said)
		}
		for i, e := range b.put {
			if id := fmt.Sprintf(`"f-%d"`, i); !strings.Contains(*e.Detail, id) {
				t.Errorf("%s: %s isn't in its turn", name, id)
			}
		}
		for i, said := range b.said {
			if !strings.Contains(said, fmt.Sprintf("about f-%d: ", i)) {
				t.Errorf("%s: said %q", name, said)
			}
		}
	}
}

// People who have to act are told once when it opens and once when it closes: by what
// the log has, and what this process wrote before the log shows it. Where the log can't
// be read they are told.
func TestPeopleAreTold(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		log    []outcome.Outcome // oldest first
		writes []outcome.Outcome
		want   string // what each is told as
		err    error
		full   error
	}{
		"opens, stays, closes":            {writes: []outcome.Outcome{outcome.Proposed, outcome.Proposed, outcome.NoFix, outcome.Recovered, outcome.NothingToDo, outcome.Failed}, want: "opened open open closed - opened"},
		"by the log":                      {log: []outcome.Outcome{outcome.Proposed, outcome.Sent, outcome.Fixed}, writes: []outcome.Outcome{outcome.Observed, outcome.NothingToDo}, want: "open closed"},
		"closed by the log":               {log: []outcome.Outcome{outcome.Proposed, outcome.Recovered}, writes: []outcome.Outcome{outcome.Proposed}, want: "opened"},
		"what heals by itself":            {writes: []outcome.Outcome{outcome.Sent, outcome.Fixed, outcome.Waiting, outcome.Recovered}, want: "- - - -"},
		"healed, and not over yet":        {writes: []outcome.Outcome{outcome.Unproven, outcome.Sent, outcome.Superseded, outcome.Fixed, outcome.Ignored}, want: "opened - - - closed"},
		"the log can't be read":           {err: errors.New("throttled"), writes: []outcome.Outcome{outcome.Proposed, outcome.Proposed, outcome.NothingToDo, outcome.NothingToDo}, want: "opened open closed closed"},
		"a record that isn't one is none": {full: errors.New("no space"), writes: []outcome.Outcome{outcome.Proposed, outcome.Proposed}, want: "none none"},
	} {
		b := &bus{full: tc.full}
		telling := b.telling()
		telling.Asked = &wiring.Asked{Read: func(_ context.Context, id string, since time.Time, each func(history.Entry)) error {
			if id != "f-1" || time.Since(since) < 29*time.Hour {
				t.Errorf("%s: reads %s since %s", name, id, since)
			}
			for i, o := range tc.log {
				each(history.Entry{At: time.Now().Add(time.Duration(i)*time.Second - time.Hour), Record: record.Record{ID: "f-1", Phase: record.Finding, Outcome: o}})
			}
			return tc.err
		}}
		var got []string
		for _, o := range tc.writes {
			before := len(b.put)
			_ = telling.Write(t.Context(), record.Record{ID: "f-1", Phase: record.Finding, Outcome: o})
			one := "none"
			if len(b.put) > before {
				var d event.Detail
				if err := json.Unmarshal([]byte(*b.put[before].Detail), &d); err != nil {
					t.Fatal(err)
				}
				one = cmp.Or(string(d.Notify), "-")
			} else if tc.full == nil {
				one = "-"
			}
			got = append(got, one)
		}
		if strings.Join(got, " ") != tc.want || (tc.err != nil) != (len(b.said) > 0) {
			t.Errorf("%s: %v, want %s; said %v", name, got, tc.want, b.said)
		}
		if tc.full != nil { // it is told by the try that is written
			b.full = nil
			_ = telling.Write(t.Context(), record.Record{ID: "f-1", Phase: record.Finding, Outcome: outcome.Proposed})
			if len(b.put) != 1 || !strings.Contains(*b.put[0].Detail, `"notify":"opened"`) {
				t.Errorf("%s: %v", name, b.put)
			}
		}
	}
}
