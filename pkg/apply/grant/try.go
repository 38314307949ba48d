package grant

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/kind/grant"
	"keymend/pkg/plan"
)

// Try implements apply.Trier: it asks KMS whether it would make the grant, and makes
// none. A refusal for want of permission, or by the key's state, is an answer; all else is
// an error.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func (Create) Try(ctx context.Context, e apply.Env, s grant.Create) (plan.Trial, error) {
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return plan.Trial{}, err
	}
	in := input(s)
	in.DryRun = new(true)
	err = e.Again(ctx, 4, refusal.NotKnown, func() error {
		_, err := session.KMS().CreateGrant(ctx, in, func(o *kms.Options) { o.Retryer = retry.NewStandard() }) // it changes nothing
		return err
	})
	denial, denied := account.DenialOf(err)
	switch {
	case refusal.NotKnown(err):
		return plan.Trial{}, fmt.Errorf("try grant on %s: %w", s.Key, refusal.Marked(err))
	case err == nil:
		return plan.Trial{}, fmt.Errorf("try grant on %s: KMS disregarded DryRun", s.Key)
	case wouldWork(err):
		return plan.Trial{Answer: plan.TrialWorks, Text: account.Message(err)}, nil
	case denied && denial.Action == "kms:CreateGrant", errors.Is(refusal.Marked(err), refusal.Err):
		return plan.Trial{Answer: plan.TrialRefused, Text: account.Message(err)}, nil
	}
	return plan.Trial{}, fmt.Errorf("try grant on %s: %w", s.Key, err)
}

// wouldWork tells the one error that means success.
func wouldWork(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (api.ErrorCode() == "DryRunOperationException" || api.ErrorCode() == "DryRunOperation")
}
