package apply

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/apply/role"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/owncopy"
	"keymend/pkg/plan"
)

// An Undo takes a step back. Exactly one member is set. It is computed on what
// is there when it runs, so that it removes only what Keymend added, even if
// others have edited since.
type Undo struct {
	RemoveStatements *RemoveStatements `json:"removeStatements,omitempty"`
	RevokeGrant      *RevokeGrant      `json:"revokeGrant,omitempty"`
	RetireGrant      *RetireGrant      `json:"retireGrant,omitempty"`
	CreateGrant      *plan.CreateGrant `json:"createGrant,omitempty"` // one that Keymend had retired
	DeleteRole       *role.Delete      `json:"deleteRole,omitempty"`
	RestoreRole      *role.Restore     `json:"restoreRole,omitempty"`

	RemoveCopy *owncopy.RemoveCopy        `json:"removeCopy,omitempty"`
	SetDefault *owncopy.SetDefaultVersion `json:"setDefaultVersion,omitempty"`

	DeleteVersion *owncopy.DeleteTemplateVersion `json:"deleteTemplateVersion,omitempty"`
}

// UndoOf returns what takes a step back, as far as it is known before the step
// is carried out; false where it isn't: revoking a grant needs the id that KMS
// gives.
func UndoOf(step plan.Step) (Undo, bool) {
	switch s := step.(type) {
	case plan.EditKeyPolicy:
		return Undo{RemoveStatements: &RemoveStatements{Key: s.Key, Principal: s.Principal, Sids: s.Sids}}, true
	case plan.CreateGrant:
		u := UndoOfGrant(s, "")
		return u, u.RetireGrant != nil && u.RetireGrant.Retiring != ""
	case plan.RetireGrant:
		return Undo{CreateGrant: &s.Grant}, true
	case plan.EnsureServiceLinkedRole:
		return Undo{DeleteRole: &role.Delete{Role: s.Role}}, true
	case plan.UpdateGroup:
		return Undo{RestoreRole: &role.Restore{Group: s.Group, Name: s.Name, Ours: s.After, Role: s.Before}}, true
	}
	return Undo{}, false
}

// UndoOfGrant returns what takes a grant back: a grant on a key of the grantee's own account is revoked; one on
// another account's key is retired, by whom it names for that or by the account
// that issued it. RevokeGrant would ask for a permission in the key's account.
// https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html
func UndoOfGrant(s plan.CreateGrant, id string) Undo {
	if owner := arn.Account(s.Key); owner == s.Account() || owner == "" {
		return Undo{RevokeGrant: &RevokeGrant{Key: s.Key, GrantID: id}}
	}
	return Undo{RetireGrant: &RetireGrant{Key: s.Key, GrantID: id, Name: s.Name, Retiring: s.Retiring, Issuer: s.Account()}}
}

// Key returns the key, or the role or group, that the undo is about, and what it
// takes away: a principal, or a grant's id or name. Both are "" where not exactly
// one member is set.
func (u Undo) Key() (key, what string) {
	set := 0
	if r := u.RemoveStatements; r != nil {
		set, key, what = set+1, r.Key, r.Principal
	}
	if r := u.RevokeGrant; r != nil {
		set, key, what = set+1, r.Key, r.GrantID
	}
	if r := u.RetireGrant; r != nil {
		set, key, what = set+1, r.Key, cmp.Or(r.GrantID, r.Name)
	}
	if g := u.CreateGrant; g != nil {
		set, key, what = set+1, g.Key, g.Name
	}
	if r := u.DeleteRole; r != nil {
		set, key, what = set+1, r.Role, r.Role
	}
	if r := u.RestoreRole; r != nil {
		set, key, what = set+1, r.Group, r.Ours
	}
	if r := u.RemoveCopy; r != nil {
		set, key, what = set+1, r.Key, r.Source
	}
	if r := u.SetDefault; r != nil {
		set, key, what = set+1, r.Key, r.Template
	}
	if r := u.DeleteVersion; r != nil {
		set, key, what = set+1, r.Key, r.Template
	}
	if set != 1 {
		return "", ""
	}
	return key, what
}

// Account returns the account in which it is carried out.
func (u Undo) Account() string {
	switch {
	case u.RetireGrant != nil:
		return u.RetireGrant.Issuer
	case u.RemoveCopy != nil:
		return u.RemoveCopy.In
	case u.SetDefault != nil:
		return u.SetDefault.In
	case u.DeleteVersion != nil:
		return u.DeleteVersion.In
	}
	if u.CreateGrant != nil {
		return u.CreateGrant.Account()
	}
	key, _ := u.Key()
	return arn.Account(key)
}

// OfCopy reports whether it is the copier's, or a person's in its stead, to carry
// out.
func (u Undo) OfCopy() bool {
	return u.RemoveCopy != nil || u.SetDefault != nil || u.DeleteVersion != nil
}

// Undos take several steps back, in this order. One alone is written as itself,
// several as a list.
type Undos []Undo

// MarshalJSON implements json.Marshaler.
func (u Undos) MarshalJSON() ([]byte, error) {
	if len(u) == 1 {
		return json.Marshal(u[0])
	}
	return json.Marshal([]Undo(u))
}

// UnmarshalJSON implements json.Unmarshaler.
func (u *Undos) UnmarshalJSON(text []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		*u = make(Undos, 1)
		return json.Unmarshal(text, &(*u)[0])
	}
	return json.Unmarshal(text, (*[]Undo)(u))
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

// RetireGrant ends a grant of Keymend's on another account's key.
type RetireGrant struct {
	Key      string `json:"key"`
	GrantID  string `json:"grantId,omitempty"` // "" = not known: Retiring and Name tell
	Name     string `json:"name"`
	Retiring string `json:"retiring,omitempty"` // ARN of who may retire it by its own word
	Issuer   string `json:"issuer"`             // the account that issued it
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

// Find returns the grant's id, also where it is known by its name only; "" = the
// grant is gone.
func (u RetireGrant) Find(ctx context.Context, r Retirables) (string, error) {
	if u.Retiring == "" {
		return u.GrantID, nil // nobody's to list: KMS says whether it is gone
	}
	pages := kms.NewListRetirableGrantsPaginator(r, &kms.ListRetirableGrantsInput{RetiringPrincipal: &u.Retiring})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("list retirable grants of %s: %w", u.Retiring, err)
		}
		for _, g := range page.Grants {
			id := aws.ToString(g.GrantId)
			if id == u.GrantID || u.GrantID == "" && aws.ToString(g.Name) == u.Name && u.on(aws.ToString(g.KeyId)) {
				return id, nil
			}
		}
	}
	return "", nil
}

// on: KMS gives a grant's key as its ARN or its id.
func (u RetireGrant) on(key string) bool {
	return key == u.Key || key != "" && strings.HasSuffix(u.Key, ":key/"+key)
}

// Run retires the grant. A grant that is gone is as it shall be. Where its id
// isn't known, and r shows no such grant, it is gone.
func (u RetireGrant) Run(ctx context.Context, r Retirables, g Granter) (Done, error) {
	id := u.GrantID
	if id == "" {
		var err error
		if id, err = u.Find(ctx, r); err != nil || id == "" {
			return Done{}, err
		}
	}
	_, err := g.RetireGrant(ctx, &kms.RetireGrantInput{KeyId: &u.Key, GrantId: &id})
	_, gone := errors.AsType[*types.NotFoundException](err)
	_, noGrant := errors.AsType[*types.InvalidGrantIdException](err)
	if gone || noGrant {
		return Done{GrantID: id}, nil
	}
	if err != nil {
		return Done{}, fmt.Errorf("retire grant %s on %s: %w", id, u.Key, err)
	}
	return Done{Changed: true, GrantID: id}, nil
}
