package wiring_test

import (
	"context"
	"errors"
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
