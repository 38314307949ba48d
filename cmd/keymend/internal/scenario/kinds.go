package scenario

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// data is a second volume.
const data = "/dev/sdf"

// of is a template whose root volume is under a key.
func of(key string) source { return source{volumes: []Volume{{Encrypted: true, Key: key}}} }

// next is one of the open keys, each in its turn.
func (m *maker) next() string {
	m.turn++
	return m.open[m.turn%len(m.open)]
}

func unencrypted(context.Context, *maker, string) (source, error) { return source{}, nil }

func underOpenKey(_ context.Context, m *maker, _ string) (source, error) { return of(m.next()), nil }

func underTwoKeys(_ context.Context, m *maker, _ string) (source, error) {
	return source{volumes: []Volume{{Encrypted: true}, {Device: data, Encrypted: true, Key: m.next()}}}, nil
}

// underShutDefaultKey: the template names no key, so it takes the account's default one,
// which is shut, and which its owner enrolled.
func underShutDefaultKey(ctx context.Context, m *maker, name string) (source, error) {
	key, err := m.own.Key(ctx, "alias/"+name, remediate)
	if err != nil {
		return source{}, err
	}
	return of(""), m.own.DefaultKey(ctx, key)
}

// underHalfShutKeys: the root volume's key is open, the data volume's isn't.
func underHalfShutKeys(ctx context.Context, m *maker, name string) (source, error) {
	root, err := m.own.openKey(ctx, name)
	if err != nil {
		return source{}, err
	}
	shut, err := m.own.Key(ctx, "alias/data", remediate)
	return source{volumes: []Volume{{Encrypted: true, Key: root}, {Device: data, Encrypted: true, Key: shut}}}, err
}

// underOwnOpenKey: the key is open, and no other template's.
func underOwnOpenKey(ctx context.Context, m *maker, name string) (source, error) {
	key, err := m.own.openKey(ctx, name)
	return of(key), err
}

// shutLater: somebody put the default policy back once the groups were in service.
func shutLater(ctx context.Context, m *maker, name string) (source, error) {
	key, err := m.own.openKey(ctx, name)
	m.after = append(m.after, func(ctx context.Context) error { return m.own.put(ctx, key, policy(root(m.own.account))) })
	return of(key), err
}

// underUnreadableKey: the key is open, and its policy lets its keeper alone read it.
func underUnreadableKey(ctx context.Context, m *maker, name string) (source, error) {
	keeper, err := m.own.keeper(ctx, name)
	if err != nil {
		return source{}, err
	}
	key, err := m.own.openKey(ctx, name)
	if err != nil {
		return source{}, err
	}
	return of(key), m.own.put(ctx, key, policy(kept(keeper), open(m.own.account)))
}

// underShutKey: the key's policy is the default one; tag says whether its owner enrolled it.
func underShutKey(tag string) kind {
	return func(ctx context.Context, m *maker, name string) (source, error) {
		key, err := m.own.Key(ctx, "alias/"+name, tag)
		return of(key), err
	}
}

// underDisabledKey: the key is open, and disabled.
func underDisabledKey(ctx context.Context, m *maker, name string) (source, error) {
	key, err := m.own.openKey(ctx, name)
	if err != nil {
		return source{}, err
	}
	return of(key), m.own.disable(ctx, key)
}

// underDenyingKey: what AWS's two statements allow, a third denies.
func underDenyingKey(ctx context.Context, m *maker, name string) (source, error) {
	key, err := m.own.openKey(ctx, name, inside())
	return of(key), err
}

// keeper makes a role that keeps a key.
func (s *Seeder) keeper(ctx context.Context, name string) (string, error) {
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + s.account + `"},"Action":"sts:AssumeRole"}]}`
	out, err := s.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: new(name + "-keeper"), AssumeRolePolicyDocument: &trust})
	if err != nil {
		return "", fmt.Errorf("create role %s-keeper: %w", name, err)
	}
	return *out.Role.Arn, nil
}

// put replaces a key's policy, also by one that its caller can't replace again.
func (s *Seeder) put(ctx context.Context, key, policy string) error {
	if _, err := s.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: &policy, BypassPolicyLockoutSafetyCheck: true}); err != nil {
		return fmt.Errorf("put key policy: %w", err)
	}
	return nil
}

func (s *Seeder) disable(ctx context.Context, key string) error {
	if _, err := s.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key}); err != nil {
		return fmt.Errorf("disable key: %w", err)
	}
	return nil
}
