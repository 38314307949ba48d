package wiring

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/arn"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/observe"
)

// Policies reads key policies: KMS.
type Policies interface {
	GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error)
}

var _ apply.Reader = (*view)(nil)

// A view reads one account in one Region. It has no method that writes.
type view struct {
	policies        Policies
	account, region string
	launches        *observe.Resolver
	keys            *keystate.Reader
	others          *otherAccounts
}

// Launch implements apply.Reader.
func (v *view) Launch(ctx context.Context, group string) (launch.Launch, error) {
	return v.launches.Resolve(ctx, v.account, v.region, group)
}

// Supposing returns a reader for which the account's EBS settings are what a function
// makes of them; all else is as this one reads it, and remembers it.
func (v *view) Supposing(settings func(encryption.Defaults) encryption.Defaults) apply.Reader {
	c := *v
	c.launches = v.launches.Supposing(settings)
	return &c
}

// Storage implements apply.Reader.
func (v *view) Storage() *observe.Storage { return v.launches.Storage() }

// Role implements apply.Keys.
func (v *view) Role(ctx context.Context, arn string) (access.Principal, error) {
	return v.keys.Role(ctx, arn)
}

// Key implements apply.Keys.
func (v *view) Key(ctx context.Context, id, principalARN string) (keystate.State, error) {
	owner := arn.Owner(id)
	if owner == "" || owner == v.account {
		return v.keys.Read(ctx, id, principalARN)
	}
	state, err := v.others.key(ctx, owner, id, principalARN)
	why, hidden := notOnboarded(owner, err)
	if !hidden {
		return v.grants(ctx, state, id, principalARN), err
	}
	if state, err = v.keys.Read(ctx, id, principalARN); err != nil {
		return state, err
	}
	// What the reader returns is shared.
	state.Facts.CouldNotSee = append(slices.Clone(state.Facts.CouldNotSee), why)
	if state.Facts.Policy == nil && state.Facts.Key.Manager != "AWS" {
		state.Facts.PolicyUnreadable, state.TagsUnreadable = why, why
	}
	return state, nil
}

// grants adds to a key that the owner's own reader may not look into the grants that
// its policy lets this account list.
func (v *view) grants(ctx context.Context, state keystate.State, id, principalARN string) keystate.State {
	if !state.KeptOut || state.Facts.GrantsUnreadable == "" {
		return state
	}
	if here, err := v.keys.Read(ctx, id, principalARN); err == nil && here.Facts.GrantsUnreadable == "" {
		state.Facts.Grants, state.Facts.GrantsUnreadable = here.Facts.Grants, ""
	}
	return state
}

// Grant implements apply.Keys, in the key's account or else as this account sees it.
func (v *view) Grant(ctx context.Context, key, id string) (access.Grant, error) {
	keys := v.keys
	if owner := arn.Owner(key); owner != "" && owner != v.account {
		if there, err := v.others.reader(ctx, owner); err == nil {
			keys = there
		}
	}
	return keys.Grant(ctx, key, id)
}

// Policy implements apply.Keys, in the key's account.
func (v *view) Policy(ctx context.Context, key string) (string, error) {
	policies := v.policies
	if owner := arn.Owner(key); owner != "" && owner != v.account {
		var err error
		if policies, err = v.others.policies(ctx, owner); err != nil {
			return "", err
		}
	}
	out, err := policies.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		return "", fmt.Errorf("get key policy of %s: %w", key, err)
	}
	if out.Policy == nil {
		return "", fmt.Errorf("get key policy of %s: the answer has no policy", key)
	}
	return *out.Policy, nil
}
