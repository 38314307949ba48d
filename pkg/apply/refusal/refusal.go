// Package refusal tells apart why AWS refuses a change.
package refusal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/account"
)

var (
	// Err says that AWS refuses a change for what it is: a policy that KMS doesn't
	// take, a key whose state takes no grants, a full quota.
	Err = account.NewFinal("refused by AWS")
	// ErrNotKnown says that KMS or Auto Scaling doesn't know a role that a change
	// names. Of one that was just made that may pass, of any other it doesn't: the
	// caller knows how old the role is.
	// https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
	ErrNotKnown = errors.New("a principal isn't known there")
)

// NotKnown reports whether KMS refuses a principal that may be too new. Documents
// that KMS would refuse for another reason were sorted out by the planner
// (keypolicy.Refusals).
//
// The codes stand for more than that (a policy that locks everyone out, say), so
// the text below them decides; it is in public reports of both errors.
func NotKnown(err error) bool {
	if e, ok := errors.AsType[*types.MalformedPolicyDocumentException](err); ok {
		return strings.Contains(e.ErrorMessage(), "invalid principals")
	}
	if e, ok := errors.AsType[*types.InvalidArnException](err); ok {
		return strings.Contains(e.ErrorMessage(), "does not refer to a valid principal")
	}
	return false
}

// Marked marks KMS's errors that trying again doesn't mend with Err, and
// those about a principal that may be too new with ErrNotKnown besides.
func Marked(err error) error {
	_, policy := errors.AsType[*types.MalformedPolicyDocumentException](err)
	_, limit := errors.AsType[*types.LimitExceededException](err)
	_, arn := errors.AsType[*types.InvalidArnException](err)
	_, disabled := errors.AsType[*types.DisabledException](err)
	_, state := errors.AsType[*types.KMSInvalidStateException](err)
	_, unsupported := errors.AsType[*types.UnsupportedOperationException](err)
	_, gone := errors.AsType[*types.NotFoundException](err)
	if NotKnown(err) {
		err = fmt.Errorf("%w: %w", ErrNotKnown, err)
	}
	if policy || limit || arn || disabled || state || unsupported || gone {
		return fmt.Errorf("%w: %w", Err, err)
	}
	return err
}
