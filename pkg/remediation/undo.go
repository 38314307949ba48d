package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/slr"
	"keymend/pkg/verify"
)

// ErrNothingToUndo says that a record isn't that of a change.
var ErrNothingToUndo = errors.New("the record has no undo")

// Undo takes back what a record says was added, and nothing else, on the facts as
// they are now, in the record's order. It is asked for by a person: neither mode nor
// consent nor the switch stands against taking access away. A step in an account that
// the person has no credentials for is left: the record that Undo writes has it as its undo.
func (x *Fixer) Undo(ctx context.Context, of record.Record) (record.Record, error) {
	steps, err := UndoOf(of)
	if err != nil {
		return record.Record{}, fmt.Errorf("undo %s: %w", of.RemediationID, err)
	}
	recent, err := x.learnRecentWrites(ctx, of)
	if err != nil {
		return record.Record{}, fmt.Errorf("undo %s: %w", of.RemediationID, err)
	}
	intent := undoIntent(of, steps)
	if err := x.write(ctx, intent); err != nil {
		return intent, err
	}
	t := taking{recent: recent}
	if err = x.takeBack(ctx, of, steps, &t); err == nil && t.changed {
		err = x.proveGone(ctx, of, &t)
	}
	if err != nil && t.changed && !errors.Is(err, verify.ErrNotSettled) {
		err = fmt.Errorf("a part was taken back, and the rest is left: %w", err)
	}
	r := t.result(intent, err)
	if r.Outcome == outcome.Unproven {
		err = nil // the record says it
	}
	lost := x.write(ctx, r)
	if lost != nil && t.changed {
		lost = &once.BegunError{Remediation: r.RemediationID, Calls: r.Writes, Sure: true, Err: lost}
	}
	return r, errors.Join(err, lost)
}

// undoIntent is the record of an undo before anything is taken back.
func undoIntent(of record.Record, steps change.Steps) record.Record {
	r := of
	r.Phase, r.Outcome, r.Reason = record.Intent, "", record.UndoAsked
	r.Session, r.Steps, r.Writes = sessionPrefix+of.RemediationID, record.Steps(steps), steps.Calls()
	r.Plan, r.Proof, r.EventIDs, r.Shortened = nil, nil, nil, nil
	return r
}

// Preview says what each step of a record's undo would do by now, without doing it.
// A preview says so of a thing that is in use, and stays. Accounts are those in which there
// is more, which the reader's credentials aren't for.
func (x *Fixer) Preview(ctx context.Context, of record.Record) (all []apply.Preview, accounts []string, err error) {
	steps, err := UndoOf(of)
	if err != nil {
		return nil, nil, fmt.Errorf("undo %s: %w", of.RemediationID, err)
	}
	recent, err := x.learnRecentWrites(ctx, of)
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
		case inOtherAccount(err):
			accounts = append(accounts, step.At().Account)
			continue
		case errors.Is(err, apply.ErrInUse):
			preview = apply.Preview{Label: "STAYS", Says: []string{err.Error()}}
		case err != nil:
			return nil, nil, fmt.Errorf("undo %s: %w", of.RemediationID, err)
		case recent && showsLate(step) && len(preview.Says) == 0 && preview.Before == preview.After:
			preview = apply.Preview{Label: "NOT SEEN", Says: []string{unseen(step).Error()}}
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
	return x.env(view, place{of.Account, of.Region}, of.Group, change.Mark{Remediation: of.RemediationID}), nil
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
	return isGroup(at.Target, r)
}

// isGroup reports whether an ARN is of the record's group, whichever of that name: where
// the group was made anew since, AWS refuses a session for the one before.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html#amazonec2autoscaling-resources-for-iam-policies
func isGroup(text string, r record.Record) bool {
	a, _ := arn.Parse(text)
	rest, begins := strings.CutPrefix(a.Resource, "autoScalingGroup:")
	id, ends := strings.CutSuffix(rest, ":autoScalingGroupName/"+r.Group)
	return a.Service == "autoscaling" && a.Region == r.Region && a.Account == r.Account && begins && ends && !strings.ContainsAny(id, ":/*?$")
}
