// Package statements writes Keymend's statements into key policies, and takes them
// out.
package statements

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/statements"
)

// tries is how often a policy is written whose principal KMS doesn't know yet, or read
// that KMS doesn't show as it was written last.
const tries = 4

func passes(err error) bool {
	return refusal.NotKnown(err) || errors.Is(err, once.ErrStale) || errors.Is(err, once.ErrOld)
}

// Add carries out statements.Add.
type Add struct{}

// Stands implements apply.Doer. Nothing in a policy tells for which remediation a
// statement was added.
func (Add) Stands(ctx context.Context, e apply.Env, s statements.Add) (change.Result, apply.Standing, error) {
	return standing(ctx, e, s.Key, change.Result{Before: s.Before, After: s.After}, s.In)
}

// standing is that of an edit from one policy to another whose effect a policy may have.
func standing(ctx context.Context, e apply.Env, key string, edit change.Result, has func(*keypolicy.Document) bool) (change.Result, apply.Standing, error) {
	policy, err := read(ctx, e, key)
	switch {
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case !has(policy):
		return change.Result{}, apply.Absent, nil
	}
	if !keypolicy.Equal(policy.String(), edit.After) { // others have edited since
		edit = change.Result{}
	}
	edit.Changed = true
	return edit, apply.There, nil
}

// Do implements apply.Doer.
func (Add) Do(ctx context.Context, e apply.Env, s statements.Add) (change.Result, error) {
	return replace(ctx, e, s.Calls()[0], s.Before, s.After)
}

// replace writes only if the policy means what it is said to have been before. Where it
// means what it shall be, there is nothing to do. Each try reads anew: while it waits,
// others edit. Nothing but the write itself comes after the read, since an edit in
// between is lost.
func replace(ctx context.Context, e apply.Env, call change.Call, before, after string) (change.Result, error) {
	done, key := change.Result{Before: before, After: after}, call.Target
	err := e.Again(ctx, tries, passes, func() error {
		session, err := e.Open(ctx, call)
		if err != nil {
			return err
		}
		began := time.Now()
		now, err := e.Policy(ctx, key)
		switch {
		case err != nil:
			return err
		case keypolicy.Equal(now, after):
			return nil
		case time.Since(began) > once.Fresh:
			return fmt.Errorf("edit key policy of %s: %w", key, once.ErrOld)
		case !keypolicy.Equal(now, before):
			return fmt.Errorf("edit key policy of %s: %w", key, apply.ErrSuperseded)
		}
		err = write(ctx, session, key, after)
		done.Changed = err == nil
		return err
	})
	if err != nil {
		return change.Result{}, err
	}
	return done, nil
}

// Tidy carries out statements.Tidy.
type Tidy struct{}

// Stands implements apply.Doer.
func (Tidy) Stands(ctx context.Context, e apply.Env, s statements.Tidy) (change.Result, apply.Standing, error) {
	return standing(ctx, e, s.Key, change.Result{Before: s.Before, After: s.After}, s.Done)
}

// Do implements apply.Doer.
func (Tidy) Do(ctx context.Context, e apply.Env, s statements.Tidy) (change.Result, error) {
	return replace(ctx, e, s.Calls()[0], s.Before, s.After)
}

// Remove carries out statements.Remove.
type Remove struct{}

// Stands implements apply.Doer.
func (Remove) Stands(ctx context.Context, e apply.Env, s statements.Remove) (change.Result, apply.Standing, error) {
	edit, err := edit(ctx, e, s)
	switch {
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case edit.Before != edit.After:
		return change.Result{}, apply.Absent, nil
	}
	return change.Result{Left: left(s.Principal, edit.After)}, apply.There, nil
}

// Do implements apply.Doer: it takes the principal out of Keymend's statements in
// the policy as it is now. Nothing is written where the principal isn't in them.
func (Remove) Do(ctx context.Context, e apply.Env, s statements.Remove) (change.Result, error) {
	var done change.Result
	err := e.Again(ctx, tries, passes, func() error {
		session, err := e.Open(ctx, s.Calls()[0])
		if err != nil {
			return err
		}
		began := time.Now()
		edit, err := edit(ctx, e, s)
		done = change.Result{Before: edit.Before, After: edit.After, Left: left(s.Principal, edit.After)}
		if err != nil || edit.Before == edit.After {
			return err
		}
		if time.Since(began) > once.Fresh {
			return fmt.Errorf("edit key policy of %s: %w", s.Key, once.ErrOld)
		}
		err = write(ctx, session, s.Key, edit.After)
		done.Changed = err == nil
		return err
	})
	return done, err
}

// Preview implements apply.Previewer.
func (Remove) Preview(ctx context.Context, e apply.Env, s statements.Remove) (apply.Preview, error) {
	edit, err := edit(ctx, e, s)
	return apply.Preview{Before: edit.Before, After: edit.After}, err
}

func edit(ctx context.Context, e apply.Env, s statements.Remove) (keypolicy.Edit, error) {
	policy, err := read(ctx, e, s.Key)
	if err != nil {
		return keypolicy.Edit{}, err
	}
	return keypolicy.Revoke(policy, s.Principal, s.Sids...)
}

// left names the statements of a policy that name the principal.
func left(principal, policy string) []string {
	d, err := keypolicy.Parse(policy)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range d.Statements() {
		if s.Principal != nil && slices.Contains(s.Principal.AWS, principal) {
			out = append(out, s.Name())
		}
	}
	return out
}

func read(ctx context.Context, e apply.Env, key string) (*keypolicy.Document, error) {
	now, err := e.Policy(ctx, key)
	if err != nil {
		return nil, err
	}
	policy, err := keypolicy.Parse(now)
	if err != nil {
		return nil, fmt.Errorf("parse key policy of %s: %w", key, err)
	}
	return policy, nil
}

// write never sets BypassPolicyLockoutSafetyCheck: KMS shall refuse a document that
// locks the owner out.
func write(ctx context.Context, session apply.Session, key, document string) error {
	_, err := once.Write(ctx, session.KMS().PutKeyPolicy, &kms.PutKeyPolicyInput{KeyId: &key, Policy: &document})
	if err != nil {
		return fmt.Errorf("put key policy of %s: %w", key, refusal.Marked(err))
	}
	return nil
}
