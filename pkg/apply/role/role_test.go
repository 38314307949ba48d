package role_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keymend/pkg/apply/role"
	"keymend/pkg/plan"
)

const (
	byDefault = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	ours      = byDefault + "_payments"
	group     = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/web-prod"
)

// An account with one group answers each call with the next of its errors.
type account struct {
	launchesAs string
	errs       []error
	updates    []*autoscaling.UpdateAutoScalingGroupInput
	made       []*iam.CreateServiceLinkedRoleInput
	deleted    []string
	statuses   []iamtypes.DeletionTaskStatusType
	slept      time.Duration
}

func (a *account) next() error {
	if len(a.errs) == 0 {
		return nil
	}
	err := a.errs[0]
	a.errs = a.errs[1:]
	return err
}

func (a *account) now(context.Context) (string, error) { return a.launchesAs, nil }

func (a *account) sleep(ctx context.Context, d time.Duration) error {
	a.slept += d
	return ctx.Err()
}

func (a *account) CreateServiceLinkedRole(_ context.Context, in *iam.CreateServiceLinkedRoleInput, _ ...func(*iam.Options)) (*iam.CreateServiceLinkedRoleOutput, error) {
	a.made = append(a.made, in)
	return &iam.CreateServiceLinkedRoleOutput{}, a.next()
}

func (a *account) DeleteServiceLinkedRole(_ context.Context, in *iam.DeleteServiceLinkedRoleInput, _ ...func(*iam.Options)) (*iam.DeleteServiceLinkedRoleOutput, error) {
	a.deleted = append(a.deleted, *in.RoleName)
	return &iam.DeleteServiceLinkedRoleOutput{DeletionTaskId: aws.String("task/1")}, a.next()
}

func (a *account) GetServiceLinkedRoleDeletionStatus(context.Context, *iam.GetServiceLinkedRoleDeletionStatusInput, ...func(*iam.Options)) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	status := iamtypes.DeletionTaskStatusTypeInProgress
	if len(a.statuses) > 0 {
		status, a.statuses = a.statuses[0], a.statuses[1:]
	}
	out := &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: status}
	if status == iamtypes.DeletionTaskStatusTypeFailed {
		out.Reason = &iamtypes.DeletionTaskFailureReasonType{Reason: aws.String("in use in us-east-1")}
	}
	return out, nil
}

func (a *account) UpdateAutoScalingGroup(_ context.Context, in *autoscaling.UpdateAutoScalingGroupInput, _ ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	a.updates = append(a.updates, in)
	err := a.next()
	if err == nil {
		a.launchesAs = *in.ServiceLinkedRoleARN
	}
	return &autoscaling.UpdateAutoScalingGroupOutput{}, err
}

func (a *account) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []astypes.AutoScalingGroup{
		{AutoScalingGroupName: aws.String("web-prod"), ServiceLinkedRoleARN: &a.launchesAs},
	}}, nil
}

func invalid(text string) error {
	return &smithy.GenericAPIError{Code: "ValidationError", Message: text}
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	taken := "Service role name AWSServiceRoleForAutoScaling_payments has been taken in this account, please try a different suffix."
	long := "Role name is longer than 64 characters"
	for name, tc := range map[string]struct {
		err     error
		changed bool
		fails   bool
	}{
		"made":         {nil, true, false},
		"there":        {&iamtypes.InvalidInputException{Message: &taken}, false, false},
		"another text": {&iamtypes.InvalidInputException{Message: &long}, false, true},
		"a limit":      {&iamtypes.LimitExceededException{}, false, true},
	} {
		a := &account{errs: []error{tc.err}}
		changed, err := role.Ensure(t.Context(), a, plan.EnsureServiceLinkedRole{Role: ours, Suffix: "payments"})
		if changed != tc.changed || (err != nil) != tc.fails {
			t.Errorf("%s: %v, %v", name, changed, err)
		}
		if in := a.made[0]; *in.AWSServiceName != "autoscaling.amazonaws.com" || *in.CustomSuffix != "payments" || *in.Description == "" {
			t.Errorf("%s: %+v", name, in)
		}
	}
}

// A role that Auto Scaling doesn't know yet is waited for, a little; nothing is
// written over what someone else gave the group meanwhile.
func TestUpdate(t *testing.T) {
	t.Parallel()
	unknown := invalid("ARN specified for Service-Linked Role does not exist.")
	notReady := &astypes.ServiceLinkedRoleFailure{}
	step := plan.UpdateGroup{Group: group, Name: "web-prod", Before: byDefault, After: ours}
	for name, tc := range map[string]struct {
		now      string
		errs     []error
		updates  int
		notKnown bool
		is       error
	}{
		"as it was":             {byDefault, nil, 1, false, nil},
		"as it shall be":        {ours, nil, 0, false, nil},
		"another since":         {byDefault + "_other", nil, 0, false, role.ErrChanged},
		"known at the third":    {byDefault, []error{unknown, notReady}, 3, false, nil},
		"not known in time":     {byDefault, []error{unknown, unknown, unknown, unknown, unknown}, 4, true, role.ErrNotKnown},
		"another invalid thing": {byDefault, []error{invalid("MaxSize is missing")}, 1, false, nil},
	} {
		a := &account{launchesAs: tc.now, errs: tc.errs}
		changed, err := role.Update(t.Context(), a.now, a, a.sleep, step)
		if len(a.updates) != tc.updates || changed != (err == nil && tc.updates > 0) || errors.Is(err, role.ErrNotKnown) != tc.notKnown {
			t.Errorf("%s: %d updates, %v, %v", name, len(a.updates), changed, err)
		}
		if failed := len(tc.errs) == 1 || tc.notKnown || tc.is != nil; failed != (err != nil) || tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%s: %v", name, err)
		}
		if (a.slept > 0) != (tc.updates > 1) {
			t.Errorf("%s: slept %v", name, a.slept)
		}
		for _, in := range a.updates {
			if diff := cmp.Diff(&autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("web-prod"), ServiceLinkedRoleARN: aws.String(ours)}, in, cmpopts.IgnoreUnexported(autoscaling.UpdateAutoScalingGroupInput{})); diff != "" {
				t.Errorf("%s: it changes something else: %s", name, diff)
			}
		}
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	u := role.Restore{Group: group, Name: "web-prod", Ours: ours, Role: byDefault}
	for now, want := range map[string]bool{ours: true, byDefault: false, byDefault + "_other": false} {
		a := &account{launchesAs: now}
		changed, err := u.Run(t.Context(), a.now, a, a.sleep)
		if err != nil || changed != want || len(a.updates) == 1 != want || want && a.launchesAs != byDefault {
			t.Errorf("from %s: %v, %v, %s", now, changed, err, a.launchesAs)
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	const running, ended, failed = iamtypes.DeletionTaskStatusTypeInProgress, iamtypes.DeletionTaskStatusTypeSucceeded, iamtypes.DeletionTaskStatusTypeFailed
	for name, tc := range map[string]struct {
		used     string
		err      error
		statuses []iamtypes.DeletionTaskStatusType
		changed  bool
		deleted  int
		says     string
	}{
		"deleted":            {byDefault, nil, []iamtypes.DeletionTaskStatusType{running, ended}, true, 1, ""},
		"gone":               {byDefault, &iamtypes.NoSuchEntityException{}, nil, false, 1, ""},
		"in use here":        {ours, nil, nil, false, 0, "web-prod launches as it"},
		"in use elsewhere":   {byDefault, nil, []iamtypes.DeletionTaskStatusType{failed}, false, 1, "in use in us-east-1"},
		"IAM takes its time": {byDefault, nil, nil, false, 1, "hasn't ended task task/1"},
		"refused":            {byDefault, &iamtypes.ServiceFailureException{}, nil, false, 1, "delete role"},
	} {
		a := &account{launchesAs: tc.used, errs: []error{tc.err}, statuses: tc.statuses}
		changed, err := role.Delete{Role: ours}.Run(t.Context(), a, a, a.sleep)
		if changed != tc.changed || len(a.deleted) != tc.deleted || (err != nil) != (tc.says != "") {
			t.Errorf("%s: %v, %v", name, changed, err)
		}
		if err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
		for _, d := range a.deleted {
			if d != "AWSServiceRoleForAutoScaling_payments" {
				t.Errorf("%s: deleted %s", name, d)
			}
		}
	}
}
