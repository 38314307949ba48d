package wiring

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/tidwall/gjson"

	"keymend/pkg/limit"
	"keymend/pkg/remediation"
	"keymend/pkg/together"
)

// A GatheredBus puts as many events in a call as that takes: what an invocation tells of
// a thousand groups takes a hundred calls. Where the process ends before Flush, what waits
// is lost: the invocation's messages come again, and tell of most of it again.
type GatheredBus struct {
	Bus      Bus
	Complain func(context.Context, error) // hears of each event that couldn't be put

	mu      sync.Mutex
	waiting []types.PutEventsRequestEntry
	size    int // bytes of waiting
}

// What one call takes, with room for the members besides.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const (
	mostEntries = 10
	mostBytes   = 200_000 // of 256 KB
)

var _ Bus = (*GatheredBus)(nil)

// PutEvents implements Bus. It takes every entry: what becomes of it only Complain hears.
func (g *GatheredBus) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range in.Entries {
		size := len(aws.ToString(e.Detail))
		if len(g.waiting) == mostEntries || g.size+size > mostBytes {
			g.flush(ctx)
		}
		g.waiting, g.size = append(g.waiting, e), g.size+size
	}
	return &eventbridge.PutEventsOutput{}, nil
}

// Flush puts what waits, at the end of an invocation.
func (g *GatheredBus) Flush(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flush(ctx)
}

// errSlow says that a bus had its time, and not that its caller's was over.
var errSlow = errors.New("the bus takes too long")

func (g *GatheredBus) flush(ctx context.Context) {
	entries := g.waiting
	g.waiting, g.size = nil, 0
	if len(entries) == 0 {
		return
	}
	short, cancel := context.WithTimeoutCause(ctx, limit.Answer/2, errSlow) // the answer has to be in time
	defer cancel()
	failed := put(short, g.Bus, entries)
	for i, e := range entries {
		if failed[i] != nil {
			g.Complain(ctx, fmt.Errorf("put event %q about %s: %w", aws.ToString(e.DetailType), gjson.Get(aws.ToString(e.Detail), "id"), failed[i]))
		}
	}
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
