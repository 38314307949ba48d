package apply

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"keymend/pkg/change"
	"keymend/pkg/together"
)

// Ahead opens the sessions of the steps' first calls side by side, and returns what hands
// each out once. Any other is opened when it is asked for; so is one that couldn't be,
// again.
func (e Env) Ahead(ctx context.Context, steps change.Steps) func(context.Context, change.Call) (Session, error) {
	type opened struct {
		call    change.Call
		session Session
		err     error
	}
	var (
		mu    sync.Mutex
		ready []opened
		tasks []func() error
	)
	for _, s := range steps {
		if calls := s.Calls(); len(calls) > 0 {
			ready = append(ready, opened{call: calls[0]})
		}
	}
	for i := range ready {
		tasks = append(tasks, func() error { ready[i].session, ready[i].err = e.Open(ctx, ready[i].call); return nil })
	}
	_ = together.Do(tasks...) // none fails
	open := e.Open
	return func(ctx context.Context, call change.Call) (Session, error) {
		mu.Lock()
		at := slices.IndexFunc(ready, func(o opened) bool { return o.err == nil && reflect.DeepEqual(o.call, call) })
		if at < 0 {
			mu.Unlock()
			return open(ctx, call)
		}
		found := ready[at].session
		ready = slices.Delete(ready, at, at+1)
		mu.Unlock()
		return found, nil
	}
}
