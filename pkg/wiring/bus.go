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
)

// A Bus takes events.
type Bus interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

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

var _, _ Bus = (*eventbridge.Client)(nil), (*GatheredBus)(nil)

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

// put puts events, and says why some couldn't be put, by their place. The answer of
// PutEvents is a success even where an entry failed.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
func put(ctx context.Context, bus Bus, entries []types.PutEventsRequestEntry) map[int]error {
	failed := map[int]error{}
	out, err := bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	for i := range entries {
		switch {
		case err != nil:
			failed[i] = err
		case i < len(out.Entries) && out.Entries[i].ErrorCode != nil:
			failed[i] = fmt.Errorf("%s: %s", *out.Entries[i].ErrorCode, aws.ToString(out.Entries[i].ErrorMessage))
		}
	}
	return failed
}
