package wiring

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/limit"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/record/event"
)

// hanging is a bus that doesn't answer.
type hanging struct{ calls atomic.Int32 }

// PutEvents implements Bus.
func (h *hanging) PutEvents(ctx context.Context, _ *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	h.calls.Add(1)
	<-ctx.Done()
	return nil, ctx.Err()
}

type unwritten struct{}

// Write implements remediation.Log.
func (unwritten) Write(context.Context, record.Record) error { return nil }

// hung is a log whose own bus hangs, and so do those of its members.
func hung(h *hanging) (Telling, *atomic.Int32) {
	said := &atomic.Int32{}
	complain := func(context.Context, error) { said.Add(1) }
	return Telling{Log: unwritten{}, Bus: h, Complain: complain, Members: &Members{
		Complain: complain, Own: func(context.Context) Place { return Place{} },
		Bus: func(context.Context, string, string) (Bus, error) { return h, nil },
	}}, said
}

func foundIn(account int) record.Record {
	return record.Record{ID: fmt.Sprintf("f-%d", account), Phase: record.Finding, Outcome: outcome.Proposed, Account: fmt.Sprintf("%012d", account), Region: "eu-west-1"}
}

func asEntry(t *testing.T) types.PutEventsRequestEntry {
	t.Helper()
	e, due := event.Of(foundIn(1), "")
	entry, err := entryOf(e)
	if !due || err != nil {
		t.Fatal(due, err)
	}
	return entry
}

// TestBusesThatHang: whatever hangs at an invocation's end, it answers in time, and each
// event that wasn't put is complained of.
func TestBusesThatHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const accounts = 100
		telling, said := hung(&hanging{})
		log, flush := puttingTogether(telling)
		for i := range accounts {
			if err := log.Write(t.Context(), foundIn(i)); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		flush(t.Context())
		if took := time.Since(began); took >= limit.Answer || said.Load() != 2*accounts {
			t.Errorf("%s, %d complaints", took, said.Load())
		}
	})
}

// TestWhoseTimeWasOver: a bus that takes too long isn't tried again for a while. One whose
// caller had no time left is, with the next event.
func TestWhoseTimeWasOver(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		within time.Duration
		want   int32
	}{"the bus's": {time.Hour, 1}, "the caller's": {time.Second, 2}} {
		synctest.Test(t, func(t *testing.T) {
			h := &hanging{}
			telling, _ := hung(h)
			for range 2 {
				telling.Members.tell(t.Context(), foundIn(1), asEntry(t))
				ctx, cancel := context.WithTimeout(t.Context(), tc.within)
				telling.Members.Flush(ctx)
				cancel()
			}
			if got := h.calls.Load(); got != tc.want {
				t.Errorf("%s time was over: %d calls", name, got)
			}
		})
	}
}

// TestFewBusesAreKept: accounts are named by whoever writes a template.
func TestFewBusesAreKept(t *testing.T) {
	t.Parallel()
	m := &Members{
		Complain: func(context.Context, error) {}, Own: func(context.Context) Place { return Place{} },
		Bus: func(context.Context, string, string) (Bus, error) { return nil, errors.New("no such account") },
	}
	for i := range 3 * mostBuses {
		m.tell(t.Context(), foundIn(i), asEntry(t))
		if i%10 == 0 {
			m.Flush(t.Context())
		}
		if len(m.buses) > mostBuses+10 {
			t.Fatalf("%d buses are kept", len(m.buses))
		}
	}
}
