package apply_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/change"
	"keymend/pkg/kind/role"
	"keymend/pkg/plan"
)

// A plain doer is neither a Previewer nor a Prover nor a Trier.
type plain struct {
	standing apply.Standing
	err      error
}

// Stands implements apply.Doer.
func (p plain) Stands(context.Context, apply.Env, role.Delete) (change.Result, apply.Standing, error) {
	return change.Result{ID: "x"}, p.standing, p.err
}

// Do implements apply.Doer.
func (p plain) Do(context.Context, apply.Env, role.Delete) (change.Result, error) {
	return change.Result{Changed: true}, p.err
}

// asked asks a table for all that it does about a step, and returns the errors.
func asked(ctx context.Context, table apply.Table, step change.Step) []error {
	var e apply.Env
	_, standing, stands := table.Stands(ctx, e, step)
	if stands != nil && standing != apply.Unknown {
		stands = nil
	}
	_, do := table.Do(ctx, e, step)
	_, good, proof := table.Proof(ctx, e, step, change.Result{})
	if good {
		proof = nil
	}
	_, preview := table.Preview(ctx, e, step)
	_, try := table.Try(ctx, e, step)
	return []error{stands, do, proof, preview, try}
}

// TestUnknownKinds: a step of a kind that isn't in the table is neither looked at nor
// carried out; nor is one of another type than its kind's.
func TestUnknownKinds(t *testing.T) {
	t.Parallel()
	table := apply.Table{apply.Of("DeleteServiceLinkedRole", plain{standing: apply.There})}
	for name, step := range map[string]change.Step{
		"no such kind": role.Ensure{}, "another type": renamed{}, "unread": change.Unread{Name: "DeleteServiceLinkedRole"}, "nothing": change.Unread{},
	} {
		for i, err := range asked(t.Context(), table, step) {
			if !errors.Is(err, change.ErrUnknownKind) {
				t.Errorf("%s, %d: %v", name, i, err)
			}
		}
	}
	for i, err := range asked(t.Context(), table, role.Delete{}) {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// A renamed step has the name of another kind.
type renamed struct{ role.Ensure }

// Kind implements change.Step.
func (renamed) Kind() string { return "DeleteServiceLinkedRole" }

// TestPlainKinds: of a kind that can do no more, the step's words describe it, that
// it stands proves it, and it can't be tried.
func TestPlainKinds(t *testing.T) {
	t.Parallel()
	failed := errors.New("no")
	step := role.Delete{Role: "arn:aws:iam::111122223333:role/r"}
	for _, tc := range []struct {
		doer  plain
		says  int
		good  bool
		fails bool
	}{
		{plain{standing: apply.Absent}, 1, false, false}, {plain{standing: apply.There}, 0, true, false},
		{plain{standing: apply.Ours}, 0, true, false}, {plain{standing: apply.Unknown}, 1, false, false}, {plain{err: failed}, 0, false, true},
	} {
		table := apply.Table{apply.Of("DeleteServiceLinkedRole", tc.doer)}
		p, err := table.Preview(t.Context(), apply.Env{}, step)
		if len(p.Says) != tc.says || tc.says > 0 && p.Says[0] != step.Words().Would || errors.Is(err, failed) != tc.fails {
			t.Errorf("%+v: preview %+v, %v", tc.doer, p, err)
		}
		saw, good, err := table.Proof(t.Context(), apply.Env{}, step, change.Result{})
		if good != tc.good || saw != "x" || errors.Is(err, failed) != tc.fails {
			t.Errorf("%+v: proof %q %v, %v", tc.doer, saw, good, err)
		}
		if trial, err := table.Try(t.Context(), apply.Env{}, step); err != nil || trial != (plan.Trial{}) {
			t.Errorf("%+v: trial %+v, %v", tc.doer, trial, err)
		}
	}
}

// TestAgain tries up to so many times, with a pause between, and no more once the
// time is up.
func TestAgain(t *testing.T) {
	t.Parallel()
	passes, stays := errors.New("passes"), errors.New("stays")
	for name, tc := range map[string]struct {
		errs  []error
		tries int
		want  error
	}{
		"at once": {nil, 1, nil}, "at the third": {[]error{passes, passes}, 3, nil}, "never": {[]error{passes, passes, passes, passes}, 3, passes},
		"what stays": {[]error{stays}, 1, stays}, "first one, then the other": {[]error{passes, stays}, 2, stays},
	} {
		w := applytest.New()
		tries := 0
		err := w.Env().Again(t.Context(), 3, func(err error) bool { return errors.Is(err, passes) }, func() error {
			if tries++; tries > len(tc.errs) {
				return nil
			}
			return tc.errs[tries-1]
		})
		if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) || tries != tc.tries || w.Slept < time.Duration(tries-1)*2*time.Second/2 || w.Slept > time.Duration(tries-1)*9*time.Second {
			t.Errorf("%s: %d tries, %v, slept %v", name, tries, err, w.Slept)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tries := 0
	err := applytest.New().Env().Again(ctx, 3, func(error) bool { return true }, func() error { tries++; return passes })
	if !errors.Is(err, context.Canceled) || tries != 1 {
		t.Errorf("after the deadline: %d tries, %v", tries, err)
	}
}
