package apply_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/apply"
	"keymend/pkg/apply/role"
	"keymend/pkg/plan"
)

const (
	before = `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Principal":{"AWS":["1","2"]},"Action":"kms:*","Resource":"*"}]}`
	same   = `{ "Statement": [{"Sid":"A","Effect":"Allow","Principal":{"AWS":["2","1"]},"Action":["kms:*"],"Resource":"*"}], "Version": "2012-10-17" }`
	after  = `{"Version":"2012-10-17","Statement":[{"Sid":"B","Effect":"Allow","Principal":{"AWS":"1"},"Action":"kms:*","Resource":"*"}]}`
	other  = `{"Version":"2012-10-17","Statement":[{"Sid":"C","Effect":"Allow","Principal":{"AWS":"1"},"Action":"kms:*","Resource":"*"}]}`
)

// A key answers each write with the next of its errors.
type key struct {
	policy string
	errs   []error
	puts   []*kms.PutKeyPolicyInput
	grants []*kms.CreateGrantInput
	slept  time.Duration

	retirable []types.GrantListEntry
	retired   []string
}

func (k *key) next() error {
	if len(k.errs) == 0 {
		return nil
	}
	err := k.errs[0]
	k.errs = k.errs[1:]
	return err
}

func (k *key) GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error) {
	if k.policy == "" {
		return &kms.GetKeyPolicyOutput{}, nil
	}
	return &kms.GetKeyPolicyOutput{Policy: &k.policy}, nil
}

func (k *key) PutKeyPolicy(_ context.Context, in *kms.PutKeyPolicyInput, _ ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	k.puts = append(k.puts, in)
	return &kms.PutKeyPolicyOutput{}, k.next()
}

func (k *key) CreateGrant(_ context.Context, in *kms.CreateGrantInput, _ ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	k.grants = append(k.grants, in)
	return &kms.CreateGrantOutput{GrantId: new("g1")}, k.next()
}

func (k *key) RevokeGrant(context.Context, *kms.RevokeGrantInput, ...func(*kms.Options)) (*kms.RevokeGrantOutput, error) {
	return &kms.RevokeGrantOutput{}, k.next()
}

func (k *key) RetireGrant(_ context.Context, in *kms.RetireGrantInput, _ ...func(*kms.Options)) (*kms.RetireGrantOutput, error) {
	k.retired = append(k.retired, *in.GrantId)
	return &kms.RetireGrantOutput{}, k.next()
}

func (k *key) ListRetirableGrants(context.Context, *kms.ListRetirableGrantsInput, ...func(*kms.Options)) (*kms.ListRetirableGrantsOutput, error) {
	return &kms.ListRetirableGrantsOutput{Grants: k.retirable}, nil
}

func (k *key) sleep(ctx context.Context, d time.Duration) error {
	k.slept += d
	return ctx.Err()
}

func TestEditKeyPolicyWritesOnlyOnTheFactsItWasMadeFor(t *testing.T) {
	t.Parallel()
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
		k := &key{policy: tc.now}
		done, err := apply.EditKeyPolicy(t.Context(), k, k, k.sleep, plan.EditKeyPolicy{Key: "k", Principal: "p", Before: before, After: after})
		if !errors.Is(err, tc.err) || len(k.puts) != tc.writes || done.Changed != (tc.writes == 1) {
			t.Errorf("%s: %d writes, %v", name, len(k.puts), err)
		}
		if tc.err == nil && (done.Before != before || done.After != after || done.Undo.RemoveStatements == nil) {
			t.Errorf("%s: %+v", name, done)
		}
		for _, in := range k.puts {
			if in.BypassPolicyLockoutSafetyCheck || *in.Policy != after || *in.KeyId != "k" {
				t.Errorf("%s: %+v", name, in)
			}
		}
	}
	if _, err := apply.EditKeyPolicy(t.Context(), &key{}, &key{}, nil, plan.EditKeyPolicy{}); err == nil {
		t.Error("an answer without a policy was taken")
	}
}

func malformed(text string) error { return &types.MalformedPolicyDocumentException{Message: &text} }

// A principal that IAM has just made is waited for, a little; what KMS refuses
// for good isn't tried again.
func TestErrors(t *testing.T) {
	t.Parallel()
	unknown := malformed("Policy contains a statement with one or more invalid principals.")
	for name, tc := range map[string]struct {
		errs    []error
		puts    int
		refused bool
		fails   bool
	}{
		"principal known at the third": {[]error{unknown, unknown}, 3, false, false},
		"principal never known":        {[]error{unknown, unknown, unknown, unknown, unknown}, 4, true, true},
		"would lock the owner out":     {[]error{malformed("The new key policy will not allow you to update the key policy in the future.")}, 1, true, true},
		"too long":                     {[]error{&types.LimitExceededException{}}, 1, true, true},
		"a fault of AWS":               {[]error{&types.KMSInternalException{}}, 1, false, true},
	} {
		k := &key{policy: before, errs: tc.errs}
		_, err := apply.EditKeyPolicy(t.Context(), k, k, k.sleep, plan.EditKeyPolicy{Key: "k", Before: before, After: after})
		if len(k.puts) != tc.puts || (err != nil) != tc.fails || errors.Is(err, apply.ErrRefused) != tc.refused {
			t.Errorf("%s: %d writes, %v", name, len(k.puts), err)
		}
		if errors.Is(err, role.ErrNotKnown) != (name == "principal never known") {
			t.Errorf("%s: %v", name, err)
		}
		if (k.slept > 0) != (tc.puts > 1) {
			t.Errorf("%s: slept %v", name, k.slept)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k := &key{policy: before, errs: []error{unknown, unknown}}
	if _, err := apply.EditKeyPolicy(ctx, k, k, k.sleep, plan.EditKeyPolicy{Key: "k", Before: before, After: after}); !errors.Is(err, context.Canceled) || len(k.puts) != 1 {
		t.Errorf("after the deadline: %d writes, %v", len(k.puts), err)
	}
}

func TestCreateGrant(t *testing.T) {
	t.Parallel()
	step := plan.CreateGrant{Key: "k", Principal: "p", Name: "keymend-1", Operations: []string{"Decrypt", "CreateGrant"}, Retiring: "r"}
	text := "ARN does not refer to a valid principal: p"
	k := &key{errs: []error{&types.InvalidArnException{Message: &text}}}
	done, err := apply.CreateGrant(t.Context(), k, k.sleep, step)
	if err != nil || len(k.grants) != 2 || done.GrantID != "g1" || done.Undo.RevokeGrant == nil || *done.Undo.RevokeGrant != (apply.RevokeGrant{Key: "k", GrantID: "g1"}) {
		t.Fatalf("%+v, %v", done, err)
	}
	if in := k.grants[0]; *in.Name != "keymend-1" || *in.GranteePrincipal != "p" || *in.RetiringPrincipal != "r" || len(in.Operations) != 2 {
		t.Errorf("%+v", in)
	}
	k = &key{errs: []error{&types.DisabledException{}}}
	if _, err := apply.CreateGrant(t.Context(), k, k.sleep, step); !errors.Is(err, apply.ErrRefused) {
		t.Errorf("err = %v", err)
	}
}

func TestUndoOfWhatIsGone(t *testing.T) {
	t.Parallel()
	k := &key{policy: before}
	done, err := apply.RemoveStatements{Key: "k", Principal: "p"}.Run(t.Context(), k, k, k.sleep)
	if err != nil || done.Changed || len(k.puts) != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	for _, gone := range []error{&types.NotFoundException{}, &types.InvalidGrantIdException{}} {
		if done, err := (apply.RevokeGrant{Key: "k", GrantID: "g"}).Run(t.Context(), &key{errs: []error{gone}}); err != nil || done.Changed {
			t.Errorf("%T: %+v, %v", gone, done, err)
		}
	}
	if _, err := (apply.RevokeGrant{Key: "k", GrantID: "g"}).Run(t.Context(), &key{errs: []error{&types.KMSInternalException{}}}); err == nil {
		t.Error("a fault of AWS was taken for success")
	}
	k.policy = strings.Repeat("x", 3)
	if _, err := (apply.RemoveStatements{Key: "k", Principal: "p"}).Run(t.Context(), k, k, k.sleep); err == nil || len(k.puts) != 0 {
		t.Errorf("no policy, and: %v", err)
	}
}
