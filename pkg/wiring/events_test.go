package wiring_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
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
