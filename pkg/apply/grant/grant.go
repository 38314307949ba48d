// Package grant creates grants, retires and revokes them.
package grant

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/change"
	"keymend/pkg/keystate"
	"keymend/pkg/kind/grant"
)

// Create carries out grant.Create.
type Create struct{}

// Stands implements apply.Doer. A grant's name tells the key, the role and the
// operations, and not the remediation. One that was made before the message was sent
// isn't this remediation's.
func (Create) Stands(ctx context.Context, e apply.Env, s grant.Create) (change.Result, apply.Standing, error) {
	state, err := e.Key(ctx, s.Key, s.Principal)
	if err != nil {
		return change.Result{}, apply.Unknown, err
	}
	found, ok := grant.Find(state.Facts.Grants, s)
	switch {
	case !ok && state.Facts.GrantsUnreadable != "":
		return change.Result{}, apply.Unknown, nil
	case !ok:
		return change.Result{}, apply.Absent, nil
	}
	before := !found.Created.IsZero() && found.Created.Before(e.By.Sent)
	return change.Result{Changed: !before, ID: found.ID}, apply.There, nil
}

// Do implements apply.Doer. KMS answers the same name with the same parameters by
// the grant that exists, so doing it twice is doing it once. A key policy that was
// written a moment ago KMS may not know for some seconds: it is asked again then.
//
//	https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
//	https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
func (d Create) Do(ctx context.Context, e apply.Env, s grant.Create) (change.Result, error) {
	stood, standing, _ := d.Stands(ctx, e, s)
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	tries, passes := 4, refusal.NotKnown
	if len(e.Before) > 0 {
		tries, passes = 6, func(err error) bool { return refusal.NotKnown(err) || account.AccessDenied(err) }
	}
	done := change.Result{Changed: standing != apply.There || stood.Changed}
	err = e.Again(ctx, tries, passes, func() error {
		out, err := once.Write(ctx, session.KMS().CreateGrant, input(s))
		if err == nil && out.GrantId != nil {
			done.ID = *out.GrantId
		}
		return err
	})
	if err != nil {
		return change.Result{}, fmt.Errorf("create grant on %s: %w", s.Key, refusal.Marked(err))
	}
	return done, nil
}

func input(s grant.Create) *kms.CreateGrantInput {
	in := &kms.CreateGrantInput{KeyId: &s.Key, GranteePrincipal: &s.Principal, Name: &s.Name}
	if s.Retiring != "" {
		in.RetiringPrincipal = &s.Retiring
	}
	for _, o := range s.Operations {
		in.Operations = append(in.Operations, types.GrantOperation(o))
	}
	return in
}

// Retire carries out grant.Retire.
type Retire struct{}

// Revoke carries out grant.Revoke.
type Revoke struct{}

// Stands implements apply.Doer: that a grant is gone doesn't tell who ended it.
func (Retire) Stands(ctx context.Context, e apply.Env, s grant.Retire) (change.Result, apply.Standing, error) {
	return gone(ctx, e, s.GrantID, s.Grant)
}

// Stands implements apply.Doer.
func (Revoke) Stands(ctx context.Context, e apply.Env, s grant.Revoke) (change.Result, apply.Standing, error) {
	return gone(ctx, e, s.GrantID, s.Grant)
}

func gone(ctx context.Context, e apply.Env, id string, s grant.Create) (change.Result, apply.Standing, error) {
	found, err := find(ctx, e, id, s)
	switch {
	case errors.Is(err, errUnreadable):
		return change.Result{}, apply.Unknown, nil
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case found != "":
		return change.Result{ID: found}, apply.Absent, nil
	}
	return change.Result{Changed: true, ID: id}, apply.There, nil
}

// errUnreadable says that the grants on a key can't be listed.
var errUnreadable = errors.New("its grants can't be listed")

// errForeign says that a grant isn't Keymend's.
var errForeign = account.NewFinal("it isn't Keymend's: its name doesn't begin with " + grant.Prefix)

// find returns the grant's id: the one that is known or else, since a grant that was
// retired and made again has another, the one by the grant's name; "" where it is gone.
func find(ctx context.Context, e apply.Env, id string, s grant.Create) (string, error) {
	if id != "" {
		there, err := e.Grant(ctx, s.Key, id)
		switch {
		case account.AccessDenied(err):
			return "", fmt.Errorf("find grant %s on %s: %w: %w", id, s.Key, errUnreadable, err)
		case err != nil:
			return "", err
		case there.ID != "" && !grant.Ours(there): // a record may come from anywhere
			return "", fmt.Errorf("grant %s on %s: %w", id, s.Key, errForeign)
		case there.ID != "":
			return id, nil
		}
	}
	state, err := e.Key(ctx, s.Key, s.Principal)
	if errors.Is(err, keystate.ErrKeyNotFound) { // a key is deleted with its grants
		return "", nil
	}
	if err != nil {
		return "", err
	}
	found, ok := grant.Find(state.Facts.Grants, s)
	if !ok && state.Facts.GrantsUnreadable != "" {
		return "", fmt.Errorf("find grant of %s on %s: %w: %s", s.Principal, s.Key, errUnreadable, state.Facts.GrantsUnreadable)
	}
	return found.ID, nil
}

// Do implements apply.Doer.
func (Retire) Do(ctx context.Context, e apply.Env, s grant.Retire) (change.Result, error) {
	return end(ctx, e, s.GrantID, s.Grant, s.Calls()[0], func(k apply.KMS, id string) error {
		_, err := once.Write(ctx, k.RetireGrant, &kms.RetireGrantInput{KeyId: &s.Grant.Key, GrantId: &id})
		return err
	})
}

// Do implements apply.Doer.
func (Revoke) Do(ctx context.Context, e apply.Env, s grant.Revoke) (change.Result, error) {
	return end(ctx, e, s.GrantID, s.Grant, s.Calls()[0], func(k apply.KMS, id string) error {
		_, err := once.Write(ctx, k.RevokeGrant, &kms.RevokeGrantInput{KeyId: &s.Grant.Key, GrantId: &id})
		return err
	})
}

// end ends a grant. A grant that is gone is as it shall be. Where the grants can't be
// listed, KMS says by the id whether it is gone.
func end(ctx context.Context, e apply.Env, id string, s grant.Create, call change.Call, do func(apply.KMS, string) error) (change.Result, error) {
	found, err := find(ctx, e, id, s)
	switch {
	case errors.Is(err, errUnreadable) && id != "":
	case err != nil || found == "":
		return change.Result{ID: id}, err
	default:
		id = found
	}
	session, err := e.Open(ctx, call)
	if err == nil {
		err = do(session.KMS(), id)
	}
	_, none := errors.AsType[*types.NotFoundException](err)
	_, noGrant := errors.AsType[*types.InvalidGrantIdException](err)
	if none || noGrant {
		return change.Result{ID: id}, nil
	}
	if err != nil {
		return change.Result{}, fmt.Errorf("%s %s on %s: %w", call.Action, id, s.Key, err)
	}
	return change.Result{Changed: true, ID: id}, nil
}

// Preview implements apply.Previewer.
func (Retire) Preview(ctx context.Context, e apply.Env, s grant.Retire) (apply.Preview, error) {
	return preview(ctx, e, s.GrantID, s.Grant)
}

// Preview implements apply.Previewer.
func (Revoke) Preview(ctx context.Context, e apply.Env, s grant.Revoke) (apply.Preview, error) {
	return preview(ctx, e, s.GrantID, s.Grant)
}

func preview(ctx context.Context, e apply.Env, id string, s grant.Create) (apply.Preview, error) {
	found, err := find(ctx, e, id, s)
	if errors.Is(err, errUnreadable) && id != "" { // KMS says whether it is gone
		found, err = id, nil
	}
	if err != nil || found == "" {
		return apply.Preview{}, err
	}
	return apply.Preview{Label: "GRANT", Says: []string{found + " would be revoked"}}, nil
}
