package statements_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/apply/statements"
	"keymend/pkg/change"
	kind "keymend/pkg/kind/statements"
)

const (
	put    = "kms:PutKeyPolicy"
	before = `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Principal":{"AWS":["1","2"]},"Action":"kms:*","Resource":"*"}]}`
	same   = `{ "Statement": [{"Sid":"A","Effect":"Allow","Principal":{"AWS":["2","1"]},"Action":["kms:*"],"Resource":"*"}], "Version": "2012-10-17" }`
	after  = `{"Version":"2012-10-17","Statement":[{"Sid":"B","Effect":"Allow","Principal":{"AWS":"1"},"Action":"kms:*","Resource":"*"}]}`
	other  = `{"Version":"2012-10-17","Statement":[{"Sid":"C","Effect":"Allow","Principal":{"AWS":"1"},"Action":"kms:*","Resource":"*"}]}`
)

// key is a world with a key k, which answers each write with the next of its errors.
func key(policy string, errs ...error) *applytest.World {
	w := applytest.New()
	w.Policies, w.Answer = map[string]string{"k": policy}, applytest.Errors(put, errs...)
	return w
}

func puts(w *applytest.World) []*kms.PutKeyPolicyInput {
	var out []*kms.PutKeyPolicyInput
	for _, c := range w.Made(put) {
		out = append(out, c.Input.(*kms.PutKeyPolicyInput))
	}
	return out
}

func malformed(text string) error { return &types.MalformedPolicyDocumentException{Message: &text} }

func unknown() error {
	return malformed("Policy contains a statement with one or more invalid principals.")
}

func TestAddWritesOnlyOnTheFactsItWasMadeFor(t *testing.T) {
	t.Parallel()
	step := kind.Add{Key: "k", Principal: "p", Before: before, After: after, Sids: []string{"B"}}
	for name, tc := range map[string]struct {
		now    string
		writes int
		err    error
	}{
		"as it was":                    {before, 1, nil},
		"as it was, written otherwise": {same, 1, nil},
		"as it shall be":               {after, 0, nil},
		"edited in between":            {other, 0, apply.ErrSuperseded},
	} {
		w := key(tc.now)
		e := w.Env()
		done, err := statements.Add{}.Do(t.Context(), e, step)
		if !errors.Is(err, tc.err) || len(puts(w)) != tc.writes || done.Changed != (tc.writes == 1) {
			t.Errorf("%s: %d writes, %v", name, len(puts(w)), err)
		}
		if tc.err == nil && (done.Before != before || done.After != after) {
			t.Errorf("%s: %+v", name, done)
		}
		if diff := cmp.Diff(change.Steps{kind.Remove{Key: "k", Principal: "p", Sids: []string{"B"}}}, step.Undo(e.By, done)); diff != "" {
			t.Errorf("%s: undo (-want +got):\n%s", name, diff)
		}
		for _, in := range puts(w) {
			if in.BypassPolicyLockoutSafetyCheck || *in.Policy != after || *in.KeyId != "k" {
				t.Errorf("%s: %+v", name, in)
			}
		}
	}
	w := key("")
	if _, err := (statements.Add{}).Do(t.Context(), w.Env(), kind.Add{Key: "k"}); err == nil || len(puts(w)) != 0 {
		t.Errorf("no policy, and: %v", err)
	}
}

// A principal that IAM has just made is waited for, a little; what KMS refuses for
// good isn't tried again.
func TestErrors(t *testing.T) {
	t.Parallel()
	step := kind.Add{Key: "k", Before: before, After: after}
	for name, tc := range map[string]struct {
		errs    []error
		puts    int
		refused bool
		fails   bool
	}{
		"principal known at the third": {[]error{unknown(), unknown()}, 3, false, false},
		"principal never known":        {[]error{unknown(), unknown(), unknown(), unknown(), unknown()}, 4, true, true},
		"would lock the owner out":     {[]error{malformed("The new key policy will not allow you to update the key policy in the future.")}, 1, true, true},
		"too long":                     {[]error{&types.LimitExceededException{}}, 1, true, true},
		"a fault of AWS":               {[]error{&types.KMSInternalException{}}, 1, false, true},
	} {
		w := key(before, tc.errs...)
		_, err := statements.Add{}.Do(t.Context(), w.Env(), step)
		if len(puts(w)) != tc.puts || (err != nil) != tc.fails || errors.Is(err, refusal.Err) != tc.refused {
			t.Errorf("%s: %d writes, %v", name, len(puts(w)), err)
		}
		if errors.Is(err, refusal.ErrNotKnown) != (name == "principal never known") {
			t.Errorf("%s: %v", name, err)
		}
		if (w.Slept > 0) != (tc.puts > 1) {
			t.Errorf("%s: slept %v", name, w.Slept)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := key(before, unknown(), unknown())
	if _, err := (statements.Add{}).Do(ctx, w.Env(), step); !errors.Is(err, context.Canceled) || len(puts(w)) != 0 {
		t.Errorf("after the deadline: %d writes, %v", len(puts(w)), err)
	}
}

func TestRemoveOfWhatIsGone(t *testing.T) {
	t.Parallel()
	w := key(before)
	done, err := statements.Remove{}.Do(t.Context(), w.Env(), kind.Remove{Key: "k", Principal: "p"})
	if err != nil || done.Changed || len(puts(w)) != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	done, err = statements.Remove{}.Do(t.Context(), w.Env(), kind.Remove{Key: "k", Principal: "2"})
	if err != nil || done.Changed || len(puts(w)) != 0 || strings.Join(done.Left, " ") != `#0 "A"` {
		t.Errorf("a person's statement: %+v, %v", done, err)
	}
	w.Policies["k"] = strings.Repeat("x", 3)
	if _, err := (statements.Remove{}).Do(t.Context(), w.Env(), kind.Remove{Key: "k", Principal: "p"}); err == nil || len(puts(w)) != 0 {
		t.Errorf("no policy, and: %v", err)
	}
}
