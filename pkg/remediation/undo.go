package remediation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
)

// ErrNothingToUndo says that a record isn't that of a change.
var ErrNothingToUndo = errors.New("the record has no undo")

// Undo takes back what the record of an outcome says was added, and nothing
// else, on the facts as they are now. It is asked for by a person: neither mode
// nor consent nor the switch stands against taking access away.
func (e *Engine) Undo(ctx context.Context, of audit.Record) (audit.Record, error) {
	undo, err := undoOf(of)
	if err != nil {
		return audit.Record{}, fmt.Errorf("undo %s: %w", of.RemediationID, err)
	}
	r := of
	r.Phase, r.Outcome, r.Reason, r.Proof, r.EventIDs = audit.Intent, "", "undo asked for", nil, nil
	r.Session = sessionName(of.RemediationID)
	if err := e.write(ctx, r); err != nil {
		return r, err
	}
	d, err := e.takeBack(ctx, of, undo, r.Session)
	r.Phase, r.Before, r.After, r.Undo = audit.Result, d.Before, d.After, nil
	switch {
	case err == nil && d.Changed:
		r.Outcome, r.Reason = audit.Undone, "what had been added was taken away"
	case err == nil:
		r.Outcome, r.Reason = audit.Undone, "it was gone already"
	case account.AccessDenied(err):
		r.Outcome, r.Reason = audit.NotPermitted, reasonOf(err)
	default:
		r.Outcome, r.Reason = audit.Failed, err.Error()
	}
	if r.Outcome == audit.Undone && len(d.Left) > 0 {
		r.Reason += "; the role still stands in " + strings.Join(d.Left, ", ") + ", which isn't part of this change or was edited since, and stays"
	}
	return r, errors.Join(err, e.write(ctx, r))
}

// undoOf reads the undo of a record. It may only be about the record's own key.
func undoOf(r audit.Record) (apply.Undo, error) {
	var u apply.Undo
	if len(r.Undo) == 0 {
		return u, ErrNothingToUndo
	}
	if err := json.Unmarshal(r.Undo, &u); err != nil {
		return u, fmt.Errorf("read undo: %w", err)
	}
	key, what := "", ""
	switch {
	case u.RemoveStatements != nil && u.RevokeGrant == nil:
		key, what = u.RemoveStatements.Key, u.RemoveStatements.Principal
	case u.RevokeGrant != nil && u.RemoveStatements == nil:
		key, what = u.RevokeGrant.Key, u.RevokeGrant.GrantID
	}
	if what == "" {
		return u, ErrNothingToUndo
	}
	if key == "" || key != r.Key || !strings.HasPrefix(key, "arn:") {
		return u, fmt.Errorf("the undo is about key %q, the record about %q", key, r.Key)
	}
	return u, nil
}

func (e *Engine) takeBack(ctx context.Context, of audit.Record, u apply.Undo, session string) (apply.Done, error) {
	s := Session{Account: of.Account, Region: of.Region, Name: session, Key: of.Key, Action: "kms:RevokeGrant"}
	if u.RemoveStatements != nil {
		s.Action = "kms:PutKeyPolicy"
	}
	w, err := e.Open(ctx, s)
	if err != nil {
		return apply.Done{}, fmt.Errorf("open session for %s: %w", s.Action, err)
	}
	if u.RevokeGrant != nil {
		return u.RevokeGrant.Run(ctx, w)
	}
	view, err := e.View(ctx, of.Account, of.Region)
	if err != nil {
		return apply.Done{}, fmt.Errorf("read %s: %w", of.Key, err)
	}
	return u.RemoveStatements.Run(ctx, view, w, e.Sleep)
}
