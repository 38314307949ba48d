package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/account"
	"keymend/pkg/plan"
)

// Granter makes, revokes and retires grants.
type Granter interface {
	CreateGrant(context.Context, *kms.CreateGrantInput, ...func(*kms.Options)) (*kms.CreateGrantOutput, error)
	RevokeGrant(context.Context, *kms.RevokeGrantInput, ...func(*kms.Options)) (*kms.RevokeGrantOutput, error)
	RetireGrant(context.Context, *kms.RetireGrantInput, ...func(*kms.Options)) (*kms.RetireGrantOutput, error)
}

// CreateGrant carries out a grant step. KMS answers the same name with the same
// parameters by the grant that exists, so doing it twice is doing it once.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func CreateGrant(ctx context.Context, g Granter, sleep Sleep, s plan.CreateGrant) (Done, error) {
	var id string
	err := untilKnown(ctx, sleep, func() error {
		out, err := g.CreateGrant(ctx, input(s))
		if err == nil && out.GrantId != nil {
			id = *out.GrantId
		}
		return err
	})
	if err != nil {
		return Done{}, fmt.Errorf("create grant on %s: %w", s.Key, refused(err))
	}
	return Done{Changed: true, GrantID: id, Undo: UndoOfGrant(s, id)}, nil
}

// CreateGrantSoon is CreateGrant by a key policy that was written a moment ago:
// KMS may refuse it for some seconds, and is asked again, a few times.
// https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
func CreateGrantSoon(ctx context.Context, g Granter, sleep Sleep, s plan.CreateGrant) (Done, error) {
	const tries, pause = 6, 3 * time.Second
	for i := 1; ; i++ {
		done, err := CreateGrant(ctx, g, sleep, s)
		if err == nil || i == tries || !account.AccessDenied(err) {
			return done, err
		}
		if err := sleep(ctx, pause); err != nil {
			return Done{}, err
		}
	}
}

// TryGrant asks KMS whether it would make the grant, and makes none. That it may
// not, and that the key's state takes no grants, are answers; all else is an
// error.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func TryGrant(ctx context.Context, g Granter, sleep Sleep, s plan.CreateGrant) (plan.Trial, error) {
	in := input(s)
	in.DryRun = new(true)
	err := untilKnown(ctx, sleep, func() error {
		_, err := g.CreateGrant(ctx, in)
		return err
	})
	denial, denied := account.DenialOf(err)
	switch {
	case principalNotKnown(err):
		return plan.Trial{}, fmt.Errorf("try grant on %s: %w", s.Key, refused(err))
	case err == nil:
		return plan.Trial{}, fmt.Errorf("try grant on %s: KMS disregarded DryRun", s.Key)
	case wouldWork(err):
		return plan.Trial{Answer: plan.TrialWorks, Text: account.Message(err)}, nil
	case denied && denial.Action == "kms:CreateGrant", errors.Is(refused(err), ErrRefused):
		return plan.Trial{Answer: plan.TrialRefused, Text: account.Message(err)}, nil
	}
	return plan.Trial{}, fmt.Errorf("try grant on %s: %w", s.Key, err)
}

// wouldWork tells the one error that means success.
func wouldWork(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (api.ErrorCode() == "DryRunOperationException" || api.ErrorCode() == "DryRunOperation")
}

func input(s plan.CreateGrant) *kms.CreateGrantInput {
	in := &kms.CreateGrantInput{KeyId: &s.Key, GranteePrincipal: &s.Principal, Name: &s.Name}
	if s.Retiring != "" {
		in.RetiringPrincipal = &s.Retiring
	}
	for _, o := range s.Operations {
		in.Operations = append(in.Operations, types.GrantOperation(o))
	}
	return in
}
