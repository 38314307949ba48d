package remediation

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"keymend/pkg/observe"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// Fleet implements Readers: how the groups of an invocation's looks fared is read side by
// side, since AWS tells it of one group a call only.
func (g *gathering) Fleet(ctx context.Context, account, region string) (Fleet, error) {
	f, err := g.Readers.Fleet(ctx, account, region)
	if err != nil {
		return nil, err
	}
	if c := g.courses[place{account, region}]; c != nil {
		return gatheredFleet{f, c}, nil
	}
	return f, nil
}

type gatheredFleet struct {
	Fleet
	courses *courses
}

// Course implements Fleet.
func (f gatheredFleet) Course(ctx context.Context, group string) (observe.Course, error) {
	return f.courses.of(ctx, f.Fleet, group)
}

// courses are those of a place's groups, in one invocation.
type courses struct {
	groups map[string]bool // that will be asked for

	mu   sync.Mutex
	read map[string]courseRead // nil: nothing was asked for yet
}

type courseRead struct {
	course observe.Course
	err    error
}

// coursesOf says which groups' courses will be asked for.
func coursesOf(looks []signal.Look) map[place]*courses {
	out := map[place]*courses{}
	for _, look := range looks {
		if look.Follow == nil && (look.Sweep == nil || !look.Sweep.Lacks) {
			continue
		}
		at := place{look.Account, look.Region}
		if out[at] == nil {
			out[at] = &courses{groups: map[string]bool{}}
		}
		out[at].groups[look.Group] = true
	}
	return out
}

func (c *courses) of(ctx context.Context, from Fleet, group string) (observe.Course, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read == nil && c.groups[group] {
		c.readAll(ctx, from)
	}
	if r, ok := c.read[group]; ok {
		return r.course, r.err
	}
	return from.Course(ctx, group)
}

// readAll begins no more reads once one has to be made again: where AWS throttles, each
// takes AWS's tries. What isn't read is read where it is asked for.
func (c *courses) readAll(ctx context.Context, from Fleet) {
	var busy atomic.Bool
	groups := slices.Sorted(maps.Keys(c.groups))
	all := make([]*courseRead, len(groups))
	var tasks []func() error
	for i, group := range groups {
		tasks = append(tasks, func() error {
			if busy.Load() {
				return nil
			}
			course, err := from.Course(ctx, group)
			if _, final := finalOutcome(err); err != nil && !final {
				busy.Store(true)
			}
			all[i] = &courseRead{course, err}
			return nil
		})
	}
	_ = together.Do(tasks...) // each group's error is its look's
	c.read = map[string]courseRead{}
	for i, r := range all {
		if r != nil {
			c.read[groups[i]] = *r
		}
	}
}
