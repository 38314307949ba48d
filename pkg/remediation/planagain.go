package remediation

import (
	"context"
	"errors"
	"strings"

	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// How often a plan is made again because somebody wrote in between. A message comes
// again, a person's command doesn't.
const (
	triesOfMessage = 3
	triesOfPerson  = 20
)

// planAgain looks and plans again, after a pause, and carries that out: somebody wrote in
// between. The new plan is another remediation. The record is that of the attempt so far, and
// the cause its error.
func (x *Fixer) planAgain(ctx context.Context, a attempt, r record.Record, cause error) (record.Record, error) {
	was, most := a.decision, triesOfMessage
	if x.Person.ARN != "" {
		most = triesOfPerson
	}
	p := x.begin(a.pass.look)
	p.delivery, p.approval, p.tries = a.pass.delivery, a.pass.approval, a.pass.tries+1
	if p.tries >= most {
		return r, cause
	}
	if err := x.env(a.pass.view, p.place(), p.Group, change.Mark{}).Pause(ctx, p.tries); err != nil {
		return r, errors.Join(cause, err)
	}
	p, err := x.observed(ctx, p)
	if err != nil {
		return r, errors.Join(cause, err)
	}
	for _, d := range p.decisions {
		switch {
		case d.Finding.ID() != was.Finding.ID() || d.Finding.Principal.ARN != was.Finding.Principal.ARN:
		case len(d.Plan.Steps) == 0 || d.Waits != "":
			return r, nil // it is said already that the facts changed
		case d.Plan.Target != was.Plan.Target:
			return r, cause // its lock is another one
		default:
			return x.apply(ctx, p.attempt(d))
		}
	}
	return r, nil
}

// overwritten reports whether somebody wrote over what a person's command wrote. In a
// queue, where nobody else of Keymend's writes meanwhile, that is for a later look.
func (x *Fixer) overwritten(r record.Record, steps change.Steps) bool {
	edits := steps.Only(func(c change.Claim) bool { return c.Edits })
	return x.Person.ARN != "" && edits && r.Outcome == outcome.Unproven && strings.Contains(r.Reason, notShown)
}
