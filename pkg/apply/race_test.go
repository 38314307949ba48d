package apply_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
)

const slr = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

// While Keymend waits for IAM to be known to KMS, someone edits the policy: it is
// read again before each attempt, and their edit stays.
func TestAnEditWhileWaitingIsNotOverwritten(t *testing.T) {
	t.Parallel()
	k := &key{policy: before, errs: []error{malformed("Policy contains a statement with one or more invalid principals.")}}
	sleep := func(context.Context, time.Duration) error { k.policy = other; return nil }
	_, err := apply.EditKeyPolicy(t.Context(), k, k, sleep, plan.EditKeyPolicy{Key: "k", Principal: "p", Before: before, After: after})
	if !errors.Is(err, apply.ErrSuperseded) || len(k.puts) != 1 {
		t.Errorf("%d writes, %v", len(k.puts), err)
	}
}

// The same for taking back: what is written is made of the policy as it is then.
func TestAnEditWhileUndoWaitsStays(t *testing.T) {
	t.Parallel()
	opened := func(policy string) string {
		d, err := keypolicy.Parse(policy)
		if err != nil {
			t.Fatal(err)
		}
		e, err := keypolicy.Allow(d, slr)
		if err != nil {
			t.Fatal(err)
		}
		return e.After
	}
	k := &key{policy: opened(before), errs: []error{malformed("Policy contains a statement with one or more invalid principals.")}}
	sleep := func(context.Context, time.Duration) error { k.policy = opened(other); return nil }
	done, err := apply.RemoveStatements{Key: "k", Principal: slr}.Run(t.Context(), k, k, sleep)
	if err != nil || len(k.puts) != 2 || *k.puts[1].Policy != other || !done.Changed || !strings.Contains(done.Before, `"C"`) {
		t.Errorf("%d writes, %+v, %v", len(k.puts), done, err)
	}
}
