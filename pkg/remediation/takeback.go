package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/verify"
)

// A taking is what came of taking a change back.
type taking struct {
	recent        bool         // what was made may not show yet
	done          change.Steps // what AWS was told, and did
	changed       bool         // the same, or a part of a step
	before, after string
	names         []string     // statements that name the principal still
	left          change.Steps // what is still to be taken back
	proof         *record.ProofOf
}

// result is the record of what came of an undo that was begun.
func (t *taking) result(intent record.Record, err error) record.Record {
	r := intent
	r.Phase, r.Before, r.After, r.Undo, r.Proof = record.Result, t.before, t.after, record.Steps(t.left), t.proof
	r.Outcome, r.Reason = t.outcome(err)
	return r
}

// takeBack takes steps back, one after the other. It leaves a step of an account that can't be
// written to from here; at any other error it leaves the rest, too.
func (x *Fixer) takeBack(ctx context.Context, of record.Record, steps change.Steps, t *taking) error {
	var late error
	for i, step := range steps {
		e, err := x.undoing(ctx, of, step)
		var d change.Result
		if err == nil {
			d, err = x.take(ctx, e, step, t.recent)
		}
		switch {
		case errors.Is(err, apply.ErrSuperseded): // somebody chose something else since
		case len(steps) > 1 && inOtherAccount(err):
			t.left = append(t.left, step)
			continue
		case err != nil:
			t.left = append(t.left, steps[i:]...)
			t.changed = t.changed || d.Changed
			return err
		}
		x.wrote(step.At().Key, d)
		late = errors.Join(late, t.took(step, d))
	}
	if late != nil {
		return late
	}
	if len(t.left) == len(steps) {
		return fmt.Errorf("the change is in account %s: %w", strings.Join(t.accounts(), ", "), account.ErrOtherAccount)
	}
	return nil
}

// take carries a step out, and looks again where what it takes back may not show yet: most
// often it does within seconds.
func (x *Fixer) take(ctx context.Context, e apply.Env, step change.Step, recent bool) (d change.Result, err error) {
	const looks = 3
	late := false
	err = e.Again(ctx, looks, func(error) bool { return late }, func() error {
		d, err = x.Kinds.Do(ctx, e, step)
		if late = err == nil && recent && !d.Changed && showsLate(step); late {
			return unseen(step)
		}
		return err
	})
	if late { // the steps after it don't wait for that
		err = ctx.Err()
	}
	return d, err
}

// took notes what came of a step. Its error says that what isn't seen may not show yet.
func (t *taking) took(step change.Step, d change.Result) error {
	if t.recent && !d.Changed && showsLate(step) {
		t.left = append(t.left, step)
		return unseen(step)
	}
	if d.Changed {
		t.changed, t.done = true, append(t.done, step)
	}
	if d.Before != "" || d.After != "" {
		t.before, t.after, t.names = d.Before, d.After, d.Left
	}
	return nil
}

// proveGone reads until the steps that were taken back show to be gone. Where nothing can be
// read, AWS's answer to the call has to do.
func (x *Fixer) proveGone(ctx context.Context, of record.Record, t *taking) error {
	ctx, cancel := once.Uninterrupted(ctx)
	defer cancel()
	seen := false
	equal, err := x.until(ctx, func(ctx context.Context) (string, bool, error) {
		seen = false
		for _, step := range t.done {
			e, err := x.undoing(ctx, of, step)
			how := apply.Unknown
			if err == nil {
				_, how, err = x.Kinds.Stands(ctx, e, step)
			}
			switch _, final := finalOutcome(err); {
			case how == apply.Absent || errors.Is(err, once.ErrStale):
				return "", false, nil
			case err != nil && !final:
				return "", false, err
			}
			seen = seen || how != apply.Unknown
		}
		return "", true, nil
	})
	switch {
	case err != nil:
		t.left = append(t.done, t.left...)
		return err
	case seen: // else nothing could be read, and that is no error
		t.proof = &record.ProofOf{EqualReads: equal}
	}
	return nil
}

// showsLate reports whether what a step takes back may not show for minutes: KMS says so
// of its own.
func showsLate(step change.Step) bool {
	return slices.ContainsFunc(step.Calls(), func(c change.Call) bool { return strings.HasPrefix(c.Action, "kms:") })
}

// unseen says that what a step is to take back isn't there by what AWS shows, though it
// was made so little ago that this tells nothing. That it is gone isn't known, then.
func unseen(step change.Step) error {
	return fmt.Errorf("what %s on %s takes back was made less than five minutes ago, and isn't seen: it is gone, or %w", step.Kind(), step.At().Target, once.ErrStale)
}

// outcome says what the taking came to.
func (t *taking) outcome(err error) (outcome.Outcome, string) {
	stays := ""
	if len(t.names) > 0 {
		stays = "; the principal still stands in " + strings.Join(t.names, ", ") + ", which isn't part of this change or was edited since, and stays"
	}
	switch {
	case account.AccessDenied(err):
		return outcome.NotPermitted, reasonOf(err)
	case errors.Is(err, verify.ErrNotSettled):
		return outcome.Unproven, "AWS took it back, and shows it still, which takes up to five minutes; or somebody wrote it again: run the same again then"
	case err != nil:
		return outcome.Failed, err.Error()
	case len(t.left) > 0:
		return outcome.PartlyUndone, "what is in account " + strings.Join(t.accounts(), ", ") + " is left: undo the same with credentials of that account" + stays
	case t.changed:
		return outcome.Undone, "what had been added was taken away" + stays
	}
	return outcome.Undone, "it was gone already" + stays
}

func (t *taking) accounts() []string {
	var out []string
	for _, step := range t.left {
		if a := step.At().Account; !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// inOtherAccount reports whether an error says that these credentials are of another
// account, or that the other account lets them no further.
func inOtherAccount(err error) bool {
	d, _ := account.DenialOf(err)
	return errors.Is(err, account.ErrOtherAccount) || d.Action == "sts:AssumeRole"
}
