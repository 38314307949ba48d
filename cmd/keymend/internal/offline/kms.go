package offline

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/keystate"
)

var (
	_ keystate.Keys    = keys{}
	_ keystate.Aliases = keys{}
	_ keystate.Roles   = roles{}
)

// keys answers as KMS does.
type keys struct{ *World }

// DescribeKey implements keystate.Keys. Where no file is about the state of keys, one of the
// account's is taken for a usual one that is enabled.
func (k keys) DescribeKey(_ context.Context, in *kms.DescribeKeyInput, _ ...func(*kms.Options)) (*kms.DescribeKeyOutput, error) {
	key := k.arnOf(*in.KeyId)
	of, known := k.facts.keys.all[key]
	switch {
	case !isKey(key):
		return nil, &types.InvalidArnException{Message: new("no key is called " + *in.KeyId)}
	case known:
	case ofAWS(key):
		of = types.KeyMetadata{Arn: &key, KeyState: types.KeyStateEnabled, KeyManager: types.KeyManagerTypeAws}
	case k.withoutState(key):
		of = types.KeyMetadata{Arn: &key, KeyState: types.KeyStateEnabled, KeyManager: types.KeyManagerTypeCustomer}
	default: // which state it is in isn't known
		of = types.KeyMetadata{Arn: &key, KeyManager: types.KeyManagerTypeCustomer}
	}
	return &kms.DescribeKeyOutput{KeyMetadata: &of}, nil
}

// withoutState reports whether the state of a key is left out, since no file is about any's.
func (w *World) withoutState(key string) bool {
	return !w.strict && len(w.facts.keys.all) == 0 && arn.Account(key) == w.Account
}

// withoutGrants reports whether the grants on a key are left out, since no file is about any:
// to another account's key there is no other way, so there they are unknown.
func (w *World) withoutGrants(key string) bool {
	return !w.strict && len(w.facts.grants) == 0 && arn.Account(key) == w.Account
}

// GetKeyPolicy implements keystate.Keys.
func (k keys) GetKeyPolicy(_ context.Context, in *kms.GetKeyPolicyInput, _ ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error) {
	text, known := k.facts.policies.all[*in.KeyId]
	switch {
	case known:
	case ofAWS(*in.KeyId):
		text = managed(*in.KeyId)
	default:
		return nil, account.NewUntold("no file has the policy of " + *in.KeyId)
	}
	return &kms.GetKeyPolicyOutput{Policy: &text}, nil
}

// managed is the policy of alias/aws/ebs, which nobody can change.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account
func managed(key string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Allow access through EBS for all principals in the account that are authorized to use EBS","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":%q,"kms:ViaService":%q}}}]}`,
		arn.Account(key), "ec2."+arn.Region(key)+".amazonaws.com")
}

// ListGrants implements keystate.Keys.
func (k keys) ListGrants(_ context.Context, in *kms.ListGrantsInput, _ ...func(*kms.Options)) (*kms.ListGrantsOutput, error) {
	of := k.facts.grants[*in.KeyId]
	switch {
	case of == nil && (ofAWS(*in.KeyId) || k.withoutGrants(*in.KeyId)):
		return &kms.ListGrantsOutput{}, nil
	case of == nil:
		return nil, account.NewUntold("no file has the grants on " + *in.KeyId)
	case !of.whole:
		return nil, account.NewUntold("no file has the last page of the grants on " + *in.KeyId)
	}
	out := &kms.ListGrantsOutput{}
	for _, g := range of.all.list() {
		if (in.GranteePrincipal == nil || value(g.GranteePrincipal) == *in.GranteePrincipal) && (in.GrantId == nil || value(g.GrantId) == *in.GrantId) {
			out.Grants = append(out.Grants, g)
		}
	}
	return out, nil
}

// ListResourceTags implements keystate.Keys. No launch hangs on a tag.
func (k keys) ListResourceTags(_ context.Context, in *kms.ListResourceTagsInput, _ ...func(*kms.Options)) (*kms.ListResourceTagsOutput, error) {
	return &kms.ListResourceTagsOutput{Tags: k.facts.tags.all[*in.KeyId]}, nil
}

// ListAliases implements keystate.Aliases.
func (k keys) ListAliases(_ context.Context, in *kms.ListAliasesInput, _ ...func(*kms.Options)) (*kms.ListAliasesOutput, error) {
	out := &kms.ListAliasesOutput{}
	for _, a := range k.facts.aliases.list() {
		if id := value(a.TargetKeyId); id != "" && strings.TrimPrefix(*in.KeyId, "key/") == id {
			out.Aliases = append(out.Aliases, a)
		}
	}
	if alias := aliasOf(":key/" + *in.KeyId); alias != "" {
		out.Aliases = append(out.Aliases, types.AliasListEntry{AliasName: &alias})
	}
	return out, nil
}

// ListRetirableGrants implements keystate.Aliases: nobody is there who retires any.
func (keys) ListRetirableGrants(context.Context, *kms.ListRetirableGrantsInput, ...func(*kms.Options)) (*kms.ListRetirableGrantsOutput, error) {
	return &kms.ListRetirableGrantsOutput{}, nil
}

// roles answers as IAM does, about the roles that a file has.
type roles struct{ *World }

// GetRole implements keystate.Roles.
func (r roles) GetRole(_ context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	role, known := r.facts.roles.all[*in.RoleName]
	if !known {
		return nil, account.NewUntold("no file has role " + *in.RoleName)
	}
	return &iam.GetRoleOutput{Role: &role}, nil
}

// hasRole reports whether a file has a role, by its ARN.
func (w *World) hasRole(role string) bool {
	r, known := w.facts.roles.all[arn.Last(role)]
	return known && value(r.Arn) == role
}
