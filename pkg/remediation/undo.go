package remediation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
)

// ErrNothingToUndo says that a record isn't that of a change.
var ErrNothingToUndo = errors.New("the record has no undo")

// Undo takes back what the record of an outcome says was added, and nothing
// else, on the facts as they are now, in the record's order. It is asked for by a
// person: neither mode nor consent nor the switch stands against taking access
// away. What is in an account that the person has no credentials for is left,
// and is the undo of the record that Undo writes.
func (e *Engine) Undo(ctx context.Context, of audit.Record) (audit.Record, error) {
	undos, err := UndosOf(of)
	if err != nil {
		return audit.Record{}, fmt.Errorf("undo %s: %w", of.RemediationID, err)
	}
	r := of
	r.Phase, r.Outcome, r.Reason, r.Proof, r.EventIDs = audit.Intent, "", "undo asked for", nil, nil
	r.Session = sessionName(of.RemediationID)
	if err := e.write(ctx, r); err != nil {
		return r, err
	}
	b := taking{}
	err = b.back(ctx, e, of, undos, r.Session)
	r.Phase, r.Before, r.After = audit.Result, b.before, b.after
	if undoErr := undoing(&r, b.left); undoErr != nil {
		return r, undoErr
	}
	if err != nil && b.changed {
		err = fmt.Errorf("a part was taken back, and the rest is left: %w", err)
	}
	r.Outcome, r.Reason = b.outcome(err)
	return r, errors.Join(err, e.write(ctx, r))
}

// UndosOf reads what takes the record's change back. It may only be about the
// record's own key, in the group's account and the key's, or about its group and
// role.
func UndosOf(r audit.Record) (apply.Undos, error) {
	var all apply.Undos
	if len(r.Undo) == 0 {
		return nil, ErrNothingToUndo
	}
	if err := json.Unmarshal(r.Undo, &all); err != nil {
		return nil, fmt.Errorf("read undo: %w", err)
	}
	if len(all) == 0 {
		return nil, ErrNothingToUndo
	}
	for _, u := range all {
		if err := about(u, r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// about says why an undo isn't about what its record is about; nil = it is.
func about(u apply.Undo, r audit.Record) error {
	key, what := u.Key()
	switch {
	case what == "":
		return ErrNothingToUndo
	case u.DeleteRole != nil || u.RestoreRole != nil:
		return aboutRole(u, r)
	case key == "" || key != r.Key || !strings.HasPrefix(key, "arn:"):
		return fmt.Errorf("the undo is about key %q, the record about %q", key, r.Key)
	}
	if owner := u.Account(); inGroupsAccount(u) && owner != r.Account {
		return fmt.Errorf("the undo is for account %q, the record about a group of %q", owner, r.Account)
	}
	return nil
}

// inGroupsAccount: what is taken back there, wherever the key is.
func inGroupsAccount(u apply.Undo) bool {
	return u.RetireGrant != nil || u.CreateGrant != nil || u.OfCopy()
}

// A taking is what came of taking a change back.
type taking struct {
	changed       bool
	before, after string
	names         []string    // statements that name the principal still
	left          apply.Undos // what is still to be taken back
}

// back takes back one after the other. What is of an account that can't be
// written to from here is left; at any other error the rest is, too.
func (t *taking) back(ctx context.Context, e *Engine, of audit.Record, undos apply.Undos, session string) error {
	for i, u := range undos {
		d, err := e.takeBack(ctx, of, u, session)
		switch {
		case len(undos) > 1 && elsewhere(err):
			t.left = append(t.left, u)
			continue
		case err != nil:
			t.left = append(t.left, undos[i:]...)
			return err
		}
		t.changed = t.changed || d.Changed
		if d.Before != "" || d.After != "" {
			t.before, t.after, t.names = d.Before, d.After, d.Left
		}
	}
	if len(t.left) == len(undos) {
		return fmt.Errorf("the change is in account %s: %w", strings.Join(t.accounts(), ", "), account.ErrOtherAccount)
	}
	return nil
}

// outcome says what the taking came to.
func (t *taking) outcome(err error) (audit.Outcome, string) {
	stays := ""
	if len(t.names) > 0 {
		stays = "; the principal still stands in " + strings.Join(t.names, ", ") + ", which isn't part of this change or was edited since, and stays"
	}
	switch {
	case account.AccessDenied(err):
		return audit.NotPermitted, reasonOf(err)
	case err != nil:
		return audit.Failed, err.Error()
	case len(t.left) > 0:
		return audit.PartlyUndone, "what is in account " + strings.Join(t.accounts(), ", ") + " is left: undo the same with credentials of that account" + stays
	case t.changed:
		return audit.Undone, "what had been added was taken away" + stays
	}
	return audit.Undone, "it was gone already" + stays
}

func (t *taking) accounts() []string {
	var out []string
	for _, u := range t.left {
		if a := u.Account(); !slices.Contains(out, a) {
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

func (e *Engine) takeBack(ctx context.Context, of audit.Record, u apply.Undo, session string) (apply.Done, error) {
	switch {
	case u.DeleteRole != nil || u.RestoreRole != nil:
		return e.takeRoleBack(ctx, of, u, session)
	case u.OfCopy():
		return e.takeCopyBack(ctx, of, u)
	}
	return e.takeAccessBack(ctx, of, u, session)
}

// takeAccessBack takes statements and grants back, or a grant's retiring.
func (e *Engine) takeAccessBack(ctx context.Context, of audit.Record, u apply.Undo, session string) (apply.Done, error) {
	s := Session{Account: u.Account(), Region: of.Region, Name: session, Key: of.Key, Action: "kms:RevokeGrant"}
	switch {
	case u.RemoveStatements != nil:
		s.Action = "kms:PutKeyPolicy"
	case u.RetireGrant != nil:
		s.Action = "kms:RetireGrant"
	case u.CreateGrant != nil:
		s.Action = "kms:CreateGrant"
	}
	w, err := e.Open(ctx, s)
	if err != nil {
		return apply.Done{}, fmt.Errorf("open session for %s: %w", s.Action, err)
	}
	if u.RevokeGrant != nil {
		return u.RevokeGrant.Run(ctx, w)
	}
	if u.CreateGrant != nil {
		return apply.CreateGrant(ctx, w, e.Sleep, *u.CreateGrant)
	}
	view, err := e.View(ctx, s.Account, of.Region)
	if err != nil {
		return apply.Done{}, fmt.Errorf("read %s: %w", of.Key, err)
	}
	if u.RetireGrant != nil {
		return u.RetireGrant.Run(ctx, view, w)
	}
	return u.RemoveStatements.Run(ctx, view, w, e.Sleep)
}
