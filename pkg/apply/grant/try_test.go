package grant_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/grant"
	"keymend/pkg/change"
	"keymend/pkg/plan"
)

// A trial never makes a grant; what KMS says decides, and what isn't about the
// grant is an error.
func TestTry(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		errs  []error
		want  plan.TrialAnswer
		fails bool
	}{
		"it would work":           {nil, plan.TrialWorks, false},
		"… by the older code":     {[]error{&smithy.GenericAPIError{Code: "DryRunOperation"}}, plan.TrialWorks, false},
		"a role too new":          {[]error{unknown(), &types.DryRunOperationException{}}, plan.TrialWorks, false},
		"not permitted":           {[]error{applytest.Denied(create)}, plan.TrialRefused, false},
		"disabled":                {[]error{&types.DisabledException{}}, plan.TrialRefused, false},
		"no session":              {[]error{applytest.Denied("sts:AssumeRole")}, plan.TrialNone, true},
		"throttled":               {[]error{&smithy.GenericAPIError{Code: "ThrottlingException"}}, plan.TrialNone, true},
		"a role that never comes": {[]error{unknown(), unknown(), unknown(), unknown()}, plan.TrialNone, true}, // who knows its age decides
	} {
		w := world(create, tc.errs...)
		got, err := grant.Create{}.Try(t.Context(), w.Env(), across())
		if got.Answer != tc.want || (err != nil) != tc.fails || len(w.Grants) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for _, in := range inputs(w) {
			if in.DryRun == nil || !*in.DryRun {
				t.Errorf("%s: a grant was asked for: %+v", name, in)
			}
		}
	}
	w := world("open", applytest.Denied("sts:AssumeRole"))
	if got, err := (grant.Create{}).Try(t.Context(), w.Env(), across()); err == nil {
		t.Errorf("without a session: %+v", got)
	}
}

// A deafly is a session whose KMS disregards DryRun.
type deafly struct{ apply.Session }

// KMS implements apply.Session.
func (d deafly) KMS() apply.KMS { return deaf{d.Session.KMS()} }

type deaf struct{ apply.KMS }

// CreateGrant implements apply.KMS.
func (d deaf) CreateGrant(ctx context.Context, in *kms.CreateGrantInput, options ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	c := *in
	c.DryRun = nil
	return d.KMS.CreateGrant(ctx, &c, options...)
}

func TestTryOfADeafKMS(t *testing.T) {
	t.Parallel()
	e := applytest.New().Env()
	open := e.Open
	e.Open = func(ctx context.Context, c change.Call) (apply.Session, error) {
		s, err := open(ctx, c)
		return deafly{s}, err
	}
	if got, err := (grant.Create{}).Try(t.Context(), e, across()); err == nil || got.Answer != plan.TrialNone {
		t.Errorf("%+v, %v", got, err)
	}
}
