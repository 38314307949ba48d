package group_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/group"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/change"
	kind "keymend/pkg/kind/group"
)

const (
	update = "autoscaling:UpdateAutoScalingGroup"
	ours   = applytest.Role + "_payments"
	third  = applytest.Role + "_other"
)

func invalid(text string) error {
	return &smithy.GenericAPIError{Code: "ValidationError", Message: text}
}

// launching is a world whose group launches as a role.
func launching(role string, errs ...error) (*applytest.World, kind.Update) {
	w := applytest.New()
	w.MakeRole("payments")
	w.MakeRole("other")
	w.Groups[0].ServiceLinkedRoleARN, w.Answer = &role, applytest.Errors(update, errs...)
	return w, kind.Update{Group: *w.Groups[0].AutoScalingGroupARN, Name: "web", Before: applytest.Role, After: ours}
}

// A role that Auto Scaling doesn't know yet is waited for, a little; nothing is
// written over what someone else gave the group meanwhile.
func TestUpdate(t *testing.T) {
	t.Parallel()
	unknown := invalid("ARN specified for Service-Linked Role does not exist.")
	notReady := &types.ServiceLinkedRoleFailure{}
	for name, tc := range map[string]struct {
		now      string
		errs     []error
		updates  int
		notKnown bool
		is       error
	}{
		"as it was":             {applytest.Role, nil, 1, false, nil},
		"as it shall be":        {ours, nil, 0, false, nil},
		"another since":         {third, nil, 0, false, apply.ErrSuperseded},
		"known at the third":    {applytest.Role, []error{unknown, notReady}, 3, false, nil},
		"not known in time":     {applytest.Role, []error{unknown, unknown, unknown, unknown, unknown}, 4, true, refusal.ErrNotKnown},
		"another invalid thing": {applytest.Role, []error{invalid("MaxSize is missing")}, 1, false, nil},
	} {
		w, step := launching(tc.now, tc.errs...)
		done, err := group.Update{}.Do(t.Context(), w.Env(), step)
		all := w.Made(update)
		if len(all) != tc.updates || done.Changed != (err == nil && tc.updates > 0) || errors.Is(err, refusal.ErrNotKnown) != tc.notKnown {
			t.Errorf("%s: %d updates, %+v, %v", name, len(all), done, err)
		}
		if failed := len(tc.errs) == 1 || tc.notKnown || tc.is != nil; failed != (err != nil) || tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%s: %v", name, err)
		}
		if (w.Slept > 0) != (tc.updates > 1) {
			t.Errorf("%s: slept %v", name, w.Slept)
		}
		want := &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("web"), ServiceLinkedRoleARN: new(ours)}
		for _, c := range all {
			if diff := cmp.Diff(want, c.Input, cmpopts.IgnoreUnexported(autoscaling.UpdateAutoScalingGroupInput{})); diff != "" {
				t.Errorf("%s: it changes something else: %s", name, diff)
			}
		}
	}
}

// TestAChoiceWhileWaitingStays: while Keymend waits for Auto Scaling to know the
// role, a person gives the group a third one.
func TestAChoiceWhileWaitingStays(t *testing.T) {
	t.Parallel()
	w, step := launching(applytest.Role, &types.ServiceLinkedRoleFailure{})
	w.Waits = func() { w.Groups[0].ServiceLinkedRoleARN = new(third) }
	if _, err := (group.Update{}).Do(t.Context(), w.Env(), step); !errors.Is(err, apply.ErrSuperseded) || len(w.Made(update)) != 1 || *w.Groups[0].ServiceLinkedRoleARN != third {
		t.Errorf("%d updates, %v", len(w.Made(update)), err)
	}
}

// TestTakenBack: a group that launches as a third role by now keeps that. The
// preview says what would be done, and nothing of what wouldn't.
func TestTakenBack(t *testing.T) {
	t.Parallel()
	for now, want := range map[string]bool{ours: true, applytest.Role: false, third: false} {
		w, step := launching(now)
		e := w.Env()
		back := step.Undo(e.By, change.Result{Changed: true})[0].(kind.Update)
		preview, err := group.Update{}.Preview(t.Context(), e, back)
		if err != nil || len(preview.Says) > 0 != want || len(w.Made(update)) != 0 {
			t.Errorf("from %s: %+v, %v", now, preview, err)
		}
		done, err := group.Update{}.Do(t.Context(), e, back)
		if done.Changed != want || len(w.Made(update)) == 1 != want || want && *w.Groups[0].ServiceLinkedRoleARN != applytest.Role {
			t.Errorf("from %s: %+v, %v", now, done, err)
		}
		if (err != nil) != (now == third) || err != nil && !errors.Is(err, apply.ErrSuperseded) {
			t.Errorf("from %s: %v", now, err)
		}
	}
}
