package apply_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"keymend/pkg/apply"
	"keymend/pkg/change"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
)

type session struct{ apply.Session }

// TestAhead: each session is opened before it is needed, handed out once, and opened
// again where that failed or it is asked for again. The calls wait for one another here:
// were they not side by side, the test would hang.
func TestAhead(t *testing.T) {
	t.Parallel()
	const key, role = "arn:aws:kms:eu-west-1:444455556666:key/k", "arn:aws:iam::111122223333:role/r"
	steps := change.Steps{statements.Add{Key: key, Principal: role}, grant.Create{Key: key, Principal: role}}
	refused := errors.New("refused")
	var both sync.WaitGroup
	both.Add(len(steps))
	var opened, fails atomic.Int32
	fails.Store(1)
	ahead := true
	e := apply.Env{Open: func(_ context.Context, c change.Call) (apply.Session, error) {
		opened.Add(1)
		if ahead {
			both.Done()
			both.Wait()
		}
		if c.Action == "kms:CreateGrant" && fails.Add(-1) >= 0 {
			return nil, refused
		}
		return session{}, nil
	}}
	open := e.Ahead(t.Context(), steps)
	ahead = false
	for i, tc := range []struct{ step, opened int32 }{{0, 2}, {0, 3}, {1, 4}} { // it is there; it was handed out; it couldn't be opened
		if _, err := open(t.Context(), steps[tc.step].Calls()[0]); err != nil || opened.Load() != tc.opened {
			t.Errorf("%d: %v, %d opened", i, err, opened.Load())
		}
	}
}
