package remediation

import (
	"fmt"

	"keymend/pkg/record"
)

// An UnaskedError says that a plan is permitted, and that the person hasn't said yes to it:
// the facts changed since they were asked. Nothing of it was written.
type UnaskedError struct {
	Record  record.Record // the intent, as it would be recorded
	Message Message       // carries the plan out
}

// Error implements error.
func (e *UnaskedError) Error() string {
	return fmt.Sprintf("nobody said yes to plan %s for %s", e.Message.Digest, e.Message.Group)
}

// asked returns an UnaskedError for a plan that the person hasn't said yes to.
func (x *Fixer) asked(p pass, d decision, intent record.Record) error {
	if x.Agreed == nil || x.Agreed(d.Plan.Digest) {
		return nil
	}
	return &UnaskedError{Record: intent, Message: p.message(d.Proposal)}
}
