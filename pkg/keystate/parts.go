package keystate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/keypolicy"
)

func (r *Reader) policy(ctx context.Context, s *rest) error {
	out, err := r.keys.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &s.Facts.Key.ARN})
	if err != nil {
		denial, _ := account.DenialOf(err)
		s.refused, s.KeptOut = true, denial.Policy == account.ResourceBased
		if s.Facts.PolicyUnreadable, err = unreadable("kms:GetKeyPolicy", err); err != nil {
			return fmt.Errorf("get policy of key %s: %w", s.Facts.Key.ARN, err)
		}
		return nil
	}
	// A policy that can't be parsed isn't an error: the key is as it is.
	if s.Facts.Policy, err = keypolicy.Parse(aws.ToString(out.Policy)); err != nil {
		s.Facts.Policy, s.Facts.PolicyUnreadable = nil, err.Error()
	}
	return nil
}

// A pager is one of KMS's paginators.
type pager[P any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*kms.Options)) (P, error)
}

// every calls take with each page. It returns why the list is refused, in words: half a
// list is none then.
func every[P any](ctx context.Context, action string, pages pager[P], take func(P)) (refused string, err error) {
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unreadable(action, err)
		}
		take(page)
	}
	return "", nil
}

// grants asks for the grantee's only: a busy EBS key has a grant for every
// attached volume, up to 50,000.
func (r *Reader) grants(ctx context.Context, s *State, grantee string) error {
	var found []access.Grant
	pages := kms.NewListGrantsPaginator(r.keys, &kms.ListGrantsInput{
		KeyId: &s.Facts.Key.ARN, GranteePrincipal: &grantee, Limit: new(int32(100)),
	})
	refused, err := every(ctx, "kms:ListGrants", pages, func(page *kms.ListGrantsOutput) {
		for _, g := range page.Grants {
			found = append(found, grantOf(g))
		}
	})
	// What KMS says to a filter by a role that isn't there is not documented.
	if noRole, ok := errors.AsType[*types.InvalidArnException](err); ok {
		refused, err = "kms:ListGrants was refused: "+noRole.ErrorMessage(), nil
	}
	if err != nil {
		return fmt.Errorf("list grants of key %s: %w", s.Facts.Key.ARN, err)
	}
	if s.Facts.GrantsUnreadable = refused; refused == "" {
		s.Facts.Grants = found
	}
	return nil
}

// Grant returns the grant with an id on a key, whoever its grantee is: that of a role
// which was deleted since is listed under the role's id. One that is gone has no ID.
func (r *Reader) Grant(ctx context.Context, key, id string) (access.Grant, error) {
	out, err := r.keys.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &key, GrantId: &id})
	_, none := errors.AsType[*types.InvalidGrantIdException](err)
	_, gone := errors.AsType[*types.NotFoundException](err)
	switch {
	case none || gone: // a key is deleted with its grants
		return access.Grant{}, nil
	case err != nil:
		return access.Grant{}, fmt.Errorf("list grants of key %s: %w", key, err)
	case len(out.Grants) == 0:
		return access.Grant{}, nil
	}
	return grantOf(out.Grants[0]), nil
}

// retirable finds Keymend's own grants on a key whose grants may not be listed:
// who may retire a grant sees it, on whose key ever it is.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html
func (r *Reader) retirable(ctx context.Context, s *State, grantee string) error {
	var found []access.Grant
	pages := kms.NewListRetirableGrantsPaginator(r.aliases, &kms.ListRetirableGrantsInput{RetiringPrincipal: &r.granter, Limit: new(int32(100))})
	refused, err := every(ctx, "kms:ListRetirableGrants", pages, func(page *kms.ListRetirableGrantsOutput) {
		for _, g := range page.Grants {
			// KMS gives the key as its ARN or its id.
			if id := aws.ToString(g.KeyId); (id == s.Facts.Key.ARN || strings.HasSuffix(s.Facts.Key.ARN, ":key/"+id)) && aws.ToString(g.GranteePrincipal) == grantee {
				found = append(found, grantOf(g))
			}
		}
	})
	switch {
	case err != nil:
		return fmt.Errorf("list retirable grants of %s: %w", r.granter, err)
	case refused != "":
		s.Facts.CouldNotSee = append(s.Facts.CouldNotSee, "Keymend's own grants: "+refused)
	default:
		s.Facts.Grants = found
	}
	return nil
}

func grantOf(g types.GrantListEntry) access.Grant {
	out := access.Grant{
		ID: aws.ToString(g.GrantId), Name: aws.ToString(g.Name),
		GranteePrincipal:        aws.ToString(g.GranteePrincipal),
		GranteeServicePrincipal: aws.ToString(g.GranteeServicePrincipal),
		RetiringPrincipal:       aws.ToString(g.RetiringPrincipal),
		IssuingAccount:          aws.ToString(g.IssuingAccount),
		Created:                 aws.ToTime(g.CreationDate),
	}
	for _, op := range g.Operations {
		out.Operations = append(out.Operations, string(op))
	}
	if c := g.Constraints; c != nil {
		out.Constraints = &access.Constraints{
			EncryptionContextEquals: c.EncryptionContextEquals,
			EncryptionContextSubset: c.EncryptionContextSubset,
			SourceARN:               aws.ToString(c.SourceArn),
		}
	}
	return out
}

func (r *Reader) tags(ctx context.Context, s *State) error {
	tags := map[string]string{}
	pages := kms.NewListResourceTagsPaginator(r.keys, &kms.ListResourceTagsInput{KeyId: &s.Facts.Key.ARN})
	refused, err := every(ctx, "kms:ListResourceTags", pages, func(page *kms.ListResourceTagsOutput) {
		for _, t := range page.Tags {
			tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
	})
	if err != nil {
		return fmt.Errorf("list tags of key %s: %w", s.Facts.Key.ARN, err)
	}
	if s.TagsUnreadable = refused; refused == "" {
		s.Tags = tags
	}
	return nil
}

// alias finds the name for display. Not being allowed to see it stops nothing,
// but is said: without it people may not know the key again.
func (r *Reader) alias(ctx context.Context, s *State) error {
	_, id, _ := strings.Cut(s.Facts.Key.ARN, ":key/")
	var names []string
	pages := kms.NewListAliasesPaginator(r.aliases, &kms.ListAliasesInput{KeyId: &id})
	refused, err := every(ctx, "kms:ListAliases", pages, func(page *kms.ListAliasesOutput) {
		for _, a := range page.Aliases {
			names = append(names, aws.ToString(a.AliasName))
		}
	})
	switch {
	case err != nil:
		return fmt.Errorf("list aliases of key %s: %w", s.Facts.Key.ARN, err)
	case refused != "":
		s.Facts.CouldNotSee = append(s.Facts.CouldNotSee, "the key's aliases: "+refused)
	case len(names) > 0:
		s.Alias = slices.Min(names)
	}
	return nil
}
