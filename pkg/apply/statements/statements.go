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

// An edit is a step that replaces a policy by one that differs in Keymend's own statements.
type edit interface {
	change.Step
	Documents() (before, after string)
	In(*keypolicy.Document) bool // whether a policy has what the edit is for
}

// An editor carries out an edit.
type editor[T edit] struct{}

// Add carries out statements.Add.
type Add = editor[statements.Add]

// Tidy carries out statements.Tidy.
type Tidy = editor[statements.Tidy]

// Stands implements apply.Doer. Nothing in a policy tells for which remediation it was
// edited.
func (editor[T]) Stands(ctx context.Context, e apply.Env, s T) (change.Result, apply.Standing, error) {
	now, err := e.Policy(ctx, s.At().Key)
	if err != nil {
		return change.Result{}, apply.Unknown, err
	}
	policy, err := parse(now, s.At().Key)
	switch {
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case !s.In(policy):
		return change.Result{}, apply.Absent, nil
	}
	done := change.Result{Changed: true}
	if before, after := s.Documents(); keypolicy.Equal(now, after) { // else others have edited since
		done.Before, done.After = before, after
	}
	return done, apply.There, nil
}

// Do implements apply.Doer: it writes only if the policy means what it is said to have
// been before. Where it means what it shall be, there is nothing to do.
func (editor[T]) Do(ctx context.Context, e apply.Env, s T) (change.Result, error) {
	before, after := s.Documents()
	done, err := rewrite(ctx, e, s.Calls()[0], func(now string) (string, error) {
		switch {
		case keypolicy.Equal(now, after):
			return now, nil
		case !keypolicy.Equal(now, before):
			return now, fmt.Errorf("edit key policy of %s: %w", s.At().Key, apply.ErrSuperseded)
		}
		return after, nil
	})
	if err != nil {
		return change.Result{}, err
	}
	return change.Result{Changed: done.Changed, Before: before, After: after}, nil
}

// rewrite writes what is made of the policy as it is now, unless that is the same. Each
// try reads anew: while it waits, others edit. Nothing but the write itself comes after
// the read, since an edit in between is lost.
func rewrite(ctx context.Context, e apply.Env, call change.Call, made func(now string) (string, error)) (change.Result, error) {
	var done change.Result
	err := e.Again(ctx, tries, passes, func() error {
		session, err := e.Open(ctx, call)
		if err != nil {
			return err
		}
		began := time.Now()
		now, err := e.Policy(ctx, call.Target)
		if err != nil {
			return err
		}
		after, err := made(now)
		done = change.Result{Before: now, After: after}
		if err != nil || after == now {
			return err
		}
		if time.Since(began) > once.Fresh {
			return fmt.Errorf("edit key policy of %s: %w", call.Target, once.ErrOld)
		}
		err = write(ctx, session, call.Target, after)
		done.Changed = err == nil
		return err
	})
	return done, err
}

// Remove carries out statements.Remove.
type Remove struct{}

// Stands implements apply.Doer.
func (Remove) Stands(ctx context.Context, e apply.Env, s statements.Remove) (change.Result, apply.Standing, error) {
	edit, err := look(ctx, e, s)
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
	done, err := rewrite(ctx, e, s.Calls()[0], func(now string) (string, error) {
		edit, err := without(now, s)
		return edit.After, err
	})
	done.Left = left(s.Principal, done.After)
	return done, err
}

// Preview implements apply.Previewer.
func (Remove) Preview(ctx context.Context, e apply.Env, s statements.Remove) (apply.Preview, error) {
	edit, err := look(ctx, e, s)
	return apply.Preview{Before: edit.Before, After: edit.After}, err
}

// look is the edit that the step comes to by now.
func look(ctx context.Context, e apply.Env, s statements.Remove) (keypolicy.Edit, error) {
	now, err := e.Policy(ctx, s.Key)
	if err != nil {
		return keypolicy.Edit{}, err
	}
	return without(now, s)
}

// without takes the principal out of a policy.
func without(now string, s statements.Remove) (keypolicy.Edit, error) {
	policy, err := parse(now, s.Key)
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

func parse(policy, key string) (*keypolicy.Document, error) {
	d, err := keypolicy.Parse(policy)
	if err != nil {
		return nil, fmt.Errorf("parse key policy of %s: %w", key, err)
	}
	return d, nil
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
