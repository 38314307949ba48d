package remediation

import (
	"context"
	"sync"

	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/signal"
)

// A Gatherer is a reader that can read for many groups at once.
type Gatherer interface {
	// Gather returns a reader that reads what these groups share once, and
	// remembers it for as long as it is kept.
	Gather(groups []string) apply.Reader
}

// Together returns a Looker for looks that came in one invocation: 500 groups with
// 10 templates and 5 keys cost what those templates and keys cost. It is for that
// invocation only: a Fixer reads anew.
func (l *Looker) Together(looks []signal.Look) *Looker {
	one := *l
	g := &gathering{Readers: l.AWS, groups: map[place][]string{}, views: map[place]apply.Reader{}}
	for _, look := range looks {
		at := place{look.Account, look.Region}
		g.groups[at] = append(g.groups[at], look.Group)
	}
	one.AWS = g
	return &one
}

type place struct{ account, region string }

// A gathering reads for the groups of one invocation.
type gathering struct {
	Readers
	groups map[place][]string

	mu    sync.Mutex
	views map[place]apply.Reader
	known bool // how the switch stands
	brake guard.Switch
	says  string
}

// View implements Readers.
func (g *gathering) View(ctx context.Context, account, region string) (apply.Reader, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := place{account, region}
	if v, ok := g.views[at]; ok {
		return v, nil
	}
	v, err := g.Readers.View(ctx, account, region)
	if err != nil {
		return nil, err
	}
	if many, ok := v.(Gatherer); ok {
		v = many.Gather(g.groups[at])
	}
	g.views[at] = v
	return v, nil
}

// Switch implements Readers: it asks until there is an answer. What is sent while the
// switch turns isn't lost to it: a Fixer asks again before it writes.
func (g *gathering) Switch(ctx context.Context) (guard.Switch, string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.known {
		return g.brake, g.says, nil
	}
	var err error
	g.brake, g.says, err = g.Readers.Switch(ctx)
	g.known = err == nil
	return g.brake, g.says, err
}
