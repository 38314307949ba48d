// Package queue takes the messages of the functions' queues apart, collapses storms
// of signals, and says which messages have to come again.
package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/limit"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

// Function is what both functions have.
type Function struct {
	Problem  error                        // what is wrong with the settings; nil = nothing
	Complain func(context.Context, error) // hears of errors for which a message comes again
	Ended    func(context.Context)        // is called when an invocation's work is done; nil: nothing waits for that
}

// settings says, at every invocation, that the settings are invalid.
func (f Function) settings(ctx context.Context, log remediation.Log) error {
	if f.Problem == nil {
		return nil
	}
	err := log.Write(ctx, record.Record{Phase: record.Finding, Mode: settings.Observe, Outcome: outcome.SettingsInvalid, Reason: f.Problem.Error()})
	if err != nil {
		return fmt.Errorf("record invalid settings: %w", err)
	}
	return nil
}

func (f Function) ended(ctx context.Context) {
	if f.Ended != nil {
		f.Ended(ctx)
	}
}

// Signals takes EventBridge events from a queue to the Looker.
type Signals struct {
	Looker *remediation.Looker
	Function
	// Organization has the accounts of an organization looked over; nil: there is none.
	Organization Organization
	Now          func() time.Time // nil: time.Now
}

// An Organization is dispatch.Dispatcher.
type Organization interface {
	// Sweep hands a sweep on to the accounts, and Account looks over one. The errors are
	// transient.
	Sweep(ctx context.Context, s signal.Sweep) error
	Account(ctx context.Context, looks signal.Looks) error
}

// Handle looks at each group of a batch once. Events that aren't for Keymend are
// recorded as ignored and are done with; those about a group that couldn't be
// looked at come again.
func (h Signals) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	var out events.SQSEventResponse
	defer h.ended(ctx)
	if err := h.settings(ctx, h.Looker.Log); err != nil {
		return out, err
	}
	var looks []signal.Look
	var ids []string
	asks, over := asking{}, h.lookOver(ctx, batch)
	for _, m := range batch.Records {
		asked, err := h.take(ctx, m, asks)
		if over[m.MessageId] != nil {
			err = over[m.MessageId]
		}
		if err != nil {
			h.Complain(ctx, err)
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
		for _, look := range asked {
			look.Asked = arrived(m)
			looks, ids = append(looks, look), append(ids, m.MessageId)
		}
	}
	looks, members := signal.Collapse(looks)
	l := h.Looker.Together(looks, newest(batch))
	ahead := l.Ahead(ctx, looks, h.late)
	inTurn(looks, func(i int) error {
		err := h.diagnose(ctx, l, looks[i], ahead[i])
		if err != nil {
			h.Complain(ctx, err)
			for _, at := range members[i] {
				out.BatchItemFailures = failed(out.BatchItemFailures, ids[at])
			}
		}
		return err
	})
	if err := l.SendLater(ctx); err != nil {
		h.Complain(ctx, err)
		for i, look := range looks {
			for _, at := range members[i] {
				if look.Follow != nil {
					out.BatchItemFailures = failed(out.BatchItemFailures, ids[at])
				}
			}
		}
	}
	return out, nil
}

// inTurn does each look, those at an account and Region where one went wrong after all
// the others: where AWS throttles one account, its tries take the time of an invocation,
// and the others aren't later for it.
func inTurn(looks []signal.Look, do func(i int) error) {
	busy := map[string]bool{}
	var last []int
	for i, look := range looks {
		switch place := look.Place(); {
		case busy[place]:
			last = append(last, i)
		case do(i) != nil:
			busy[place] = true
		}
	}
	for _, i := range last {
		_ = do(i) // which says so itself
	}
}

// newest is when the last message of a batch was sent, or received for the first time:
// so late it is by AWS's clock at the least. Zero where SQS doesn't say.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func newest(batch events.SQSEvent) time.Time {
	var out time.Time
	for _, m := range batch.Records {
		for _, name := range []string{sentAt, firstReceivedAt} {
			if at := timeOf(m, name); at.After(out) {
				out = at
			}
		}
	}
	return out
}

// failed adds a message that has to come again, once: it may be about several groups.
func failed(all []events.SQSBatchItemFailure, id string) []events.SQSBatchItemFailure {
	one := events.SQSBatchItemFailure{ItemIdentifier: id}
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// take reads a message, and deals with it unless groups are to be looked at, which it
// returns.
func (h Signals) take(ctx context.Context, m events.SQSMessage, asks asking) ([]signal.Look, error) {
	looks, err := h.ask(ctx, m, asks)
	switch why, ignores := errors.AsType[*signal.Ignored](err); {
	case ignores && why.Usual:
		return nil, nil
	case err != nil && !lost(err):
		return nil, h.Looker.Log.Write(ctx, ignored(err))
	}
	return looks, err
}

// asking is what a batch has asked for by now, and what came of it.
type asking map[string]error

// once asks for what a batch hasn't asked for yet.
func (a asking) once(ctx context.Context, l *remediation.Looker, looks signal.Looks) error {
	same := looks.Same()
	if err, done := a[same]; done {
		return err
	}
	a[same] = l.Ask(ctx, looks)
	return a[same]
}

// ask does what a signal asks for.
func (h Signals) ask(ctx context.Context, m events.SQSMessage, asks asking) ([]signal.Look, error) {
	s, err := signal.Decode([]byte(m.Body), h.Looker.Settings.RolePrefix)
	switch s := s.(type) {
	case signal.OwnWrite:
		return nil, h.Looker.Explain(ctx, s, delivery(m))
	case signal.Sweep:
		return nil, h.sweep(ctx, s)
	case signal.Looks:
		switch {
		case s.Next != "":
			return nil, h.sweep(ctx, signal.Sweep{Event: signal.Event{Account: s.Account, Region: s.Region, Time: s.Asked}, Full: s.Full, Next: s.Next})
		case len(s.Regions) > 0: // lookOver did it
			return nil, nil
		case s.Fresh:
			return nil, asks.once(ctx, h.Looker, s)
		case s.Written != "":
			return nil, h.Looker.Overwritten(ctx, s)
		case s.Users != nil:
			return nil, h.Looker.Users(ctx, s)
		}
		if s.Follow != nil && s.Follow.Fixed.IsZero() {
			s.Follow.Fixed = delivery(m).Sent
		}
		return s.Looks(), nil
	case signal.ImageChanged:
		look, err := h.Looker.Place(ctx, s)
		if err != nil || look.Group == "" {
			return nil, err
		}
		return []signal.Look{look}, nil
	case interface{ Look() signal.Look }:
		return []signal.Look{s.Look()}, nil
	}
	return nil, err
}

// lost reports whether an event that couldn't be dealt with has to come again.
func lost(err error) bool {
	_, ignored := errors.AsType[*signal.Ignored](err)
	_, malformed := errors.AsType[*signal.Malformed](err)
	return !ignored && !malformed
}

// errLate says that the function's end is too near to look at another group.
var errLate = errors.New("no time is left in this invocation")

// late reports whether an invocation that ends then has no time for another look.
func (h Signals) late(ctx context.Context) bool {
	const look = 10 * time.Second
	deadline, ok := ctx.Deadline()
	now := time.Now
	if h.Now != nil {
		now = h.Now
	}
	return ok && deadline.Sub(now()) < limit.Answer+look
}

// diagnose looks at a group if there is time to, or if that was done ahead.
func (h Signals) diagnose(ctx context.Context, l *remediation.Looker, at signal.Look, ahead bool) error {
	if !ahead && h.late(ctx) {
		return fmt.Errorf("look at %s: %w", at.Group, errLate)
	}
	ctx, cancel := limit.ToAnswer(ctx)
	defer cancel()
	_, err := l.Diagnose(ctx, at)
	return err
}

// ignored is the record of what isn't for Keymend.
func ignored(why error) record.Record {
	return record.Record{Phase: record.Finding, Outcome: outcome.Ignored, Reason: why.Error()}
}

// arrived is when SQS first handed a message out, by its clock; zero = not known. A
// delayed one was sent long before.
func arrived(m events.SQSMessage) time.Time {
	if first := timeOf(m, firstReceivedAt); !first.IsZero() {
		return first
	}
	return delivery(m).Now()
}
