package remediation

import (
	"context"
	"errors"
	"strings"

	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// How often a plan is made anew because somebody wrote in between. A message comes
// again, a person's command doesn't.
const (
	triesOfMessage = 3
	triesOfPerson  = 20
)

// anew looks and plans again, after a pause, and carries that out: somebody wrote in
// between. What is left to do is another remediation, if anything is.
func (x *Fixer) anew(ctx context.Context, p pass, d decision, r record.Record, cause error) (record.Record, error) {
	most := triesOfMessage
	if x.Person.ARN != "" {
		most = triesOfPerson
	}
	if p.tries++; p.tries >= most {
		return r, cause
	}
	if err := x.env(p.view, p.place(), p.Group, change.Mark{}).Pause(ctx, p.tries); err != nil {
		return r, errors.Join(cause, err)
	}
	fresh := x.begin(p.look)
	fresh.delivery, fresh.approval, fresh.tries = p.delivery, p.approval, p.tries
	fresh, err := x.observed(ctx, fresh)
	if err != nil {
		return r, errors.Join(cause, err)
	}
	for _, again := range fresh.decisions {
		switch {
		case again.Finding.ID() != d.Finding.ID() || again.Finding.Principal.ARN != d.Finding.Principal.ARN:
		case len(again.Plan.Steps) == 0 || again.Waits != "":
			return r, nil // it is said already that the facts changed
		case again.Plan.Target != d.Plan.Target:
			return r, cause // its lock is another one
		default:
			return x.carry(ctx, fresh, again, fresh.markOf(again), again.Plan.Steps, nil)
		}
	}
	return r, nil
}

// gone reports whether what a person's command wrote was written over. In a queue,
// where nobody else of Keymend's writes meanwhile, that is for a later look.
func (x *Fixer) gone(r record.Record, steps change.Steps) bool {
	edits := steps.Only(func(c change.Claim) bool { return c.Edits })
	return x.Person.ARN != "" && edits && r.Outcome == outcome.Unproven && strings.Contains(r.Reason, notShown)
}

// begun marks the error by which a change ended, if something of it was written or may
// have been.
func begun(r record.Record, all []change.Result, cause, err error) error {
	sure := false
	for _, d := range all {
		sure = sure || d.Changed
	}
	if _, said := errors.AsType[*once.BegunError](err); err == nil || said || !sure && !errors.Is(cause, once.ErrUnsure) {
		return err
	}
	return &once.BegunError{Remediation: r.RemediationID, Calls: r.Writes, Sure: sure, Err: err}
}
