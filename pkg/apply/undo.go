package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
)

// An Undo takes a step back. Exactly one member is set. It is computed on what
// is there when it runs, so that it removes only what Keymend added, even if
// others have edited since.
type Undo struct {
	RemoveStatements *RemoveStatements `json:"removeStatements,omitempty"`
	RevokeGrant      *RevokeGrant      `json:"revokeGrant,omitempty"`
}

// UndoOf returns what takes a policy step back. It is known before the step is
// carried out; a grant's undo needs the id that KMS gives.
func UndoOf(s plan.EditKeyPolicy) Undo {
	return Undo{RemoveStatements: &RemoveStatements{Key: s.Key, Principal: s.Principal, Sids: s.Sids}}
}

// RemoveStatements takes a principal out of Keymend's statements.
type RemoveStatements struct {
	Key       string   `json:"key"`
	Principal string   `json:"principal"`
	Sids      []string `json:"sids,omitempty"` // out of these only; none: out of all of Keymend's
}

// RevokeGrant ends a grant of Keymend's.
type RevokeGrant struct {
	Key     string `json:"key"`
	GrantID string `json:"grantId"`
}

// Preview says what RemoveStatements would write, without writing.
func (u RemoveStatements) Preview(ctx context.Context, r PolicyReader) (keypolicy.Edit, error) {
	now, err := readPolicy(ctx, r, u.Key)
	if err != nil {
		return keypolicy.Edit{}, err
	}
	doc, err := keypolicy.Parse(now)
	if err != nil {
		return keypolicy.Edit{}, fmt.Errorf("parse key policy of %s: %w", u.Key, err)
	}
	return keypolicy.Revoke(doc, u.Principal, u.Sids...)
}

// Run takes the principal out of Keymend's statements in the policy as it is
// now. Nothing is written where it isn't in them.
func (u RemoveStatements) Run(ctx context.Context, r PolicyReader, w PolicyWriter, sleep Sleep) (Done, error) {
	var done Done
	err := untilKnown(ctx, sleep, func() error {
		edit, err := u.Preview(ctx, r)
		done = Done{Before: edit.Before, After: edit.After, Left: u.left(edit.After)}
		if err != nil || edit.Before == edit.After {
			return err
		}
		err = writePolicy(ctx, w, u.Key, edit.After)
		done.Changed = err == nil
		return err
	})
	return done, err
}

// left names the statements of a policy that name the principal.
func (u RemoveStatements) left(policy string) []string {
	d, err := keypolicy.Parse(policy)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range d.Statements() {
		if s.Principal != nil && slices.Contains(s.Principal.AWS, u.Principal) {
			out = append(out, s.Name())
		}
	}
	return out
}

// Run revokes the grant. A grant that is gone is as it shall be.
func (u RevokeGrant) Run(ctx context.Context, g Granter) (Done, error) {
	_, err := g.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &u.Key, GrantId: &u.GrantID})
	_, gone := errors.AsType[*types.NotFoundException](err)
	_, noGrant := errors.AsType[*types.InvalidGrantIdException](err)
	if gone || noGrant {
		return Done{GrantID: u.GrantID}, nil
	}
	if err != nil {
		return Done{}, fmt.Errorf("revoke grant %s on %s: %w", u.GrantID, u.Key, err)
	}
	return Done{Changed: true, GrantID: u.GrantID}, nil
}
