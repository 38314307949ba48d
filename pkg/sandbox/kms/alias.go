package kms

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// An alias is a name for a key of the same account and Region.
type alias struct {
	arn, name, target string // target is the key's ARN
	created, updated  time.Time
}

func aliasARN(account, region, name string) string {
	return "arn:aws:kms:" + region + ":" + account + ":" + name
}

// aliasesOf returns the names of a key's aliases.
func (s *Service) aliasesOf(keyARN string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, a := range s.aliases {
		if a.target == keyARN {
			names = append(names, a.name)
		}
	}
	slices.Sort(names)
	return names
}

// CreateAlias needs kms:CreateAlias on the key and, by IAM policy, on the alias.
func (s *Service) CreateAlias(ctx context.Context, in *kms.CreateAliasInput) (*kms.CreateAliasOutput, error) {
	return &kms.CreateAliasOutput{}, s.setAlias(ctx, aws.ToString(in.AliasName), in.TargetKeyId, "CreateAlias")
}

// UpdateAlias gives an alias another key.
func (s *Service) UpdateAlias(ctx context.Context, in *kms.UpdateAliasInput) (*kms.UpdateAliasOutput, error) {
	return &kms.UpdateAliasOutput{}, s.setAlias(ctx, aws.ToString(in.AliasName), in.TargetKeyId, "UpdateAlias")
}

func (s *Service) setAlias(ctx context.Context, name string, target *string, operation string) error {
	c := wire.CallerOf(ctx)
	if !strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "alias/aws/") {
		return wire.Errorf("InvalidAliasNameException", "Alias must start with the prefix \"alias/\", and not with \"alias/aws/\".")
	}
	arn := aliasARN(c.Account, c.Region, name)
	if err := s.byIdentity(c, operation, arn, nil); err != nil {
		return err
	}
	k, err := s.manage(ctx, target, request{operation: operation}, func(*key) {})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.aliases[arn]
	switch {
	case operation == "CreateAlias" && old != nil:
		return wire.Errorf("AlreadyExistsException", "An alias with the name %s already exists", arn)
	case operation == "UpdateAlias" && old == nil:
		return wire.Errorf("NotFoundException", "Alias %s is not found.", arn)
	}
	a := &alias{arn: arn, name: name, target: k.arn(), created: s.clock.Now(), updated: s.clock.Now()}
	if old != nil {
		a.created = old.created
	}
	s.aliases[arn] = a
	return nil
}

// DeleteAlias needs kms:DeleteAlias on the key and, by IAM policy, on the alias.
func (s *Service) DeleteAlias(ctx context.Context, in *kms.DeleteAliasInput) (*kms.DeleteAliasOutput, error) {
	c := wire.CallerOf(ctx)
	arn := aliasARN(c.Account, c.Region, aws.ToString(in.AliasName))
	if err := s.byIdentity(c, "DeleteAlias", arn, nil); err != nil {
		return nil, err
	}
	if _, err := s.manage(ctx, in.AliasName, request{operation: "DeleteAlias"}, func(*key) { delete(s.aliases, arn) }); err != nil {
		return nil, err
	}
	return &kms.DeleteAliasOutput{}, nil
}

// ListAliases answers with the caller's aliases, of one key where KeyId is
// given.
func (s *Service) ListAliases(ctx context.Context, in *kms.ListAliasesInput) (*kms.ListAliasesOutput, error) {
	c := wire.CallerOf(ctx)
	target := ""
	if in.KeyId != nil {
		k, err := s.own(c, in.KeyId, "ListAliases")
		if err != nil {
			return nil, err
		}
		target = k.arn()
	}
	if err := s.byIdentity(c, "ListAliases", "*", nil); err != nil {
		return nil, err
	}
	all := []types.AliasListEntry{}
	s.mu.Lock()
	for _, a := range s.aliases {
		if strings.HasPrefix(a.arn, aliasARN(c.Account, c.Region, "")) && (target == "" || a.target == target) {
			all = append(all, a.listed())
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b types.AliasListEntry) int { return strings.Compare(*a.AliasName, *b.AliasName) })
	page, next, err := paging.Cut(all, in.Limit, in.Marker, pages())
	return &kms.ListAliasesOutput{Aliases: page, NextMarker: next, Truncated: next != nil}, err
}

func (a *alias) listed() types.AliasListEntry {
	id := a.target[strings.LastIndexByte(a.target, '/')+1:]
	return types.AliasListEntry{AliasArn: &a.arn, AliasName: &a.name, TargetKeyId: &id, CreationDate: &a.created, LastUpdatedDate: &a.updated}
}
