package kms

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/wire"
)

// A key is one KMS key. Outside the lock, only copies are looked at.
type key struct {
	account, region, id string
	primary             bool // a multi-Region primary key
	meta                types.KeyMetadata
	policy              policy
	tags                map[string]string
	retagged            []retagging // oldest first
	grants              []grant
	was                 []past // oldest first
}

// A past is how a key stood until it was changed.
type past struct {
	until time.Time
	key   *key
}

// kept is how many earlier states a key is known in.
const kept = 100

// seen returns how the key is seen by a read that lags behind.
func (k *key) seen(now time.Time, behind time.Duration) *key {
	for _, p := range k.was {
		if p.until.After(now.Add(-behind)) {
			return p.key
		}
	}
	return k
}

func (k *key) arn() string { return keyARN(k.account, k.region, k.id) }

func keyARN(account, region, id string) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

// copy returns a key that the original's later changes don't touch. A busy key has a
// grant for each volume, so copies share them: grants are added at the end, or the whole
// list is made anew.
func (k *key) copy() *key {
	c := *k
	c.tags, c.grants = maps.Clone(k.tags), slices.Clip(k.grants)
	return &c
}

// metadata returns what DescribeKey says.
func (k *key) metadata() *types.KeyMetadata {
	m := k.meta
	m.Enabled = m.KeyState == types.KeyStateEnabled
	return &m
}

func newKey(account, region, id string, at time.Time) *key {
	k := &key{account: account, region: region, id: id, tags: map[string]string{}}
	k.meta = types.KeyMetadata{
		KeyId: &k.id, AWSAccountId: &k.account, Arn: new(k.arn()), CreationDate: &at, Description: new(""),
		KeyState: types.KeyStateEnabled, KeyManager: types.KeyManagerTypeCustomer, KeyUsage: types.KeyUsageTypeEncryptDecrypt,
		KeySpec: types.KeySpecSymmetricDefault, CustomerMasterKeySpec: types.CustomerMasterKeySpecSymmetricDefault, //nolint:staticcheck // deprecated, and AWS returns it still
		Origin: types.OriginTypeAwsKms, MultiRegion: new(false),
		EncryptionAlgorithms: []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecSymmetricDefault},
	}
	return k
}

// describe gives a new key its description and tags.
func (k *key) describe(description *string, tags []types.Tag) {
	k.meta.Description = new(aws.ToString(description))
	for _, t := range tags {
		k.tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
	}
}

// find returns a copy of the key that a request names: an id or alias of the
// caller's own account and Region, or any account's key or alias ARN in the
// caller's Region. Whether another account has such a key, it doesn't tell.
func (s *Service) find(c *wire.Caller, name *string, operation string) (*key, error) {
	if name == nil || *name == "" {
		return nil, wire.Errorf("ValidationException", "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arn, err := s.resolve(c, *name)
	if err != nil {
		return nil, err
	}
	if k := s.keys[arn]; k != nil {
		return k.copy(), nil
	}
	if !strings.Contains(arn, ":"+c.Account+":") {
		return nil, foreign(c, operation)
	}
	return nil, wire.Errorf("NotFoundException", "Key '%s' does not exist", arn)
}

// resolve turns a name into the ARN that a key would have, under the lock.
func (s *Service) resolve(c *wire.Caller, name string) (string, error) {
	isARN := strings.HasPrefix(name, "arn:")
	part := strings.SplitN(name, ":", 6)
	switch {
	case isARN && (len(part) != 6 || part[2] != "kms"):
		return "", wire.Errorf("InvalidArnException", "Invalid arn %s", name)
	case isARN && part[3] != c.Region:
		return "", wire.Errorf("NotFoundException", "Invalid arn %s", part[3])
	case !isARN && strings.HasPrefix(name, "alias/"):
		name = aliasARN(c.Account, c.Region, name)
	case !isARN:
		return keyARN(c.Account, c.Region, name), nil
	case strings.HasPrefix(part[5], "key/"):
		return name, nil
	}
	a := s.aliases[name]
	if a == nil {
		return "", wire.Errorf("NotFoundException", "Alias %s is not found.", name)
	}
	return a.target, nil
}

// noAlias refuses an alias in a request that takes a key's id or ARN only, as most
// that change a key do. [?] The text: it is moto's, too.
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
func noAlias(name *string, operation string) error {
	if operation == "DescribeKey" || operation == "DeleteAlias" {
		return nil
	}
	if text := aws.ToString(name); strings.HasPrefix(text, "alias/") || strings.Contains(text, ":alias/") {
		return wire.Errorf("NotFoundException", "Invalid keyId %s", text)
	}
	return nil
}

// own finds a key for an operation that has no effect on other accounts' keys.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func (s *Service) own(c *wire.Caller, name *string, operation string) (*key, error) {
	if err := noAlias(name, operation); err != nil {
		return nil, err
	}
	k, err := s.find(c, name, operation)
	if err != nil {
		return nil, err
	}
	if k.account != c.Account {
		return nil, foreign(c, operation)
	}
	return k, nil
}

// change changes the stored key.
func (s *Service) change(arn string, f func(*key)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keys[arn]; k != nil {
		before := k.copy()
		before.was = nil
		k.was = append(slices.Clip(k.was[max(0, len(k.was)-kept):]), past{s.clock.Now(), before})
		f(k)
	}
}
