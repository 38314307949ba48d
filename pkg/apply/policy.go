// Package apply carries out the steps of a plan, and takes them back. Every
// function does nothing where what it would do is done already, so that a step
// delivered twice is carried out once.
//
// KMS has no compare-and-set: a policy is read again and compared with what the
// plan was made for right before it is written, and read once more by
// pkg/verify after.
package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/apply/role"
	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
)

// ErrSuperseded says that the key policy isn't what the step was made for:
// someone edited it in between. Nothing was written.
var ErrSuperseded = errors.New("the key policy has changed since the plan was made")

var (
	_ PolicyReader = (*kms.Client)(nil)
	_ PolicyWriter = (*kms.Client)(nil)
	_ Granter      = (*kms.Client)(nil)
	_ Retirables   = (*kms.Client)(nil)
)

// PolicyReader reads key policies, in the key's account.
type PolicyReader interface {
	GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error)
}

// Retirables lists the grants that a principal of the caller's account may
// retire, on whose keys ever they are.
type Retirables interface {
	ListRetirableGrants(context.Context, *kms.ListRetirableGrantsInput, ...func(*kms.Options)) (*kms.ListRetirableGrantsOutput, error)
}

// Reader reads what an undo rests on.
type Reader interface {
	PolicyReader
	Retirables
}

// PolicyWriter writes key policies, in the key's account.
type PolicyWriter interface {
	PutKeyPolicy(context.Context, *kms.PutKeyPolicyInput, ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error)
}

// ErrRefused says that KMS refuses the change for what it is: a policy that it
// doesn't take, a key whose state takes no grants, a full quota. Trying again
// doesn't mend it.
var ErrRefused = errors.New("refused by KMS")

// Sleep waits, or returns the context's error.
type Sleep func(context.Context, time.Duration) error

// Done is what came of a step.
type Done struct {
	Changed       bool   // false: it was so already
	Before, After string // policy documents; "" for a grant
	GrantID       string // "" for a policy
	CopyID        string // of an image or snapshot
	Version       int64  // of a launch template
	Undo          Undo
	Left          []string // after an undo: statements that name the principal still, which aren't Keymend's to take away
}

// EditKeyPolicy carries out a policy step. It writes only if the policy means
// what the step says it was before; where it means what it shall be, there is
// nothing to do; anything else is ErrSuperseded. Each attempt looks anew: while
// it waits, others edit.
func EditKeyPolicy(ctx context.Context, r PolicyReader, w PolicyWriter, sleep Sleep, s plan.EditKeyPolicy) (Done, error) {
	done := Done{Before: s.Before, After: s.After}
	done.Undo, _ = UndoOf(s) // of an edit it is always known
	err := untilKnown(ctx, sleep, func() error {
		now, err := readPolicy(ctx, r, s.Key)
		switch {
		case err != nil:
			return err
		case keypolicy.Equal(now, s.After):
			return nil
		case !keypolicy.Equal(now, s.Before):
			return fmt.Errorf("edit key policy of %s: %w", s.Key, ErrSuperseded)
		}
		err = writePolicy(ctx, w, s.Key, s.After)
		done.Changed = err == nil
		return err
	})
	if err != nil {
		return Done{}, err
	}
	return done, nil
}

func readPolicy(ctx context.Context, r PolicyReader, key string) (string, error) {
	out, err := r.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		return "", fmt.Errorf("get key policy of %s: %w", key, err)
	}
	if out.Policy == nil {
		return "", fmt.Errorf("get key policy of %s: the answer has no policy", key)
	}
	return *out.Policy, nil
}

// writePolicy never sets BypassPolicyLockoutSafetyCheck: KMS shall refuse a
// document that locks the owner out.
func writePolicy(ctx context.Context, w PolicyWriter, key, document string) error {
	_, err := w.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: &document})
	if err != nil {
		return fmt.Errorf("put key policy of %s: %w", key, refused(err))
	}
	return nil
}

// untilKnown tries again, a few times, while KMS doesn't know a principal that
// IAM has just made.
// https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
func untilKnown(ctx context.Context, sleep Sleep, do func() error) error {
	const tries, pause = 4, 3 * time.Second
	for i := 1; ; i++ {
		err := do()
		if err == nil || i == tries || !principalNotKnown(err) {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// principalNotKnown tells the refusal of a principal that may be too new.
// Documents that KMS would refuse for another reason were sorted out by the
// planner (keypolicy.Refusals).
//
// The codes stand for more than that (a policy that locks everyone out, say), so
// the text below them decides; it is in public reports of both errors.
func principalNotKnown(err error) bool {
	if e, ok := errors.AsType[*types.MalformedPolicyDocumentException](err); ok {
		return strings.Contains(e.ErrorMessage(), "invalid principals")
	}
	if e, ok := errors.AsType[*types.InvalidArnException](err); ok {
		return strings.Contains(e.ErrorMessage(), "does not refer to a valid principal")
	}
	return false
}

// refused marks the errors that are final with ErrRefused.
func refused(err error) error {
	_, policy := errors.AsType[*types.MalformedPolicyDocumentException](err)
	_, limit := errors.AsType[*types.LimitExceededException](err)
	_, arn := errors.AsType[*types.InvalidArnException](err)
	_, disabled := errors.AsType[*types.DisabledException](err)
	_, state := errors.AsType[*types.KMSInvalidStateException](err)
	_, unsupported := errors.AsType[*types.UnsupportedOperationException](err)
	_, gone := errors.AsType[*types.NotFoundException](err)
	if principalNotKnown(err) {
		err = fmt.Errorf("%w: %w", role.ErrNotKnown, err)
	}
	if policy || limit || arn || disabled || state || unsupported || gone {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}
