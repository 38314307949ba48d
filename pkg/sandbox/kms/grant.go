package kms

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/access"
	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/wire"
)

// A grant is bound to the role that its grantee's name meant when it was made.
type grant struct {
	id, token, name      string
	grantee, granteeID   string // granteeID: a role's unique id; "" for others
	retiring, retiringID string
	issuer               string // account
	operations           []types.GrantOperation
	constraints          *types.GrantConstraints
	created              time.Time
}

// CreateGrant makes a grant, or answers with the one that has the same name and
// properties. It works on keys of other accounts, by ARN.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func (s *Service) CreateGrant(ctx context.Context, in *kms.CreateGrantInput) (*kms.CreateGrantOutput, error) {
	c := wire.CallerOf(ctx)
	if err := noAlias(in.KeyId, "CreateGrant"); err != nil {
		return nil, err
	}
	k, err := s.find(c, in.KeyId, "CreateGrant")
	if err != nil {
		return nil, err
	}
	if in.GranteePrincipal == nil || len(in.Operations) == 0 {
		return nil, wire.Errorf("ValidationException", "GranteePrincipal and Operations must be given; service principals as grantees are not in the sandbox")
	}
	if err := s.mayGrant(ctx, k, in); err != nil {
		return nil, err
	}
	g, err := s.newGrant(c, in)
	if err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, dryRun()
	}
	s.change(k.arn(), func(k *key) { g = k.keep(g) })
	return &kms.CreateGrantOutput{GrantId: &g.id, GrantToken: &g.token}, nil
}

func dryRun() error {
	return wire.Errorf("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}

// mayGrant authorises CreateGrant with the condition keys that only it has.
func (s *Service) mayGrant(ctx context.Context, k *key, in *kms.CreateGrantInput) error {
	u := Use{Grantee: *in.GranteePrincipal}
	for _, op := range in.Operations {
		u.GrantOperations = append(u.GrantOperations, string(op))
	}
	more := map[string][]string{}
	if in.RetiringPrincipal != nil {
		more["kms:retiringprincipal"] = []string{*in.RetiringPrincipal}
	}
	if g := in.Constraints; g != nil {
		u.EncryptionContext = maps.Clone(g.EncryptionContextSubset)
		more["kms:grantconstrainttype"] = []string{"EncryptionContextSubset"}
		if g.EncryptionContextEquals != nil {
			u.EncryptionContext = g.EncryptionContextEquals
			more["kms:grantconstrainttype"] = []string{"EncryptionContextEquals"}
		}
	}
	return s.authorize(ctx, k, request{operation: "CreateGrant", use: u, more: more})
}

// newGrant checks that the principals exist.
func (s *Service) newGrant(c *wire.Caller, in *kms.CreateGrantInput) (grant, error) {
	g := grant{
		id: ident.Hex(), token: ident.Hex(), name: aws.ToString(in.Name), grantee: *in.GranteePrincipal, retiring: aws.ToString(in.RetiringPrincipal),
		issuer: c.Account, operations: slices.Clone(in.Operations), constraints: in.Constraints, created: s.clock.Now(),
	}
	slices.Sort(g.operations)
	g.operations = slices.Compact(g.operations)
	for _, p := range []struct {
		arn string
		id  *string
	}{{g.grantee, &g.granteeID}, {g.retiring, &g.retiringID}} {
		if p.arn != "" && !s.knows(p.arn, func(sw Switches) time.Duration { return sw.GrantDelay }) {
			return g, wire.Errorf("InvalidArnException", "ARN does not refer to a valid principal: %s", p.arn)
		}
		if role, ok := s.roles.Role(p.arn); ok {
			*p.id = role.ID
		}
	}
	return g, nil
}

// keep adds a grant. One with the same name and properties that is there
// already is returned instead, with the new token.
func (k *key) keep(g grant) grant {
	for _, old := range k.grants {
		if g.name != "" && old.same(g) {
			old.token = g.token
			return old
		}
	}
	k.grants = append(k.grants, g)
	return g
}

func (g grant) same(o grant) bool {
	return g.name == o.name && g.grantee == o.grantee && g.granteeID == o.granteeID &&
		g.retiring == o.retiring && g.retiringID == o.retiringID && g.issuer == o.issuer &&
		slices.Equal(g.operations, o.operations) && sameConstraints(g.constraints, o.constraints)
}

func sameConstraints(a, b *types.GrantConstraints) bool {
	none := types.GrantConstraints{}
	x, y := *cmp.Or(a, &none), *cmp.Or(b, &none)
	return maps.Equal(x.EncryptionContextEquals, y.EncryptionContextEquals) &&
		maps.Equal(x.EncryptionContextSubset, y.EncryptionContextSubset) && aws.ToString(x.SourceArn) == aws.ToString(y.SourceArn)
}

// principalNow returns a principal's name, or its unique id where the role that
// was meant is gone.
func (s *Service) principalNow(arn, id string) string {
	if id == "" {
		return arn
	}
	if role, ok := s.roles.Role(arn); ok && role.ID == id {
		return arn
	}
	return id
}

// grantFacts returns a key's grants as the evaluator reads them.
func (s *Service) grantFacts(k *key) []access.Grant {
	out := make([]access.Grant, 0, len(k.grants))
	for _, g := range k.grants {
		f := access.Grant{
			ID: g.id, Name: g.name, GranteePrincipal: s.principalNow(g.grantee, g.granteeID),
			RetiringPrincipal: s.principalNow(g.retiring, g.retiringID), IssuingAccount: "arn:aws:iam::" + g.issuer + ":root",
		}
		for _, op := range g.operations {
			f.Operations = append(f.Operations, string(op))
		}
		if g.constraints != nil {
			f.Constraints = &access.Constraints{EncryptionContextEquals: g.constraints.EncryptionContextEquals,
				EncryptionContextSubset: g.constraints.EncryptionContextSubset, SourceARN: aws.ToString(g.constraints.SourceArn)}
		}
		out = append(out, f)
	}
	return out
}
