package kms

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// CreateKey makes a symmetric customer managed key, of one Region or the primary
// of several. Without a Policy it has
// KMS's default one, which leaves everything to the account's IAM policies.
func (s *Service) CreateKey(ctx context.Context, in *kms.CreateKeyInput) (*kms.CreateKeyOutput, error) {
	c := wire.CallerOf(ctx)
	id, kind := ident.UUID(), types.MultiRegionKeyType("")
	if aws.ToBool(in.MultiRegion) {
		id, kind = multiRegionID(), types.MultiRegionKeyTypePrimary
	}
	if err := s.mayCreate(c, keyARN(c.Account, c.Region, id), kind, in.Tags); err != nil {
		return nil, err
	}
	if in.KeySpec != "" && in.KeySpec != types.KeySpecSymmetricDefault || in.Origin != "" && in.Origin != types.OriginTypeAwsKms {
		return nil, wire.Errorf("NotInTheSandbox", "keys that are not symmetric or not of origin AWS_KMS are not in the sandbox")
	}
	k := newKey(c.Account, c.Region, id, s.clock.Now())
	k.meta.MultiRegion, k.primary = new(kind != ""), kind != ""
	k.describe(in.Description, in.Tags)
	p, err := s.firstPolicy(c, k, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	k.policy = p
	s.mu.Lock()
	s.keys[k.arn()] = k
	s.mu.Unlock()
	wire.CallOf(ctx).Resources = []string{k.arn()}
	return &kms.CreateKeyOutput{KeyMetadata: s.described(k.copy())}, nil
}

// firstPolicy is the policy of a new key: the given one, or KMS's default.
func (s *Service) firstPolicy(c *wire.Caller, k *key, given *string, bypass bool) (policy, error) {
	text := defaultPolicy(c.Account)
	if given != nil {
		text = *given
	}
	return s.accept(c, k, text, bypass)
}

// DescribeKey answers for keys of other accounts too, by ARN.
func (s *Service) DescribeKey(ctx context.Context, in *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
	k, err := s.open(ctx, in.KeyId, "DescribeKey")
	if err != nil {
		return nil, err
	}
	return &kms.DescribeKeyOutput{KeyMetadata: s.described(k)}, nil
}

// open returns a key on which the caller may do an operation; to one that only reads,
// as the call sees it.
func (s *Service) open(ctx context.Context, name *string, operation string) (*key, error) {
	if err := noAlias(name, operation); err != nil {
		return nil, err
	}
	k, err := s.find(wire.CallerOf(ctx), name, operation)
	if err != nil {
		return nil, err
	}
	return k.seen(s.clock.Now(), wire.CallOf(ctx).Behind), s.authorize(ctx, k, request{operation: operation})
}

// openOwn is open for an operation that has no effect on other accounts' keys.
func (s *Service) openOwn(ctx context.Context, name *string, r request) (*key, error) {
	k, err := s.own(wire.CallerOf(ctx), name, r.operation)
	if err != nil {
		return nil, err
	}
	return k.seen(s.clock.Now(), wire.CallOf(ctx).Behind), s.authorize(ctx, k, r)
}

// ListKeys answers with the caller's keys.
func (s *Service) ListKeys(ctx context.Context, in *kms.ListKeysInput) (*kms.ListKeysOutput, error) {
	c := wire.CallerOf(ctx)
	if err := s.byIdentity(c, "ListKeys", "*", nil); err != nil {
		return nil, err
	}
	all := []types.KeyListEntry{}
	s.mu.Lock()
	for arn, k := range s.keys {
		if k.account == c.Account && k.region == c.Region {
			all = append(all, types.KeyListEntry{KeyArn: new(arn), KeyId: new(k.id)})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b types.KeyListEntry) int { return strings.Compare(*a.KeyArn, *b.KeyArn) })
	page, next, err := paging.Cut(all, in.Limit, in.Marker, pages())
	return &kms.ListKeysOutput{Keys: page, NextMarker: next, Truncated: next != nil}, err
}

// EnableKey puts a key into the state Enabled.
func (s *Service) EnableKey(ctx context.Context, in *kms.EnableKeyInput) (*kms.EnableKeyOutput, error) {
	_, err := s.manage(ctx, in.KeyId, request{operation: "EnableKey"}, func(k *key) { k.meta.KeyState = types.KeyStateEnabled })
	return &kms.EnableKeyOutput{}, err
}

// DisableKey puts a key into the state Disabled.
func (s *Service) DisableKey(ctx context.Context, in *kms.DisableKeyInput) (*kms.DisableKeyOutput, error) {
	_, err := s.manage(ctx, in.KeyId, request{operation: "DisableKey"}, func(k *key) { k.meta.KeyState = types.KeyStateDisabled })
	return &kms.DisableKeyOutput{}, err
}

// ScheduleKeyDeletion puts a key into the state PendingDeletion, or a
// primary with replicas into PendingReplicaDeletion: its window begins with the
// end of the last of them. It is never really deleted: no story of the sandbox
// lasts a week.
func (s *Service) ScheduleKeyDeletion(ctx context.Context, in *kms.ScheduleKeyDeletionInput) (*kms.ScheduleKeyDeletionOutput, error) {
	const fewest, most = 7, 30
	days := int32(most)
	if in.PendingWindowInDays != nil {
		days = *in.PendingWindowInDays
	}
	if days < fewest || days > most {
		return nil, wire.Errorf("ValidationException", "PendingWindowInDays must be between %d and %d", fewest, most)
	}
	at, state := new(s.clock.Now().Add(time.Duration(days)*24*time.Hour)), types.KeyStatePendingDeletion
	k, err := s.openOwn(ctx, in.KeyId, request{operation: "ScheduleKeyDeletion"})
	if err != nil {
		return nil, err
	}
	if k.primary && len(s.relations(k)) > 1 {
		at, state = nil, types.KeyStatePendingReplicaDeletion
	}
	_, err = s.manage(ctx, in.KeyId, request{operation: "ScheduleKeyDeletion"}, func(k *key) { k.meta.KeyState, k.meta.DeletionDate = state, at })
	if err != nil {
		return nil, err
	}
	return &kms.ScheduleKeyDeletionOutput{KeyId: new(k.arn()), DeletionDate: at, KeyState: state, PendingWindowInDays: &days}, nil
}

// CancelKeyDeletion leaves the key Disabled, as KMS does.
func (s *Service) CancelKeyDeletion(ctx context.Context, in *kms.CancelKeyDeletionInput) (*kms.CancelKeyDeletionOutput, error) {
	k, err := s.manage(ctx, in.KeyId, request{operation: "CancelKeyDeletion"}, func(k *key) {
		k.meta.KeyState, k.meta.DeletionDate = types.KeyStateDisabled, nil
	})
	if err != nil {
		return nil, err
	}
	return &kms.CancelKeyDeletionOutput{KeyId: new(k.arn())}, nil
}

// manage authorises an operation on a key of the own account and changes the
// key. It returns the key as it was.
func (s *Service) manage(ctx context.Context, name *string, r request, f func(*key)) (*key, error) {
	k, err := s.openOwn(ctx, name, r)
	if err != nil {
		return nil, err
	}
	if k.meta.KeyManager == types.KeyManagerTypeAws {
		return nil, wire.Errorf("UnsupportedOperationException", "%s is an AWS managed key, which can't be changed.", k.arn())
	}
	s.change(k.arn(), f)
	return k, nil
}

// pages is how KMS pages.
func pages() paging.Rule {
	return paging.Rule{Usual: 50, Refusal: wire.Errorf("InvalidMarkerException", "Invalid marker")}
}
