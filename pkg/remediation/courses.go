package remediation

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"keymend/pkg/observe"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// course reads how the group of a look has fared.
func (l *Looker) course(ctx context.Context, look signal.Look) (observe.Course, error) {
	fleet, err := l.AWS.Fleet(ctx, look.Account, look.Region)
	if err != nil {
		return observe.Course{}, err
	}
	course, err := fleet.Course(ctx, look.Group)
	if err != nil {
		return course, fmt.Errorf("read the scaling activities of %s: %w", look.Group, err)
	}
	return course, nil
}

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
	groups []string // that will be asked for
	ahead  sync.Once
	read   memory[string, courseRead] // by the group
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
			out[at] = &courses{}
		}
		out[at].groups = append(out[at].groups, look.Group)
	}
	return out
}

func (c *courses) of(ctx context.Context, from Fleet, group string) (observe.Course, error) {
	if slices.Contains(c.groups, group) {
		c.ahead.Do(func() { c.readAhead(ctx, from) })
	}
	if r, _, ok := c.read.known(group, moment{}); ok {
		return r.course, r.err
	}
	return from.Course(ctx, group)
}

// readAhead begins no more reads once one has to be made again: where AWS throttles, each
// takes AWS's tries. The other courses are read where they are asked for.
func (c *courses) readAhead(ctx context.Context, from Fleet) {
	var busy atomic.Bool
	var tasks []func() error
	for _, group := range distinct(c.groups) {
		tasks = append(tasks, func() error {
			if busy.Load() {
				return nil
			}
			course, err := from.Course(ctx, group)
			if _, final := finalOutcome(err); err != nil && !final {
				busy.Store(true)
			}
			c.read.keep(group, moment{}, courseRead{course, err})
			return nil
		})
	}
	_ = together.Do(tasks...) // each group's error is its look's
}
