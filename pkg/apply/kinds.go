package apply

import (
	"context"
	"errors"
	"fmt"

	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/plan"
)

// Table is all kinds of change. A kind that isn't in it can't be read, nor carried out.
type Table []Kind

// Kinds returns what reads the steps of all kinds.
func (t Table) Kinds() change.Kinds {
	var out change.Kinds
	for _, k := range t {
		out = append(out, k.Kind)
	}
	return out
}

// of returns the row of a step's kind. Of a kind that isn't in the table, it answers all
// by an error.
func (t Table) of(s change.Step) row {
	for _, k := range t {
		if k.Name == s.Kind() && k.takes(s) {
			return k
		}
	}
	return unknown{fmt.Errorf("%w: %q as %T", change.ErrUnknownKind, s.Kind(), s)}
}

// Stands is Doer.Stands of the step's kind.
func (t Table) Stands(ctx context.Context, e Env, s change.Step) (change.Result, Standing, error) {
	return t.of(s).stands(ctx, e, s)
}

// Do is Doer.Do of the step's kind. Where a call may have been carried out and no
// answer says so, it looks first whether the step stands. Only where it doesn't, the
// step is carried out anew, on what is there by then.
func (t Table) Do(ctx context.Context, e Env, s change.Step) (change.Result, error) {
	const tries = 4
	k := t.of(s)
	done, err := k.do(ctx, e, s)
	for try := 1; try < tries && errors.Is(err, once.ErrUnsure); try++ {
		var cancel context.CancelFunc
		ctx, cancel = once.Uninterrupted(ctx)
		defer cancel()
		if err := e.Pause(ctx, try); err != nil {
			return done, fmt.Errorf("%w: %w", once.ErrUnsure, err)
		}
		found, standing, lookErr := k.stands(ctx, e, s)
		switch {
		case lookErr != nil:
			return done, fmt.Errorf("%w: %w, and then: %w", once.ErrUnsure, err, lookErr)
		case standing == There || standing == Ours:
			return unsure(s, done, found, standing), nil
		}
		var again change.Result
		if again, err = k.do(ctx, e, s); err == nil && !again.Changed {
			return unsure(s, done, again, There), nil
		}
		done = again
	}
	return done, err
}

// unsure is what came of a step that was sent without an answer, and is found to
// stand. A step that has no undo counts as changed all the same: nothing is taken back for it.
func unsure(s change.Step, sent, found change.Result, how Standing) change.Result {
	if found.Before == "" && found.After == "" {
		found.Before, found.After = sent.Before, sent.After
	}
	found.Changed = found.Changed || len(s.Undo(change.Mark{}, found)) == 0
	found.Unsure = found.Changed && how != Ours
	return found
}

// Proof is Prover.Proof of the step's kind, or else whether its effect stands.
func (t Table) Proof(ctx context.Context, e Env, s change.Step, done change.Result) (saw string, good bool, err error) {
	return t.of(s).proof(ctx, e, s, done)
}

// Preview says what a step would do.
func (t Table) Preview(ctx context.Context, e Env, s change.Step) (Preview, error) {
	return t.of(s).preview(ctx, e, s)
}

// Try asks AWS whether a step would be carried out; the zero Trial where its kind
// can't be tried.
func (t Table) Try(ctx context.Context, e Env, s change.Step) (plan.Trial, error) {
	return t.of(s).try(ctx, e, s)
}
