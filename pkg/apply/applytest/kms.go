package applytest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
)

// Policy implements apply.Keys.
func (w *World) Policy(_ context.Context, key string) (string, error) {
	policy := ""
	err := w.call(Call{Action: "kms:GetKeyPolicy", Target: key}, func() error {
		if policy = w.Policies[key]; policy == "" {
			return &types.NotFoundException{Message: new("Key '" + key + "' does not exist")}
		}
		return nil
	})
	return policy, err
}

// Key implements apply.Keys. What may not be read is said in the state.
func (w *World) Key(_ context.Context, id, principalARN string) (keystate.State, error) {
	s := keystate.State{Facts: access.Facts{Key: access.Key{ARN: id, State: "Enabled", Manager: "CUSTOMER"}}}
	err := w.call(Call{Action: "kms:DescribeKey", Target: id}, func() (err error) {
		if s.Facts.Policy, err = keypolicy.Parse(w.Policies[id]); err != nil {
			return fmt.Errorf("describe key %s: %w", id, keystate.ErrKeyNotFound)
		}
		return nil
	})
	if err != nil {
		return keystate.State{}, err
	}
	err = w.call(Call{Action: "kms:ListGrants", Target: id}, func() error {
		for _, g := range w.Grants {
			if *g.KeyId == id && *g.GranteePrincipal == principalARN {
				s.Facts.Grants = append(s.Facts.Grants, grantOf(g))
			}
		}
		return nil
	})
	if account.AccessDenied(err) {
		s.Facts.Grants, s.Facts.GrantsUnreadable, err = nil, "kms:ListGrants was refused: "+account.Message(err), nil
	}
	return s, err
}

// Grant implements apply.Keys.
func (w *World) Grant(_ context.Context, key, id string) (found access.Grant, err error) {
	err = w.call(Call{Action: "kms:ListGrants", Target: key}, func() error {
		for _, g := range w.Grants {
			if *g.KeyId == key && *g.GrantId == id {
				found = grantOf(g)
			}
		}
		return nil
	})
	return found, err
}

func grantOf(g types.GrantListEntry) access.Grant {
	out := access.Grant{
		ID: *g.GrantId, Name: *g.Name, GranteePrincipal: *g.GranteePrincipal,
		RetiringPrincipal: aws.ToString(g.RetiringPrincipal), Created: aws.ToTime(g.CreationDate),
	}
	for _, o := range g.Operations {
		out.Operations = append(out.Operations, string(o))
	}
	return out
}

func (w *World) kmsLines() []string {
	var out []string
	for key, policy := range w.Policies {
		d, err := keypolicy.Parse(policy)
		if err != nil {
			out = append(out, "policy of "+key+": "+policy)
			continue
		}
		for _, s := range d.Statements() {
			s.Index = 0
			text, err := json.Marshal(s)
			if err != nil {
				text = []byte(err.Error())
			}
			out = append(out, "statement of "+key+": "+string(text))
		}
	}
	for _, g := range w.Grants {
		out = append(out, fmt.Sprintf("grant %s on %s to %s of %v, retired by %s", *g.Name, *g.KeyId, *g.GranteePrincipal, g.Operations, aws.ToString(g.RetiringPrincipal)))
	}
	return out
}

// AddGrant makes a grant, or finds the one that has the name and says the same.
func (w *World) AddGrant(in *kms.CreateGrantInput) string {
	for _, g := range w.Grants {
		if *g.KeyId == *in.KeyId && aws.ToString(g.Name) == aws.ToString(in.Name) && *g.GranteePrincipal == *in.GranteePrincipal &&
			aws.ToString(g.RetiringPrincipal) == aws.ToString(in.RetiringPrincipal) && slices.Equal(g.Operations, in.Operations) {
			return *g.GrantId
		}
	}
	id := w.id("grant")
	w.Grants = append(w.Grants, types.GrantListEntry{
		GrantId: &id, KeyId: in.KeyId, Name: in.Name, GranteePrincipal: in.GranteePrincipal, RetiringPrincipal: in.RetiringPrincipal,
		Operations: in.Operations, CreationDate: new(w.Now), IssuingAccount: new(arn.Root("aws", Account)),
	})
	return id
}

// keys is KMS, as far as it changes something.
type keys struct{ session }

// PutKeyPolicy implements apply.KMS. KMS takes no principal that isn't there.
func (k keys) PutKeyPolicy(_ context.Context, in *kms.PutKeyPolicyInput, _ ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	return &kms.PutKeyPolicyOutput{}, k.write("kms:PutKeyPolicy", *in.KeyId, in, func() error {
		d, err := keypolicy.Parse(*in.Policy)
		if err != nil {
			return &types.MalformedPolicyDocumentException{Message: new(err.Error())}
		}
		for _, s := range d.Statements() {
			if s.Principal != nil && slices.ContainsFunc(s.Principal.AWS, k.w.unknown) {
				return &types.MalformedPolicyDocumentException{Message: new("Policy contains a statement with one or more invalid principals.")}
			}
		}
		k.w.Policies[*in.KeyId] = *in.Policy
		return nil
	})
}

// unknown reports whether a principal is a role of Account's that isn't there.
func (w *World) unknown(principal string) bool {
	_, there := w.Roles[principal]
	return strings.HasPrefix(principal, "arn:aws:iam::"+Account+":role/aws-service-role/") && !there
}

// CreateGrant implements apply.KMS: the same name with the same parameters is the
// same grant.
func (k keys) CreateGrant(_ context.Context, in *kms.CreateGrantInput, _ ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	out := &kms.CreateGrantOutput{}
	return out, k.write("kms:CreateGrant", *in.KeyId, in, func() error {
		switch {
		case k.w.unknown(*in.GranteePrincipal):
			return &types.InvalidArnException{Message: new("ARN does not refer to a valid principal: " + *in.GranteePrincipal)}
		case aws.ToBool(in.DryRun):
			return &types.DryRunOperationException{Message: new("The request would have succeeded, but the DryRun option is set.")}
		}
		out.GrantId = new(k.w.AddGrant(in))
		return nil
	})
}

// RevokeGrant implements apply.KMS.
func (k keys) RevokeGrant(_ context.Context, in *kms.RevokeGrantInput, _ ...func(*kms.Options)) (*kms.RevokeGrantOutput, error) {
	return &kms.RevokeGrantOutput{}, k.write("kms:RevokeGrant", *in.KeyId, in, func() error { return k.w.ended(*in.KeyId, *in.GrantId) })
}

// RetireGrant implements apply.KMS.
func (k keys) RetireGrant(_ context.Context, in *kms.RetireGrantInput, _ ...func(*kms.Options)) (*kms.RetireGrantOutput, error) {
	return &kms.RetireGrantOutput{}, k.write("kms:RetireGrant", *in.KeyId, in, func() error { return k.w.ended(*in.KeyId, *in.GrantId) })
}

func (w *World) ended(key, id string) error {
	at := slices.IndexFunc(w.Grants, func(g types.GrantListEntry) bool { return *g.KeyId == key && *g.GrantId == id })
	if at < 0 {
		return &types.NotFoundException{Message: new("Grant ID " + id + " not found")}
	}
	w.Grants = slices.Delete(w.Grants, at, at+1)
	return nil
}
