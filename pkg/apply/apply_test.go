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
	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
)

const (
	key  = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
	role = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	root = `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
)

// A store is a key in KMS: one policy, and grants by name.
type store struct {
	policy string
	grants map[string]string // id by name
	puts   int
	fail   []error // what the next writes answer, in order
	slept  time.Duration
}

func (s *store) next() error {
	if len(s.fail) == 0 {
		return nil
	}
	err := s.fail[0]
	s.fail = s.fail[1:]
	return err
}

func (s *store) GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error) {
	return &kms.GetKeyPolicyOutput{Policy: new(s.policy)}, nil
}

func (s *store) PutKeyPolicy(_ context.Context, in *kms.PutKeyPolicyInput, _ ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	if in.BypassPolicyLockoutSafetyCheck {
		return nil, errors.New("the lock-out check was bypassed")
	}
	s.puts++
	if err := s.next(); err != nil {
		return nil, err
	}
	s.policy = *in.Policy
	return &kms.PutKeyPolicyOutput{}, nil
}

func (s *store) CreateGrant(_ context.Context, in *kms.CreateGrantInput, _ ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	if err := s.next(); err != nil {
		return nil, err
	}
	s.grants[*in.Name] = "g-" + *in.Name
	return &kms.CreateGrantOutput{GrantId: new(s.grants[*in.Name])}, nil
}

func (s *store) RevokeGrant(_ context.Context, in *kms.RevokeGrantInput, _ ...func(*kms.Options)) (*kms.RevokeGrantOutput, error) {
	for name, id := range s.grants {
		if id == *in.GrantId {
			delete(s.grants, name)
			return &kms.RevokeGrantOutput{}, nil
		}
	}
	return nil, &types.NotFoundException{}
}

func (s *store) sleep(_ context.Context, d time.Duration) error {
	s.slept += d
	return nil
}

func step(t *testing.T, before string) plan.EditKeyPolicy {
	t.Helper()
	doc, err := keypolicy.Parse(before)
	if err != nil {
		t.Fatal(err)
	}
	edit, err := keypolicy.Allow(doc, role)
	if err != nil {
		t.Fatal(err)
	}
	return plan.EditKeyPolicy{Key: key, Principal: role, Before: edit.Before, After: edit.After, Added: edit.Added}
}

func TestEditKeyPolicyTwiceIsOnce(t *testing.T) {
	t.Parallel()
	s := &store{policy: root}
	edit := step(t, root)
	first, err := apply.EditKeyPolicy(t.Context(), s, s, s.sleep, edit)
	if err != nil || !first.Changed || s.policy != edit.After {
		t.Fatalf("first: %+v, %v", first, err)
	}
	second, err := apply.EditKeyPolicy(t.Context(), s, s, s.sleep, edit)
	if err != nil || second.Changed || s.puts != 1 {
		t.Errorf("second: %+v, %v, %d writes", second, err, s.puts)
	}
	if second.Undo.RemoveStatements == nil || second.Before != root {
		t.Error("a repeated delivery lost the before-image or the undo")
	}
}

func TestEditKeyPolicyIsSupersededByOthers(t *testing.T) {
	t.Parallel()
	s := &store{policy: strings.Replace(root, "EnableRoot", "Renamed", 1)}
	before := s.policy
	_, err := apply.EditKeyPolicy(t.Context(), s, s, s.sleep, step(t, root))
	if !errors.Is(err, apply.ErrSuperseded) || s.puts != 0 || s.policy != before {
		t.Errorf("err = %v, %d writes", err, s.puts)
	}
}

func TestNewPrincipalsTakeTime(t *testing.T) {
	t.Parallel()
	unknown := &types.MalformedPolicyDocumentException{Message: new("Policy contains a statement with one or more invalid principals.")}
	s := &store{policy: root, fail: []error{unknown, unknown}}
	done, err := apply.EditKeyPolicy(t.Context(), s, s, s.sleep, step(t, root))
	if err != nil || !done.Changed || s.slept == 0 {
		t.Errorf("%+v, %v after %v", done, err, s.slept)
	}
	for range 100 {
		s.fail = append(s.fail, unknown)
	}
	s.policy = root
	if _, err = apply.EditKeyPolicy(t.Context(), s, s, s.sleep, step(t, root)); err == nil || s.slept > time.Minute {
		t.Errorf("err = %v after %v: the retry must end", err, s.slept)
	}
}

func TestUndoRemovesOnlyOurs(t *testing.T) {
	t.Parallel()
	edit := step(t, root)
	s := &store{policy: strings.Replace(edit.After, "EnableRoot", "Renamed", 1)} // someone edited since
	undo := apply.RemoveStatements{Key: key, Principal: role}
	done, err := undo.Run(t.Context(), s, s, s.sleep)
	if want := strings.Replace(root, "EnableRoot", "Renamed", 1); err != nil || !done.Changed || s.policy != want {
		t.Errorf("%v, %v: %s", done.Changed, err, s.policy)
	}
	again, err := undo.Run(t.Context(), s, s, s.sleep)
	if err != nil || again.Changed || s.puts != 1 {
		t.Errorf("again: %+v, %v, %d writes", again, err, s.puts)
	}
}

func TestGrantAndItsUndo(t *testing.T) {
	t.Parallel()
	s := &store{grants: map[string]string{}}
	grant := plan.CreateGrant{Key: key, Principal: role, Name: "keymend-1", Operations: []string{"Decrypt"}}
	done, err := apply.CreateGrant(t.Context(), s, s.sleep, grant)
	if err != nil || done.Undo.RevokeGrant == nil || len(s.grants) != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	undone, err := done.Undo.RevokeGrant.Run(t.Context(), s)
	if err != nil || !undone.Changed || len(s.grants) != 0 {
		t.Errorf("undo: %+v, %v", undone, err)
	}
	again, err := done.Undo.RevokeGrant.Run(t.Context(), s)
	if err != nil || again.Changed {
		t.Errorf("undo again: %+v, %v", again, err)
	}
}
