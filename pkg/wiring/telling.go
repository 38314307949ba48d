package wiring

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/history"
	"keymend/pkg/notify"
	"keymend/pkg/record"
	"keymend/pkg/record/event"
	"keymend/pkg/remediation"
	"keymend/pkg/together"
)

// Telling is a Log that puts an event on the default bus for each record that others
// want to hear of, after the record was written. The record is what counts: an event
// that can't be put is complained of, and changes nothing, since an error would bring
// the message again, and with it what was written.
type Telling struct {
	Log      remediation.Log
	Bus      Bus
	Complain func(context.Context, error)
	Asked    *Asked   // what people were told that have to act; nil = nobody is
	Members  *Members // tells the accounts of an organization; nil = there is none
}

// tellingTakes is how long an event may keep a function from its end.
const tellingTakes = 5 * time.Second

// Write implements remediation.Log.
func (t Telling) Write(ctx context.Context, r record.Record) error {
	state := t.state(ctx, r) // before the record is among what was told
	if err := t.Log.Write(ctx, r); err != nil {
		return err
	}
	t.Asked.add(r)
	e, due := event.Of(r, state)
	if !due {
		return nil
	}
	entry, err := entryOf(e)
	if err != nil {
		t.Complain(ctx, err)
		return nil
	}
	t.Members.tell(ctx, r, entry)
	ctx, cancel := context.WithTimeout(ctx, tellingTakes)
	defer cancel()
	for _, err := range put(ctx, t.Bus, []types.PutEventsRequestEntry{entry}) {
		t.Complain(ctx, fmt.Errorf("put event %q about %s: %w", e.DetailType, r.ID, err))
	}
	return nil
}

// state says what people are told by a record. Where that can't be read they are told
// rather than not.
func (t Telling) state(ctx context.Context, r record.Record) notify.State {
	asks, over := history.Turns(r)
	if t.Asked == nil || r.ID == "" || !asks && !over {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, tellingTakes)
	defer cancel()
	open, err := t.Asked.open(ctx, r.ID)
	if err != nil {
		t.Complain(ctx, fmt.Errorf("read whether people were told of %s: %w; they are told, perhaps once more", r.ID, err))
	}
	switch {
	case over && (open || err != nil):
		return notify.Closed
	case asks && open:
		return notify.Open
	case asks:
		return notify.Opened
	}
	return ""
}

func entryOf(e event.Event) (types.PutEventsRequestEntry, error) {
	detail, err := e.Detail.JSON()
	return types.PutEventsRequestEntry{Source: new(notify.Source), DetailType: &e.DetailType, Resources: e.Resources, Detail: &detail}, err
}

// puttingTogether has a log that tells others put its events together, and returns what puts
// those that wait.
func puttingTogether(log remediation.Log) (remediation.Log, func(context.Context)) {
	t, tells := log.(Telling)
	if !tells {
		return log, nil
	}
	g := &GatheredBus{Bus: t.Bus, Complain: t.Complain}
	t.Bus = g
	return t, func(ctx context.Context) {
		_ = together.Do( // they complain themselves
			func() error { g.Flush(ctx); return nil },
			func() error { t.Members.Flush(ctx); return nil },
		)
	}
}
