package role_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/role"
	"keymend/pkg/change"
	kind "keymend/pkg/kind/role"
)

const ours = applytest.Role + "_payments"

func TestEnsure(t *testing.T) {
	t.Parallel()
	const create = "iam:CreateServiceLinkedRole"
	taken := "Service role name AWSServiceRoleForAutoScaling_payments has been taken in this account, please try a different suffix."
	long := "Role name is longer than 64 characters"
	for name, tc := range map[string]struct {
		err     error
		changed bool
		fails   bool
	}{
		"made":         {nil, true, false},
		"there":        {&types.InvalidInputException{Message: &taken}, false, false},
		"another text": {&types.InvalidInputException{Message: &long}, false, true},
		"a limit":      {&types.LimitExceededException{}, false, true},
	} {
		w := applytest.New()
		w.Answer = applytest.Errors(create, tc.err)
		done, err := role.Ensure{}.Do(t.Context(), w.Env(), kind.Ensure{Role: ours, Suffix: "payments"})
		if done.Changed != tc.changed || (err != nil) != tc.fails {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
		in := w.Made(create)[0].Input.(*iam.CreateServiceLinkedRoleInput)
		if *in.AWSServiceName != "autoscaling.amazonaws.com" || *in.CustomSuffix != "payments" || *in.Description == "" {
			t.Errorf("%s: %+v", name, in)
		}
	}
}

// TestBeforeTheMessage: IAM shows seconds. A role of the second in which the message
// was sent may be this remediation's; one that was made before isn't. Where it isn't
// known when the message was sent, none is.
func TestBeforeTheMessage(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 3, 2, 9, 0, 0, 700e6, time.UTC)
	for name, tc := range map[string]struct {
		sent, made time.Time
		want       bool
	}{
		"made before":             {sent, sent.Add(-2 * time.Second), false},
		"made in the same second": {sent, sent.Truncate(time.Second), true},
		"made since":              {sent, sent.Add(time.Minute), true},
		"when isn't known":        {time.Time{}, sent, false},
	} {
		w := applytest.New()
		w.Now = tc.made
		w.MakeRole("payments")
		e := w.Env()
		e.By.Sent = tc.sent
		found, standing, err := role.Ensure{}.Stands(t.Context(), e, kind.Ensure{Role: ours, Suffix: "payments"})
		if err != nil || standing != apply.There || found.Changed != tc.want || found.ID == "" {
			t.Errorf("%s: %+v, %d, %v", name, found, standing, err)
		}
	}
}

// A slow IAM tells how far a deletion is: each look the next of its answers, and then
// that it goes on.
type slow struct {
	apply.IAM
	statuses *[]types.DeletionTaskStatusType
}

// GetServiceLinkedRoleDeletionStatus implements apply.IAM.
func (s slow) GetServiceLinkedRoleDeletionStatus(ctx context.Context, in *iam.GetServiceLinkedRoleDeletionStatusInput, options ...func(*iam.Options)) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	out, err := s.IAM.GetServiceLinkedRoleDeletionStatus(ctx, in, options...)
	if out.Status = types.DeletionTaskStatusTypeInProgress; len(*s.statuses) > 0 {
		out.Status, *s.statuses = (*s.statuses)[0], (*s.statuses)[1:]
	}
	if out.Status == types.DeletionTaskStatusTypeFailed {
		out.Reason = &types.DeletionTaskFailureReasonType{Reason: new("in use in us-east-1")}
	}
	return out, err
}

type session struct {
	apply.Session
	statuses *[]types.DeletionTaskStatusType
}

// IAM implements apply.Session.
func (s session) IAM() apply.IAM { return slow{s.Session.IAM(), s.statuses} }

func TestDelete(t *testing.T) {
	t.Parallel()
	const running, ended, failed = types.DeletionTaskStatusTypeInProgress, types.DeletionTaskStatusTypeSucceeded, types.DeletionTaskStatusTypeFailed
	const remove = "iam:DeleteServiceLinkedRole"
	for name, tc := range map[string]struct {
		used     string
		err      error
		statuses []types.DeletionTaskStatusType
		changed  bool
		deleted  int
		says     string
	}{
		"deleted":            {applytest.Role, nil, []types.DeletionTaskStatusType{running, ended}, true, 1, ""},
		"gone":               {applytest.Role, &types.NoSuchEntityException{}, nil, false, 1, ""},
		"in use here":        {ours, nil, nil, false, 0, "web launches as it"},
		"in use elsewhere":   {applytest.Role, nil, []types.DeletionTaskStatusType{failed}, false, 1, "in use in us-east-1"},
		"IAM takes its time": {applytest.Role, nil, nil, false, 1, "task task/1: IAM hasn't ended it yet"},
		"refused":            {applytest.Role, &types.ServiceFailureException{}, nil, false, 1, "delete role"},
	} {
		w := applytest.New()
		w.MakeRole("payments")
		w.Groups[0].ServiceLinkedRoleARN, w.Answer = &tc.used, applytest.Errors(remove, tc.err)
		e := w.Env()
		open := e.Open
		e.Open = func(ctx context.Context, c change.Call) (apply.Session, error) {
			s, err := open(ctx, c)
			return session{s, &tc.statuses}, err
		}
		done, err := role.Delete{}.Do(t.Context(), e, kind.Delete{Role: ours})
		if done.Changed != tc.changed || len(w.Made(remove)) != tc.deleted || (err != nil) != (tc.says != "") {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
		if err != nil && !strings.Contains(err.Error(), tc.says) || errors.Is(err, apply.ErrInUse) != strings.HasPrefix(name, "in use") {
			t.Errorf("%s: %v", name, err)
		}
		for _, c := range w.Made(remove) {
			if in := c.Input.(*iam.DeleteServiceLinkedRoleInput); *in.RoleName != "AWSServiceRoleForAutoScaling_payments" {
				t.Errorf("%s: deleted %s", name, *in.RoleName)
			}
		}
	}
}
