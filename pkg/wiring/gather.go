package wiring

import (
	"context"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/observe"
	"keymend/pkg/remediation"
	"keymend/pkg/together"
)

var _ remediation.Gatherer = (*view)(nil)

// Gather implements remediation.Gatherer.
func (v *view) Gather(groups []string) apply.Reader {
	c := *v
	c.keys, c.others, c.launches = v.keys.Remembering(), v.others.gathering(), v.launches.Remembering()
	return c.gathered(groups)
}

// Gather implements remediation.Gatherer: what was read counts for other groups, too.
func (g *gathered) Gather(groups []string) apply.Reader { return g.view.gathered(groups) }

// Supposing is the view's. Groups are gathered anew: their launches are other ones then.
func (g *gathered) Supposing(settings func(encryption.Defaults) encryption.Defaults) apply.Reader {
	c := *g.view
	c.launches = g.launches.Supposing(settings)
	return c.gathered(nil)
}

func (v *view) gathered(groups []string) *gathered {
	g := &gathered{view: v}
	g.resolve = once(func(ctx context.Context) { g.launched = g.view.launches.ResolveAll(ctx, v.account, v.region, groups) })
	g.read = once(g.readAhead)
	return g
}

// A gathered view reads what several groups need together: all their launches
// when the first is asked for, then all their keys when the first of those is.
type gathered struct {
	*view
	resolve, read func(context.Context)
	launched      map[string]observe.Result
}

// once returns a function that does it at the first call. A caller that comes
// meanwhile waits, as in testing/synctest no mutex can.
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

// Launch implements apply.Reader.
func (g *gathered) Launch(ctx context.Context, group string) (launch.Launch, error) {
	g.resolve(ctx)
	if r, ok := g.launched[group]; ok {
		return r.Launch, r.Err
	}
	return g.view.Launch(ctx, group)
}

// Role implements apply.Keys.
func (g *gathered) Role(ctx context.Context, arn string) (access.Principal, error) {
	g.read(ctx)
	return g.view.Role(ctx, arn)
}

// Key implements apply.Keys.
func (g *gathered) Key(ctx context.Context, id, principalARN string) (keystate.State, error) {
	g.read(ctx)
	return g.view.Key(ctx, id, principalARN)
}

// readAhead fills the reader's memory. An error comes up again where the same is asked for.
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
	var tasks []func() error
	for role := range roles {
		tasks = append(tasks, func() error { _, err := g.view.Role(ctx, role); return err })
	}
	for p := range pairs {
		tasks = append(tasks, func() error { _, err := g.view.Key(ctx, p.key, p.role); return err })
	}
	_ = together.Do(tasks...)
}
