package kms

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

func (s *Service) listed(k *key, g grant) types.GrantListEntry {
	e := types.GrantListEntry{
		KeyId: new(k.arn()), GrantId: &g.id, CreationDate: &g.created, Operations: g.operations, Constraints: g.constraints,
		GranteePrincipal: new(s.principalNow(g.grantee, g.granteeID)), IssuingAccount: new("arn:aws:iam::" + g.issuer + ":root"),
	}
	if g.name != "" {
		e.Name = &g.name
	}
	if g.retiring != "" {
		e.RetiringPrincipal = new(s.principalNow(g.retiring, g.retiringID))
	}
	return e
}

// ListGrants answers for keys of other accounts too, by ARN.
func (s *Service) ListGrants(ctx context.Context, in *kms.ListGrantsInput) (*kms.ListGrantsOutput, error) {
	k, err := s.open(ctx, in.KeyId, "ListGrants")
	if err != nil {
		return nil, err
	}
	all := []types.GrantListEntry{}
	for _, g := range k.grants {
		e := s.listed(k, g)
		if (in.GrantId == nil || *in.GrantId == g.id) && (in.GranteePrincipal == nil || *in.GranteePrincipal == *e.GranteePrincipal) {
			all = append(all, e)
		}
	}
	page, next, err := paging.Cut(all, in.Limit, in.Marker, pages())
	return &kms.ListGrantsOutput{Grants: page, NextMarker: next, Truncated: next != nil}, err
}

// RevokeGrant deletes a grant, also of a key of another account, by ARN.
func (s *Service) RevokeGrant(ctx context.Context, in *kms.RevokeGrantInput) (*kms.RevokeGrantOutput, error) {
	k, err := s.open(ctx, in.KeyId, "RevokeGrant")
	if err != nil {
		return nil, err
	}
	return &kms.RevokeGrantOutput{}, s.drop(k, aws.ToString(in.GrantId), in.DryRun)
}

func (s *Service) drop(k *key, id string, dry *bool) error {
	is := func(g grant) bool { return g.id == id }
	switch {
	case !slices.ContainsFunc(k.grants, is):
		return wire.Errorf("NotFoundException", "Grant ID %s not found", id)
	case dry != nil && *dry:
		return dryRun()
	}
	s.change(k.arn(), func(k *key) { k.grants = slices.DeleteFunc(slices.Clone(k.grants), is) })
	return nil
}

// RetireGrant deletes a grant. Who may is in the grant itself: its retiring
// principal, its grantee where it allows RetireGrant, and, by IAM policy, the
// account that issued it.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
func (s *Service) RetireGrant(ctx context.Context, in *kms.RetireGrantInput) (*kms.RetireGrantOutput, error) {
	c := wire.CallerOf(ctx)
	k, g, err := s.toRetire(in)
	if err != nil {
		return nil, err
	}
	wire.CallOf(ctx).Resources = []string{k.arn()}
	if !s.mayRetire(c, g) {
		err := s.byIdentity(c, "RetireGrant", k.arn(), nil)
		if err == nil && g.issuer != c.Account {
			err = foreign(c, "RetireGrant")
		}
		if err != nil {
			return nil, err
		}
	}
	return &kms.RetireGrantOutput{}, s.drop(k, g.id, in.DryRun)
}

func (s *Service) toRetire(in *kms.RetireGrantInput) (*key, grant, error) {
	if in.GrantToken == nil && !strings.HasPrefix(aws.ToString(in.KeyId), "arn:") {
		return nil, grant{}, wire.Errorf("ValidationException", "RetireGrant needs a GrantToken, or a key ARN and a GrantId")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for arn, k := range s.keys {
		for _, g := range k.grants {
			if in.GrantToken != nil && g.token == *in.GrantToken || in.GrantToken == nil && arn == *in.KeyId && g.id == aws.ToString(in.GrantId) {
				return k.copy(), g, nil
			}
		}
	}
	return nil, grant{}, wire.Errorf("NotFoundException", "Grant ID %s not found", aws.ToString(in.GrantId))
}

func (s *Service) mayRetire(c *wire.Caller, g grant) bool {
	me := c.Principal()
	retiring := g.retiring != "" && s.principalNow(g.retiring, g.retiringID) == me
	grantee := s.principalNow(g.grantee, g.granteeID) == me && slices.Contains(g.operations, types.GrantOperationRetireGrant)
	return retiring || grantee
}

// ListRetirableGrants answers with the grants of the caller's Region that a
// principal may retire.
func (s *Service) ListRetirableGrants(ctx context.Context, in *kms.ListRetirableGrantsInput) (*kms.ListRetirableGrantsOutput, error) {
	c := wire.CallerOf(ctx)
	if err := s.byIdentity(c, "ListRetirableGrants", "*", nil); err != nil {
		return nil, err
	}
	all := []types.GrantListEntry{}
	for _, k := range s.inRegion(c.Region) {
		for _, g := range k.grants {
			if g.retiring != "" && s.principalNow(g.retiring, g.retiringID) == aws.ToString(in.RetiringPrincipal) {
				all = append(all, s.listed(k, g))
			}
		}
	}
	slices.SortFunc(all, func(a, b types.GrantListEntry) int { return strings.Compare(*a.GrantId, *b.GrantId) })
	page, next, err := paging.Cut(all, in.Limit, in.Marker, pages())
	return &kms.ListRetirableGrantsOutput{Grants: page, NextMarker: next, Truncated: next != nil}, err
}

func (s *Service) inRegion(region string) []*key {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*key
	for _, k := range s.keys {
		if k.region == region {
			out = append(out, k.copy())
		}
	}
	return out
}
