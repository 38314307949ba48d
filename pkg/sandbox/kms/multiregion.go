package kms

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/arn"
	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/wire"
)

// creatingTime is how long a replica is in the state Creating: "a few seconds"
// (API_ReplicateKey).
const creatingTime = 5 * time.Second

// related is the prefix of the ids that multi-Region keys share.
const related = "mrk-"

func multiRegionID() string { return related + strings.ReplaceAll(ident.UUID(), "-", "") }

// keyType is whether a multi-Region key is the primary or a replica; "" for
// others.
func (k *key) keyType() string {
	switch {
	case !strings.HasPrefix(k.id, related):
		return ""
	case k.primary:
		return string(types.MultiRegionKeyTypePrimary)
	}
	return string(types.MultiRegionKeyTypeReplica)
}

// described is what DescribeKey says, with a multi-Region key's relations.
func (s *Service) described(k *key) *types.KeyMetadata {
	m := k.metadata()
	if k.keyType() == "" {
		return m
	}
	m.MultiRegionConfiguration = &types.MultiRegionConfiguration{MultiRegionKeyType: types.MultiRegionKeyType(k.keyType()), ReplicaKeys: []types.MultiRegionKey{}}
	for _, other := range s.relations(k) {
		entry := types.MultiRegionKey{Arn: new(other.arn()), Region: new(other.region)}
		if other.primary {
			m.MultiRegionConfiguration.PrimaryKey = &entry
			continue
		}
		m.MultiRegionConfiguration.ReplicaKeys = append(m.MultiRegionConfiguration.ReplicaKeys, entry)
	}
	return m
}

// relations returns a multi-Region key and all that are related to it, by
// Region.
func (s *Service) relations(k *key) []*key {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*key
	for _, other := range s.keys {
		if other.id == k.id && other.account == k.account {
			all = append(all, other.copy())
		}
	}
	slices.SortFunc(all, func(a, b *key) int { return cmp.Compare(a.region, b.region) })
	return all
}

// ReplicateKey makes a replica of a multi-Region primary key in another Region:
// a key of the same id with a policy, grants and tags of its own, in the state
// Creating for some seconds. [?] The texts of its refusals; AWS names the codes.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html
func (s *Service) ReplicateKey(ctx context.Context, in *kms.ReplicateKeyInput) (*kms.ReplicateKeyOutput, error) {
	primary, err := s.own(wire.CallerOf(ctx), in.KeyId, "ReplicateKey")
	if err != nil {
		return nil, err
	}
	region := aws.ToString(in.ReplicaRegion)
	if region == "" {
		return nil, wire.Errorf("ValidationException", "1 validation error detected: Value null at 'replicaRegion' failed to satisfy constraint: Member must not be null")
	}
	if err := wire.Region(region); err != nil {
		return nil, err
	}
	if err := s.mayReplicate(ctx, primary, region, in.Tags); err != nil {
		return nil, err
	}
	k, err := s.replica(ctx, primary, in)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	taken := s.keys[k.arn()] != nil
	if !taken {
		s.keys[k.arn()] = k
	}
	s.mu.Unlock()
	if taken {
		return nil, wire.Errorf("AlreadyExistsException", "%s already exists.", k.arn())
	}
	s.clock.After(creatingTime, func() { s.change(k.arn(), (*key).created) })
	s.record(wire.Call{Caller: inRegion(wire.CallerOf(ctx), region), Service: "kms", Operation: "CreateKey", Resources: []string{k.arn()}})
	out := &kms.ReplicateKeyOutput{ReplicaKeyMetadata: s.described(k.copy()), ReplicaPolicy: &k.policy.text}
	out.ReplicaTags = append(out.ReplicaTags, in.Tags...)
	return out, nil
}

// mayReplicate authorises ReplicateKey on the primary, and what it does in the
// replica's Region: CreateKey, and TagResource where the replica has tags.
func (s *Service) mayReplicate(ctx context.Context, primary *key, region string, tags []types.Tag) error {
	more := map[string][]string{"kms:replicaregion": {region}}
	if err := s.authorize(ctx, primary, request{operation: "ReplicateKey", more: more}); err != nil {
		return err
	}
	c := inRegion(wire.CallerOf(ctx), region)
	if err := s.mayCreate(c, keyARN(primary.account, region, primary.id), types.MultiRegionKeyTypeReplica, tags); err != nil {
		return err
	}
	if !primary.primary {
		return wire.Errorf("UnsupportedOperationException", "%s is not a multi-Region primary key.", primary.arn())
	}
	return nil
}

// replica makes the key, but doesn't keep it.
func (s *Service) replica(ctx context.Context, primary *key, in *kms.ReplicateKeyInput) (*key, error) {
	c := inRegion(wire.CallerOf(ctx), aws.ToString(in.ReplicaRegion))
	k := newKey(c.Account, c.Region, primary.id, s.clock.Now())
	k.meta.MultiRegion, k.meta.KeyState = new(true), types.KeyStateCreating
	k.describe(in.Description, in.Tags)
	p, err := s.firstPolicy(c, k, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	k.policy = p
	return k, err
}

// created ends the state Creating, unless something else has.
func (k *key) created() {
	if k.meta.KeyState == types.KeyStateCreating {
		k.meta.KeyState = types.KeyStateEnabled
	}
}

// mayCreate authorises CreateKey, and TagResource where the key is to have tags.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html#KMS-CreateKey-request-Tags
func (s *Service) mayCreate(c *wire.Caller, arn string, kind types.MultiRegionKeyType, tags []types.Tag) error {
	with := ofNewKey(kind)
	maps.Copy(with, ofTags(tags))
	if err := s.byIdentity(c, "CreateKey", "*", with); err != nil || len(tags) == 0 {
		return err
	}
	return s.byIdentity(c, "TagResource", arn, ofTags(tags))
}

// ofNewKey are the condition keys of a request that makes a key.
func ofNewKey(kind types.MultiRegionKeyType) map[string][]string {
	if kind == "" {
		return map[string][]string{"kms:multiregion": {"false"}}
	}
	return map[string][]string{"kms:multiregion": {"true"}, "kms:multiregionkeytype": {string(kind)}}
}

// inRegion is a caller as another Region sees it.
func inRegion(c *wire.Caller, region string) *wire.Caller {
	there := *c
	there.Region = region
	return &there
}

// here names the key of this Region that can read what a related one wrote.
func here(c *wire.Caller, key string) string {
	if a, ok := arn.Parse(key); ok && strings.HasPrefix(a.Resource, "key/"+related) {
		return keyARN(a.Account, c.Region, strings.TrimPrefix(a.Resource, "key/"))
	}
	return key
}
