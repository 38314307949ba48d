package live

import (
	"context"
	"sync"

	"keymend/pkg/access"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/remediation"
)

// widest bounds how many keys are read side by side. Each takes five calls; KMS
// allows 100 ListGrants a second, the least of them.
// https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html
const widest = 20

var _ remediation.Gatherer = (*view)(nil)

// Gather implements remediation.Gatherer.
func (v *view) Gather(groups []string) remediation.View {
	c := *v
	c.keys, c.there = v.keys.Remembering(), v.there.gathering()
	g := &gathered{view: &c}
	g.resolve = once(func(ctx context.Context) { g.launched = v.launches.ResolveAll(ctx, v.account, v.region, groups) })
	g.read = once(g.readAhead)
	return g
}

// A gathered view reads what several groups need together: all their launches
// when the first is asked for, then all their keys when the first of those is.
type gathered struct {
	*view
	resolve, read func(context.Context)
	launched      map[string]launch.Result
}

// once returns what does it at the first call; who comes meanwhile waits.
func once(do func(context.Context)) func(context.Context) {
	turn := make(chan struct{}, 1)
	done := false
	return func(ctx context.Context) {
		turn <- struct{}{}
		defer func() { <-turn }()
		if !done {
			do(ctx)
			done = true
		}
	}
}

// Launch implements remediation.View.
func (g *gathered) Launch(ctx context.Context, group string) (launch.Launch, error) {
	g.resolve(ctx)
	if r, ok := g.launched[group]; ok {
		return r.Launch, r.Err
	}
	return g.view.Launch(ctx, group)
}

// Role implements remediation.View.
func (g *gathered) Role(ctx context.Context, arn string) (access.Principal, error) {
	g.read(ctx)
	return g.view.Role(ctx, arn)
}

// Key implements remediation.View.
func (g *gathered) Key(ctx context.Context, id, principalARN string) (keystate.State, error) {
	g.read(ctx)
	return g.view.Key(ctx, id, principalARN)
}

// readAhead fills the reader's memory. What goes wrong comes up again where it is
// asked for.
func (g *gathered) readAhead(ctx context.Context) {
	g.resolve(ctx)
	type pair struct{ key, role string }
	pairs, roles := map[pair]bool{}, map[string]bool{}
	for _, r := range g.launched {
		for _, p := range r.Launch.Principals() {
			for _, k := range r.Launch.Keys {
				if k.ID != "" {
					pairs[pair{k.ID, p.ARN}], roles[p.ARN] = true, true
				}
			}
		}
	}
	var wg sync.WaitGroup
	places := make(chan struct{}, widest)
	for role := range roles {
		wg.Go(func() { _, _ = g.view.Role(ctx, role) })
	}
	for p := range pairs {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			_, _ = g.view.Key(ctx, p.key, p.role)
		})
	}
	wg.Wait()
}
