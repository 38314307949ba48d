package remediation

import (
	"context"
	"sync"

	"keymend/pkg/guard"
)

// A Gatherer is a View that can read for many groups at once.
type Gatherer interface {
	// Gather returns a view that reads what these groups share once, and
	// remembers it for as long as it is kept.
	Gather(groups []string) View
}

// Together returns a Diagnose for signals that came in one invocation: 500 groups
// with 10 templates and 5 keys cost what those templates and keys cost. It is for
// that invocation only, and only looks: Remediate reads anew.
func (e *Engine) Together(signals []Signal) func(context.Context, Signal) ([]Diagnosis, error) {
	type place struct{ account, region string }
	groups := map[place][]string{}
	for _, s := range signals {
		at := place{s.Account, s.Region}
		groups[at] = append(groups[at], s.Group)
	}
	views := map[place]View{}
	var mu sync.Mutex
	one := *e
	one.View = func(ctx context.Context, account, region string) (View, error) {
		mu.Lock()
		defer mu.Unlock()
		at := place{account, region}
		if v, ok := views[at]; ok {
			return v, nil
		}
		v, err := e.View(ctx, account, region)
		if err != nil {
			return nil, err
		}
		if g, ok := v.(Gatherer); ok {
			v = g.Gather(groups[at])
		}
		views[at] = v
		return v, nil
	}
	one.Switch = once(e.Switch)
	return one.Diagnose
}

// once asks for the switch until there is an answer. What is sent while it turns
// isn't lost to it: Remediate asks again before it writes.
func once(ask func(context.Context) (guard.Switch, string, error)) func(context.Context) (guard.Switch, string, error) {
	var (
		mu    sync.Mutex
		known bool
		is    guard.Switch
		says  string
	)
	return func(ctx context.Context) (guard.Switch, string, error) {
		mu.Lock()
		defer mu.Unlock()
		if known {
			return is, says, nil
		}
		var err error
		is, says, err = ask(ctx)
		known = err == nil
		return is, says, err
	}
}
