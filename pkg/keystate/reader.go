package keystate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/together"
)

// ErrKeyNotFound says that the key, or the alias, isn't there: deleted, misspelt,
// no name of a key at all, or of another Region than the one asked.
var ErrKeyNotFound = errors.New("no such KMS key")

// Keys is what the reader calls of KMS about one key.
type Keys interface {
	DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
	GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error)
	ListGrants(context.Context, *kms.ListGrantsInput, ...func(*kms.Options)) (*kms.ListGrantsOutput, error)
	ListResourceTags(context.Context, *kms.ListResourceTagsInput, ...func(*kms.Options)) (*kms.ListResourceTagsOutput, error)
}

// Aliases is what it calls for the name that people know the key by, and for
// grants on keys that it can't look at.
type Aliases interface {
	ListAliases(context.Context, *kms.ListAliasesInput, ...func(*kms.Options)) (*kms.ListAliasesOutput, error)
	ListRetirableGrants(context.Context, *kms.ListRetirableGrantsInput, ...func(*kms.Options)) (*kms.ListRetirableGrantsOutput, error)
}

// Roles is what it calls of IAM.
type Roles interface {
	GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
}

var (
	_ Keys    = (*kms.Client)(nil)
	_ Aliases = (*kms.Client)(nil)
	_ Roles   = (*iam.Client)(nil)
)

// A Reader reads the keys that one account sees in one Region, and its roles.
type Reader struct {
	account string
	region  string // "" = not known
	keys    Keys
	aliases Aliases
	roles   Roles
	granter string // ARN of the account's role that retires Keymend's grants; "" = none

	described *memory[string, described] // by the key as it is written down
	rests     *memory[keyFor, rest]
	found     *memory[string, access.Principal] // by the role's ARN
}

// A described key is what DescribeKey says of it, or why it doesn't.
type described struct {
	key     access.Key
	unseen  string
	keptOut bool // see State.KeptOut
}

// A keyFor is a key as one grantee finds it.
type keyFor struct{ arn, grantee string }

// Remembering returns a reader that reads each key and role once, for as long as
// it is kept: for one invocation, never longer, and never where a read is to show
// what a write has done. It is safe for concurrent use. Callers share what it returns,
// and may not change it.
func (r *Reader) Remembering() *Reader {
	c := *r
	c.described, c.rests, c.found = &memory[string, described]{}, &memory[keyFor, rest]{}, &memory[string, access.Principal]{}
	return &c
}

// New returns a reader with the credentials of the given account.
func New(account, region string, keys Keys, aliases Aliases, roles Roles) *Reader {
	return &Reader{account: account, region: region, keys: keys, aliases: aliases, roles: roles}
}

// For returns a reader that finds on other accounts' keys, whatever else it may
// see of them, the grants that the granter, a role of its own account, may
// retire: Keymend's.
func (r *Reader) For(granter string) *Reader {
	c := *r
	c.granter = granter
	return &c
}

// FromConfig returns a reader whose credentials are of the given account.
func FromConfig(account string, cfg aws.Config) *Reader {
	client := kms.NewFromConfig(cfg)
	return New(account, cfg.Region, client, client, iam.NewFromConfig(cfg))
}

// Read returns the state of a key, named by id, ARN or alias, with the grants
// that name the grantee, a role's ARN. Where AWS refuses to show policy, grants or
// tags, the state says so; everything else that goes wrong is an error. Of
// a key of another Region nothing is read: EBS can't use it, whatever its state.
//
// Errors: ErrKeyNotFound; else the SDK's, wrapped. A refused DescribeKey is no error:
// other keys of the launch are looked at all the same.
func (r *Reader) Read(ctx context.Context, keyID, grantee string) (State, error) {
	if region := arn.Region(keyID); region != "" && r.region != "" && region != r.region {
		return elsewhere(keyID, region), nil
	}
	if !strings.HasPrefix(keyID, "arn:") || !strings.Contains(keyID, ":key/") { // its ARN has to be asked for first
		d, err := r.describedAs(ctx, keyID)
		if err != nil {
			return State{}, err
		}
		of, err := r.restOf(ctx, d.key.ARN, grantee)
		return of.with(d), err
	}
	var (
		d                described
		of               rest
		unknown, restErr error
	)
	_ = together.Do( // neither is told where the other says more
		func() error { d, unknown = r.describedAs(ctx, keyID); return nil },
		func() error { of, restErr = r.restOf(ctx, keyID, grantee); return nil },
	)
	if unknown != nil {
		return State{}, unknown
	}
	return of.with(d), restErr
}

func (r *Reader) describedAs(ctx context.Context, keyID string) (described, error) {
	return r.described.get(keyID, func() (described, error) { return r.describe(ctx, keyID) })
}

func (r *Reader) restOf(ctx context.Context, arn, grantee string) (rest, error) {
	return r.rests.get(keyFor{arn, grantee}, func() (rest, error) { return r.rest(ctx, arn, grantee) })
}

func (r *Reader) describe(ctx context.Context, keyID string) (described, error) {
	out, err := r.keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &keyID})
	denial, _ := account.DenialOf(err)
	switch {
	case namesNone(err):
		return described{}, fmt.Errorf("describe key %s: %w: %s", keyID, ErrKeyNotFound, account.Message(err))
	case denial.Action == "kms:DescribeKey": // else it is the reader's role that couldn't be assumed
		return described{
			key: access.Key{ARN: r.named(keyID, denial)}, unseen: "the key's state: " + refusal("kms:DescribeKey", err),
			keptOut: !r.foreign(keyID) && denial.Policy == account.ResourceBased,
		}, nil
	case err != nil:
		return described{}, fmt.Errorf("describe key %s: %w", keyID, err)
	case out.KeyMetadata == nil:
		return described{}, fmt.Errorf("describe key %s: the answer is empty", keyID)
	}
	return described{key: keyOf(out.KeyMetadata)}, nil
}

// named is the ARN of a key that may not be described: as KMS says it, else as it is
// written down.
func (r *Reader) named(keyID string, denial account.Denial) string {
	switch {
	case arn.Account(keyID) != "":
		return keyID
	case strings.Contains(denial.Resource, ":key/"):
		return denial.Resource
	case !strings.HasPrefix(keyID, "alias/"):
		keyID = "key/" + keyID
	}
	return "arn:" + cmp.Or(arn.Partition(denial.Resource), "aws") + ":kms:" + r.region + ":" + r.account + ":" + keyID
}

// foreign reports whether a key, by its ARN, is of another account than the
// reader's; a bare id isn't.
func (r *Reader) foreign(key string) bool {
	owner := arn.Account(key)
	return owner != "" && owner != r.account
}

// A rest is what a key is besides what DescribeKey says of it.
type rest struct {
	State
	refused bool // the policy; then KeptOut is known
	unnamed bool // which key the alias names isn't known, and nothing was read
}

// rest reads it, side by side.
func (r *Reader) rest(ctx context.Context, key, grantee string) (rest, error) {
	s := rest{State: State{Facts: access.Facts{Key: access.Key{ARN: key}}}}
	grants := func() error { return r.grants(ctx, &s.State, grantee) }
	parts := []func() error{ // each writes to fields of its own
		func() error { return r.policy(ctx, &s) },
		func() error { return r.tags(ctx, &s.State) },
		func() error { return r.alias(ctx, &s.State) },
		grants,
	}
	if owner := arn.Account(key); owner != r.account {
		s.foreign(owner)
		parts = []func() error{grants}
	} else if s.unnamed = !strings.Contains(key, ":key/"); s.unnamed {
		parts = nil
	}
	err := together.Do(parts...)
	if err == nil && r.foreign(key) && s.Facts.GrantsUnreadable != "" && r.granter != "" {
		err = r.retirable(ctx, &s.State, grantee)
	}
	return s, err
}

// with returns the whole state. Its lists have no room, so that an append copies them.
func (s rest) with(d described) State {
	out := s.State
	out.Facts.Key = d.key
	if !s.refused {
		out.KeptOut = d.keptOut
	}
	var unseen []string
	if d.unseen != "" {
		unseen = []string{d.unseen}
	}
	out.Facts.Grants, out.Facts.CouldNotSee = slices.Clip(out.Facts.Grants), slices.Concat(unseen, out.Facts.CouldNotSee)
	if s.unnamed {
		out.Facts.PolicyUnreadable, out.Facts.GrantsUnreadable, out.TagsUnreadable = d.unseen, d.unseen, d.unseen
	}
	return out
}

// namesNone reports whether the key isn't there, or is written down in a way in
// which no key can be: templates take any text.
func namesNone(err error) bool {
	_, gone := errors.AsType[*types.NotFoundException](err)
	_, arn := errors.AsType[*types.InvalidArnException](err)
	api, ok := errors.AsType[smithy.APIError](err)
	return gone || arn || ok && api.ErrorCode() == "ValidationException"
}

// foreign: GetKeyPolicy, ListResourceTags and ListAliases are "Cross-account
// use: No"; DescribeKey and ListGrants are "Yes", with the key's ARN.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
func (s *State) foreign(owner string) {
	s.Facts.PolicyUnreadable = "kms:GetKeyPolicy works in the key's own account only, " + owner
	s.TagsUnreadable = "kms:ListResourceTags works in the key's own account only, " + owner
}

func keyOf(m *types.KeyMetadata) access.Key {
	k := access.Key{
		ARN: aws.ToString(m.Arn), State: string(m.KeyState), Manager: string(m.KeyManager),
		Spec: string(m.KeySpec), Usage: string(m.KeyUsage), Origin: string(m.Origin),
		MultiRegion: aws.ToBool(m.MultiRegion),
	}
	if c := m.MultiRegionConfiguration; c != nil {
		k.MultiRegionType = string(c.MultiRegionKeyType)
	}
	return k
}

// elsewhere: KMS answers for its own Region only, and says of another's ARN no
// more than that there is no such key.
func elsewhere(arn, region string) State {
	why := "the key is in " + region
	s := State{TagsUnreadable: why}
	s.Facts.Key.ARN, s.Facts.PolicyUnreadable, s.Facts.GrantsUnreadable = arn, why, why
	return s
}

// unreadable turns a refusal into words, and leaves every other error.
func unreadable(action string, err error) (string, error) {
	switch {
	case account.AccessDenied(err):
		return refusal(action, err), nil
	case account.Untold(err):
		return account.Message(err), nil
	}
	return "", err
}

// refusal says that the key's own policy refused an action, or else what AWS says.
func refusal(action string, err error) string {
	d, _ := account.DenialOf(err)
	if d.Policy == account.ResourceBased && !d.Unclear {
		return action + " was refused: " + d.String()
	}
	return action + " was refused: " + account.Message(err)
}
