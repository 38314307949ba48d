package remediation

import (
	"context"
	"slices"
	"sync"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/signal"
)

// A Gatherer is a reader that can read for many groups at once.
type Gatherer interface {
	// Gather returns a reader that reads what these groups share once, and
	// remembers it for as long as it is kept. It is a Gatherer, too: what it gathers
	// for other groups it reads anew, but for what it remembers.
	Gather(groups []string) apply.Reader
}

// Together returns a Looker for looks that came in one invocation: 500 groups with
// 10 templates and 5 keys cost what those templates and keys cost. It is for that
// invocation only: a Fixer reads anew. Now is the time by AWS's clock, at the least;
// where it isn't known (zero), nothing of another invocation counts.
func (l *Looker) Together(looks []signal.Look, now time.Time) *Looker {
	one := *l
	known := l.cache
	if known == nil || now.IsZero() {
		known = &cache{}
	}
	g := &gathering{
		Readers: l.AWS, cache: known, now: moment{now, time.Now()}, asked: l.asked,
		groups: map[place][]string{}, views: map[place]seen{}, courses: coursesOf(looks),
	}
	for _, look := range looks {
		at := place{look.Account, look.Region}
		g.groups[at] = append(g.groups[at], look.Group)
	}
	if l.Past != nil {
		one.Past = rememberingPast{pastLog: l.Past, cache: known, now: g.now}
	}
	if l.Brake != nil {
		one.Brake = l.Brake.once()
	}
	one.AWS, one.Queue = g, rememberingQueue{l.Queue, known, g.now}
	return &one
}

type place struct{ account, region string }

// A seen view remembers what it has read, since a moment at the earliest.
type seen struct {
	view  apply.Reader
	since moment
}

// A gathering reads for the groups of one invocation.
type gathering struct {
	Readers
	cache   *cache
	now     moment
	asked   time.Time
	groups  map[place][]string
	courses map[place]*courses

	mu     sync.Mutex
	views  map[place]seen
	looked map[string]pass // looks that were made ahead, by their group
	later  []signal.Looks  // to be asked for

	brake memory[place, position] // of this invocation
}

// View implements Readers.
func (g *gathering) View(ctx context.Context, account, region string) (apply.Reader, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := place{account, region}
	if s, ok := g.views[at]; ok {
		return s.view, nil
	}
	if view, since, ok := g.cache.views.known(at, g.now); ok {
		g.views[at] = seen{view.(Gatherer).Gather(g.groups[at]), since}
		return g.views[at].view, nil
	}
	return g.fresh(ctx, at)
}

// fresh returns a view that has read nothing yet.
func (g *gathering) fresh(ctx context.Context, at place) (apply.Reader, error) {
	v, err := g.Readers.View(ctx, at.account, at.region)
	if err != nil {
		return nil, err
	}
	if many, ok := v.(Gatherer); ok {
		v = many.Gather(g.groups[at])
	}
	g.views[at] = seen{v, g.now}
	if _, ok := v.(Gatherer); ok {
		g.cache.views.keep(at, g.now, v)
	}
	return v, nil
}

// readSince says since when the view has read on which a look rests (zero: in this
// invocation), and whether that answers it: it is after what the look is about.
func (g *gathering) readSince(look signal.Look) (time.Time, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, ok := g.views[place{look.Account, look.Region}]
	if !ok || s.since == g.now {
		return time.Time{}, true
	}
	about := g.about(look)
	return s.since.aws, !about.IsZero() && !s.since.aws.Before(about)
}

// about is when what the look asks about was.
func (g *gathering) about(look signal.Look) time.Time {
	if at := look.About(); !at.IsZero() || look.Follow != nil {
		return at
	}
	return g.asked
}

// readAgain has everything read again, once.
func (g *gathering) readAgain(ctx context.Context, look signal.Look) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := place{look.Account, look.Region}
	if g.views[at].since == g.now {
		return nil
	}
	_, err := g.fresh(ctx, at)
	return err
}

// sentBefore reports whether all that was found was sent before.
func (g *gathering) sentBefore(p pass) bool {
	return len(p.decisions) > 0 && !slices.ContainsFunc(p.decisions, func(d decision) bool {
		_, _, sent := g.cache.sent.known(d.Plan.Digest, g.now)
		return !d.permitted() || d.Waits != "" || !sent
	})
}

// Switch implements Readers: it asks until there is an answer. A plan that is sent
// while the switch turns is safe: a Fixer asks again before it writes. For somebody who asked
// about many groups an answer counts for some seconds.
func (g *gathering) Switch(ctx context.Context) (guard.Switch, string, error) {
	p, err := g.brake.once(place{}, g.now, func() (position, error) {
		if p, at, ok := g.cache.brake.known(place{}, g.now); ok && !g.asked.IsZero() && !at.aws.Before(g.asked) {
			return p, nil
		}
		brake, says, err := g.Readers.Switch(ctx)
		if err == nil {
			g.cache.brake.keep(place{}, g.now, position{brake, says})
		}
		return position{brake, says}, err
	})
	return p.brake, p.says, err
}
