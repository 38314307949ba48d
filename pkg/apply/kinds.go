package apply

import (
	"context"
	"fmt"

	"keymend/pkg/change"
	"keymend/pkg/plan"
)

// Table is all kinds of change. What isn't in it can't be read, nor carried out.
type Table []Kind

// Kinds returns what reads the steps of all kinds.
func (t Table) Kinds() change.Kinds {
	var out change.Kinds
	for _, k := range t {
		out = append(out, k.Kind)
	}
	return out
}

func (t Table) of(s change.Step) (Kind, error) {
	for _, k := range t {
		if k.Name == s.Kind() && k.takes(s) {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("%w: %q as %T", change.ErrUnknownKind, s.Kind(), s)
}

// Stands is Doer.Stands of the step's kind.
func (t Table) Stands(ctx context.Context, e Env, s change.Step) (change.Result, Standing, error) {
	k, err := t.of(s)
	if err != nil {
		return change.Result{}, Unknown, err
	}
	return k.stands(ctx, e, s)
}

// Do is Doer.Do of the step's kind.
func (t Table) Do(ctx context.Context, e Env, s change.Step) (change.Result, error) {
	k, err := t.of(s)
	if err != nil {
		return change.Result{}, err
	}
	return k.do(ctx, e, s)
}

// Proof is Prover.Proof of the step's kind, or else whether its effect stands.
func (t Table) Proof(ctx context.Context, e Env, s change.Step, done change.Result) (saw string, good bool, err error) {
	k, err := t.of(s)
	if err != nil {
		return "", false, err
	}
	return k.proof(ctx, e, s, done)
}

// Preview says what a step would do.
func (t Table) Preview(ctx context.Context, e Env, s change.Step) (Preview, error) {
	k, err := t.of(s)
	if err != nil {
		return Preview{}, err
	}
	return k.preview(ctx, e, s)
}

// Try asks AWS whether a step would be carried out; the zero Trial where its kind
// can't be tried.
func (t Table) Try(ctx context.Context, e Env, s change.Step) (plan.Trial, error) {
	k, err := t.of(s)
	if err != nil {
		return plan.Trial{}, err
	}
	return k.try(ctx, e, s)
}
