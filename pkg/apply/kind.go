package apply

import (
	"cmp"
	"context"

	"keymend/pkg/change"
	"keymend/pkg/plan"
)

// A Standing says whether a step's effect is there before it is carried out.
type Standing uint8

// The zero value is Unknown.
const (
	Unknown Standing = iota // it couldn't be read
	Absent
	There // by whom can't be told, or by somebody else: never claimed as Keymend's
	Ours  // by the mark of the step's own remediation
)

// If returns the standing where it is so, and else Absent.
func (s Standing) If(so bool) Standing {
	if so {
		return s
	}
	return Absent
}

// A Doer is the half of a kind that talks to AWS. T is the kind's step.
type Doer[T change.Step] interface {
	// Stands reports whether the step's effect is there, and what is known of it.
	// Result.Changed: this remediation may have written it.
	Stands(ctx context.Context, e Env, s T) (change.Result, Standing, error)
	// Do carries the step out. Its error is ErrSuperseded where what the step was
	// made for has changed; ErrInUse, refusal.ErrRefused or refusal.ErrNotKnown; else the SDK's.
	Do(ctx context.Context, e Env, s T) (change.Result, error)
}

// A Previewer says what a step would take away. A doer that isn't one
// has the step's own words, where its effect isn't there yet.
type Previewer[T change.Step] interface {
	Preview(ctx context.Context, e Env, s T) (Preview, error)
}

// A Preview is what a step would do, without doing it.
type Preview struct {
	Label         string   // of the lines, as people see it
	Says          []string // none: there is nothing left to do
	Before, After string   // key policies; "" where none would be edited
}

// A Prover shows that the effect of a step which was carried out is there. Of a step
// that opens a key, access to the key is the proof.
type Prover[T change.Step] interface {
	// Proof reads once. Equal answers in a row prove it, if they are good.
	Proof(ctx context.Context, e Env, s T, done change.Result) (saw string, good bool, err error)
}

// A Trier asks AWS whether a step would be carried out, without doing it.
type Trier[T change.Step] interface {
	// Try returns AWS's answer. It is an error where AWS may not be asked.
	Try(ctx context.Context, e Env, s T) (plan.Trial, error)
}

// A Kind is a row of the table of kinds: plain data, and the half that talks to AWS.
type Kind struct {
	change.Kind
	row
	takes func(change.Step) bool // its row takes no other step
}

// Of returns the row of a kind.
func Of[T change.Step](name string, d Doer[T]) Kind {
	return Kind{change.Of[T](name), typed[T]{d}, func(s change.Step) bool { _, ok := s.(T); return ok }}
}

// A row is a Doer whose steps are of any type.
type row interface {
	stands(context.Context, Env, change.Step) (change.Result, Standing, error)
	do(context.Context, Env, change.Step) (change.Result, error)
	looks
}

type looks interface {
	preview(context.Context, Env, change.Step) (Preview, error)
	proof(context.Context, Env, change.Step, change.Result) (string, bool, error)
	try(context.Context, Env, change.Step) (plan.Trial, error)
}

type typed[T change.Step] struct{ doer Doer[T] }

func (d typed[T]) stands(ctx context.Context, e Env, s change.Step) (change.Result, Standing, error) {
	return d.doer.Stands(ctx, e, s.(T))
}

func (d typed[T]) do(ctx context.Context, e Env, s change.Step) (change.Result, error) {
	return d.doer.Do(ctx, e, s.(T))
}

func (d typed[T]) preview(ctx context.Context, e Env, s change.Step) (Preview, error) {
	if p, ok := d.doer.(Previewer[T]); ok {
		return p.Preview(ctx, e, s.(T))
	}
	_, standing, err := d.stands(ctx, e, s)
	if err != nil || standing == There || standing == Ours {
		return Preview{}, err
	}
	words := s.Words()
	return Preview{Label: "BACK", Says: []string{cmp.Or(words.Would, words.What)}}, nil
}

func (d typed[T]) proof(ctx context.Context, e Env, s change.Step, done change.Result) (string, bool, error) {
	if p, ok := d.doer.(Prover[T]); ok {
		return p.Proof(ctx, e, s.(T), done)
	}
	result, standing, err := d.stands(ctx, e, s)
	return result.ID, standing == There || standing == Ours, err
}

func (d typed[T]) try(ctx context.Context, e Env, s change.Step) (plan.Trial, error) {
	if p, ok := d.doer.(Trier[T]); ok {
		return p.Try(ctx, e, s.(T))
	}
	return plan.Trial{}, nil
}

// unknown is the row of a kind that isn't in the table.
type unknown struct{ err error }

func (u unknown) stands(context.Context, Env, change.Step) (change.Result, Standing, error) {
	return change.Result{}, Unknown, u.err
}

func (u unknown) do(context.Context, Env, change.Step) (change.Result, error) {
	return change.Result{}, u.err
}

func (u unknown) preview(context.Context, Env, change.Step) (Preview, error) { return Preview{}, u.err }

func (u unknown) proof(context.Context, Env, change.Step, change.Result) (string, bool, error) {
	return "", false, u.err
}

func (u unknown) try(context.Context, Env, change.Step) (plan.Trial, error) {
	return plan.Trial{}, u.err
}
