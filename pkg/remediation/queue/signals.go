// Package queue is where the functions' queues meet the engine: it takes
// messages apart, collapses storms, and says which messages have to come again.
package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/activity"
	"keymend/pkg/audit"
	"keymend/pkg/remediation"
)

// Record writes an audit record.
type Record func(ctx context.Context, r audit.Record) error

// Signals takes EventBridge events from a queue to Diagnose.
type Signals struct {
	Diagnose func(ctx context.Context, s remediation.Signal) ([]remediation.Diagnosis, error)
	// Place finds the group that an event about an image is for. Its error is
	// activity.Ignored for an image that is nobody's; else it is transient. nil:
	// nobody's are all.
	Place func(ctx context.Context, f activity.Failure) (activity.Failure, error)
	// Together, where it is there, makes the Diagnose of one batch.
	Together func(signals []remediation.Signal) func(context.Context, remediation.Signal) ([]remediation.Diagnosis, error)
	// Explain holds a write by one of Keymend's roles to the audit log. Its error is
	// activity.Ignored for somebody else's; else it is transient.
	Explain func(ctx context.Context, f activity.Failure, d remediation.Delivery) error
	Record  Record
	Problem error            // what is wrong with the settings; nil = nothing
	Log     func(error)      // hears of errors for which a message comes again
	Now     func() time.Time // nil: time.Now
}

// Handle looks at each group of a batch once. Events that aren't for Keymend are
// recorded as ignored and are done with; those about a group that couldn't be
// looked at come again.
func (h Signals) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	var out events.SQSEventResponse
	if err := complain(ctx, h.Record, h.Problem); err != nil {
		return out, err
	}
	var failures []activity.Failure
	var ids []string
	for _, m := range batch.Records {
		switch f, look, err := h.take(ctx, m); {
		case err != nil:
			h.Log(err)
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		case look:
			failures, ids = append(failures, f), append(ids, m.MessageId)
		}
	}
	signals, members := remediation.Collapse(failures)
	if h.Together != nil {
		h.Diagnose = h.Together(signals)
	}
	for i, s := range signals {
		if err := h.diagnose(ctx, s); err != nil {
			h.Log(err)
			for _, at := range members[i] {
				out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: ids[at]})
			}
		}
	}
	return out, nil
}

// take reads a message, and deals with it unless a group is to be looked at.
func (h Signals) take(ctx context.Context, m events.SQSMessage) (f activity.Failure, look bool, err error) {
	f, err = h.decode(ctx, m.Body)
	if look = err == nil && f.Write == nil; look {
		return f, look, nil
	}
	if err == nil {
		err = h.explain(ctx, f, delivery(m))
	}
	if err != nil && !lost(err) {
		err = h.Record(ctx, ignored(err))
	}
	return f, false, err
}

func (h Signals) decode(ctx context.Context, body string) (activity.Failure, error) {
	f, err := activity.Decode([]byte(body))
	if err != nil || f.Group != "" || f.Write != nil {
		return f, err
	}
	if h.Place == nil {
		return f, &activity.Ignored{Reason: "nothing is copied here, and the event is about image " + f.Image}
	}
	return h.Place(ctx, f)
}

func (h Signals) explain(ctx context.Context, f activity.Failure, d remediation.Delivery) error {
	if h.Explain == nil {
		return &activity.Ignored{Reason: "writes aren't looked at here, and the event is about " + f.Write.Action}
	}
	return h.Explain(ctx, f, d)
}

// lost reports whether an event that couldn't be dealt with has to come again.
func lost(err error) bool {
	_, ignored := errors.AsType[*activity.Ignored](err)
	_, malformed := errors.AsType[*activity.Malformed](err)
	return !ignored && !malformed
}

// errLate says that the function's end is too near to look at another group.
var errLate = errors.New("no time is left in this invocation")

// diagnose looks at a group if there is time to, and in any case ends before the
// function does: an invocation that Lambda ends has no answer, and then the
// whole batch comes again, with all that was done.
func (h Signals) diagnose(ctx context.Context, s remediation.Signal) error {
	const answer, look = 3 * time.Second, 10 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		now := time.Now
		if h.Now != nil {
			now = h.Now
		}
		if deadline.Sub(now()) < answer+look {
			return fmt.Errorf("look at %s: %w", s.Group, errLate)
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answer))
		defer cancel()
	}
	_, err := h.Diagnose(ctx, s)
	return err
}

// ignored is the record of what isn't for Keymend.
func ignored(why error) audit.Record {
	return audit.Record{Phase: audit.Finding, Outcome: audit.Ignored, Reason: why.Error()}
}

// complain says, at every invocation, that the settings are invalid.
func complain(ctx context.Context, record Record, problem error) error {
	if problem == nil {
		return nil
	}
	err := record(ctx, audit.Record{Phase: audit.Finding, Mode: "observe", Outcome: audit.SettingsInvalid, Reason: problem.Error()})
	if err != nil {
		return fmt.Errorf("record invalid settings: %w", err)
	}
	return nil
}
