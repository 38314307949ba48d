package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/slr"
)

// ErrNothingToUndo says that a record isn't that of a change.
var ErrNothingToUndo = errors.New("the record has no undo")

// Undo takes back what a record says was added, and nothing else, on the facts as
// they are now, in the record's order. It is asked for by a person: neither mode nor
// consent nor the switch stands against taking access away. What is in an account that
// the person has no credentials for is left, and is the undo of the record that Undo
// writes.
func (x *Fixer) Undo(ctx context.Context, of record.Record) (record.Record, error) {
	steps, err := UndoOf(of)
	if err != nil {
		return record.Record{}, fmt.Errorf("undo %s: %w", of.RemediationID, err)
	}
	r := of
	r.Phase, r.Outcome, r.Reason, r.Proof, r.EventIDs = record.Intent, "", "undo asked for", nil, nil
	r.Session, r.Steps, r.Writes, r.Plan = sessionPrefix+of.RemediationID, record.Steps(steps), steps.Calls(), nil
	r.Shortened = nil
	if err := x.write(ctx, r); err != nil {
		return r, err
	}
	var b taking
	err = x.back(ctx, of, steps, &b)
	r.Phase, r.Before, r.After, r.Undo = record.Result, b.before, b.after, record.Steps(b.left)
	if err != nil && b.changed {
		err = fmt.Errorf("a part was taken back, and the rest is left: %w", err)
	}
	r.Outcome, r.Reason = b.outcome(err)
	return r, errors.Join(err, x.write(ctx, r))
}

// Preview says what each step of a record's undo would do by now, without doing it.
// What is in use stays, and that is said. Accounts are those in which there is more,
// which the reader's credentials aren't for.
func (x *Fixer) Preview(ctx context.Context, of record.Record) (all []apply.Preview, accounts []string, err error) {
	steps, err := UndoOf(of)
	if err != nil {
		return nil, nil, fmt.Errorf("undo %s: %w", of.RemediationID, err)
	}
	var before []change.Result
	for _, step := range steps {
		e, err := x.undoing(ctx, of, step)
		e.Before = before
		var preview apply.Preview
		if err == nil {
			preview, err = x.Kinds.Preview(ctx, e, step)
		}
		switch {
		case elsewhere(err):
			accounts = append(accounts, step.At().Account)
			continue
		case errors.Is(err, apply.ErrInUse):
			preview = apply.Preview{Label: "STAYS", Says: []string{err.Error()}}
		case err != nil:
			return nil, nil, fmt.Errorf("undo %s: %w", of.RemediationID, err)
		}
		all, before = append(all, preview), append(before, change.Result{})
	}
	return all, slices.Compact(accounts), nil
}

// undoing is what a step of an undo is carried out in.
func (x *Fixer) undoing(ctx context.Context, of record.Record, step change.Step) (apply.Env, error) {
	at := step.At().Account
	view, err := x.AWS.View(ctx, at, of.Region)
	if err != nil {
		return apply.Env{}, fmt.Errorf("read account %s: %w", at, err)
	}
	return x.env(view, of.Region, of.Group, change.Mark{Remediation: of.RemediationID}), nil
}

// UndoOf returns what takes a record's change back. It may only be about the record's
// own key, in the group's account and the key's, or about its group and role.
func UndoOf(r record.Record) (change.Steps, error) {
	if len(r.Undo) == 0 {
		return nil, ErrNothingToUndo
	}
	for _, step := range r.Undo {
		if err := about(step, r); err != nil {
			return nil, err
		}
	}
	return change.Steps(r.Undo), nil
}

// about says why a step isn't about what a record is about; nil = it is.
func about(step change.Step, r record.Record) error {
	at, claim := step.At(), step.Claim()
	_, unread := step.(change.Unread)
	switch {
	case unread:
		return fmt.Errorf("%w: %q", change.ErrUnknownKind, step.Kind())
	case !claim.Back: // a record may come from anywhere
		return fmt.Errorf("the undo has a %s, which takes nothing back", step.Kind())
	case claim.Consent == change.KeyOwner && !claim.Closes && !opensTo(claim.Principal, r):
		return fmt.Errorf("the undo opens the key to %q, which isn't the record's service-linked role %q", claim.Principal, r.Principal)
	case at.Key != "" && (at.Key != r.Key || !strings.HasPrefix(at.Key, "arn:")):
		return fmt.Errorf("the undo is about key %q, the record about %q", at.Key, r.Key)
	case at.Key != "" && at.Account == arn.Account(at.Key): // in the key's account
	case at.Account != r.Account || r.Account == "":
		return fmt.Errorf("the undo is for account %q, the record about a group of %q", at.Account, r.Account)
	}
	if at.Key == "" && !ofGroup(step, r) {
		return fmt.Errorf("the undo is about %q, the record about group %q and %q", at.Target, r.Group, r.Principal)
	}
	return nil
}

// opensTo reports whether a principal is the record's, and one that Keymend opens keys to.
func opensTo(principal string, r record.Record) bool {
	return principal == r.Principal && (slr.Is(principal, r.Account) || slr.IsSpot(principal, r.Account))
}

// ofGroup reports whether a step is about the record's group or dedicated role, and
// gives the group no role but one of Auto Scaling's in its account.
func ofGroup(step change.Step, r record.Record) bool {
	at := step.At()
	if at.Target == r.Principal {
		return slr.Is(at.Target, r.Account) && at.Target != slr.ARN(arn.Partition(at.Target), r.Account, "")
	}
	for _, call := range step.Calls() {
		if call.Pass != "" && !slr.Is(call.Pass, r.Account) {
			return false
		}
	}
	for _, taken := range step.Undo(change.Mark{}, change.Result{}) { // what the step takes back
		if p := taken.Claim().Principal; p != "" && p != r.Principal {
			return false
		}
	}
	return strings.HasSuffix(at.Target, ":autoScalingGroupName/"+r.Group)
}

// A taking is what came of taking a change back.
type taking struct {
	changed       bool
	before, after string
	names         []string     // statements that name the principal still
	left          change.Steps // what is still to be taken back
}

// back takes back one after the other. What is of an account that can't be written
// to from here is left; at any other error the rest is, too.
func (x *Fixer) back(ctx context.Context, of record.Record, steps change.Steps, t *taking) error {
	for i, step := range steps {
		e, err := x.undoing(ctx, of, step)
		var d change.Result
		if err == nil {
			d, err = x.Kinds.Do(ctx, e, step)
		}
		switch {
		case errors.Is(err, apply.ErrSuperseded): // somebody chose something else since
		case len(steps) > 1 && elsewhere(err):
			t.left = append(t.left, step)
			continue
		case err != nil:
			t.left = append(t.left, steps[i:]...)
			t.changed = t.changed || d.Changed
			return err
		}
		t.changed = t.changed || d.Changed
		x.wrote(step.At().Key, d)
		if d.Before != "" || d.After != "" {
			t.before, t.after, t.names = d.Before, d.After, d.Left
		}
	}
	if len(t.left) == len(steps) {
		return fmt.Errorf("the change is in account %s: %w", strings.Join(t.accounts(), ", "), account.ErrOtherAccount)
	}
	return nil
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

// elsewhere reports whether an error says that these credentials are of another
// account, or that the other account lets them no further.
func elsewhere(err error) bool {
	d, _ := account.DenialOf(err)
	return errors.Is(err, account.ErrOtherAccount) || d.Action == "sts:AssumeRole"
}
