package remediation

import (
	"context"
	"fmt"
	"slices"

	"keymend/pkg/account"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

// An approval is what a person says to a plan, and what is asked because of it.
type approval struct {
	guard.Approval
	ticket string
	opens  bool // a key is opened: who made what it is opened for is on record
	group  string
	// versions are who made the versions of templates that the group launches from.
	versions []string
	unread   string // why it isn't known who made the group; "" = it was asked
}

// approvalOf is the approval that a message carries, if it carries one. That it does, and
// whose, the queue says and not the message.
func approvalOf(m Message) approval {
	a := approval{ticket: m.Ticket, opens: plan.Plan{Steps: m.Steps}.Opens()}
	if m.Delivery.Approver == "" {
		a.ticket = ""
		return a
	}
	a.Approval = guard.Approval{By: m.Delivery.Approver, Digest: m.Digest, Late: m.Delivery.late()}
	return a
}

// readMakers reads who made the group and its templates' versions, for what opens a key
// and for what was approved. Without an approval it is only to be known: what can't be
// read is left out. An approval has to wait for it.
func (l *Looker) readMakers(ctx context.Context, p *pass) error {
	a := &p.approval
	if !a.opens && a.By == "" {
		return nil
	}
	for _, w := range p.Launch.Ways {
		if w.MadeBy != "" && !slices.Contains(a.versions, w.MadeBy) {
			a.versions = append(a.versions, w.MadeBy)
		}
	}
	var err error
	a.group, err = p.view.Storage().Maker(ctx, p.Group)
	a.Makers = slices.DeleteFunc(append([]string{a.group}, a.versions...), func(by string) bool { return by == "" })
	switch {
	case err == nil:
	case a.By != "":
		return err
	default:
		a.unread = "who made the group: " + account.Message(err)
	}
	return nil
}

// on adds to a record who approved, and who made what a key is opened for.
func (a approval) on(r *record.Record) {
	r.Approver, r.Ticket, r.GroupMadeBy, r.TemplateMadeBy = a.By, a.ticket, a.group, a.versions
	if a.unread != "" {
		r.CouldNotSee = r.CouldNotSee.With(a.unread)
	}
}

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

// agreed returns an UnaskedError for a plan that the person hasn't said yes to.
func (x *Fixer) agreed(a attempt, intent record.Record) error {
	if x.Agreed == nil || x.Agreed(a.decision.Plan.Digest) {
		return nil
	}
	return &UnaskedError{Record: intent, Message: a.pass.message(a.decision.Proposal)}
}
