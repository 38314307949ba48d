package wiring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/arn"
	"keymend/pkg/limit"
	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/together"
)

// Members tells the accounts of an organization what is told on the hub's own bus: the
// group's account, and the key's where that is another one, both in the group's Region: what
// a template names that can't be such a key is nobody's. Their events are put together, and
// go when an invocation's work is done. An event that can't be put is complained of, and changes
// nothing. It is safe for concurrent use.
type Members struct {
	// Bus returns the default bus of an account in a Region.
	Bus      func(ctx context.Context, account, region string) (Bus, error)
	Own      func(ctx context.Context) Place // whose bus gets every event as it is
	Complain func(context.Context, error)

	mu    sync.Mutex
	buses map[Place]*GatheredBus
}

// A Place is an account and a Region.
type Place struct{ Account, Region string }

// tell gives an event about a record to the buses of the accounts that it is about.
func (m *Members) tell(ctx context.Context, r record.Record, entry types.PutEventsRequestEntry) {
	if m == nil {
		return
	}
	own, told := m.Own(ctx), map[Place]bool{}
	for _, at := range []Place{{r.Account, r.Region}, {arn.Owner(r.Key), arn.Region(r.Key)}} {
		if at.Account == "" || at.Region == "" || at.Region != r.Region || at == own || told[at] {
			continue
		}
		told[at] = true
		_, _ = m.bus(at).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}}) // it takes all, and complains itself
	}
}

func (m *Members) bus(at Place) *GatheredBus {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.buses == nil {
		m.buses = map[Place]*GatheredBus{}
	}
	if m.buses[at] == nil {
		m.buses[at] = &GatheredBus{Bus: &memberBus{at: at, open: m.Bus}, Complain: m.Complain}
	}
	return m.buses[at]
}

// toFlush is how long the buses may take together at an invocation's end: longer than one
// of them may, so that one that hangs is known, and shorter than what is kept to answer.
const toFlush = limit.Answer * 2 / 3

// mostBuses is how many buses are kept between invocations. More than an invocation's
// messages need, and few: whoever writes a template names accounts in it.
const mostBuses = 500

// Flush puts what waits, side by side, at the end of an invocation.
func (m *Members) Flush(ctx context.Context) {
	if m == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, toFlush)
	defer cancel()
	m.mu.Lock()
	buses := slices.Collect(maps.Values(m.buses))
	if len(m.buses) > mostBuses {
		m.buses = nil
	}
	m.mu.Unlock()
	var tasks []func() error
	for _, b := range buses {
		tasks = append(tasks, func() error { b.Flush(ctx); return nil })
	}
	_ = together.Do(tasks...)
}

// A memberBus is the bus of one place. Where it doesn't take an event it isn't tried
// again for a while: a storm in an account that refuses, or that AWS throttles, costs a
// try. That the caller had no time left says nothing of it. GatheredBus calls it once at a
// time.
type memberBus struct {
	at    Place
	open  func(ctx context.Context, account, region string) (Bus, error)
	err   error
	until time.Time
}

// silent is how long a bus that took no event isn't tried again.
const silent = 5 * time.Minute

// PutEvents implements Bus.
func (b *memberBus) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if time.Now().Before(b.until) {
		return nil, b.err
	}
	bus, err := b.open(ctx, b.at.Account, b.at.Region)
	var out *eventbridge.PutEventsOutput
	if err == nil {
		out, err = bus.PutEvents(ctx, in)
	}
	if err == nil {
		return out, nil
	}
	err = fmt.Errorf("on the bus of account %s, %s: %w", b.at.Account, b.at.Region, err)
	if ctx.Err() == nil || errors.Is(context.Cause(ctx), errSlow) {
		b.err, b.until = err, time.Now().Add(silent)
	}
	return nil, err
}

// members tells accounts by their notifiers.
func (a AWS) members(complain func(context.Context, error)) *Members {
	return &Members{
		Complain: complain, Own: here,
		Bus: func(ctx context.Context, account, region string) (Bus, error) {
			cfg, err := a.Sessions.Config(ctx, account, region, permission.Notifier, nil)
			if err != nil {
				return nil, err
			}
			return eventbridge.NewFromConfig(cfg), nil
		},
	}
}
