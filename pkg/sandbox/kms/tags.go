package kms

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/paging"
)

// TagResource adds tags to a key, or gives them other values.
func (s *Service) TagResource(ctx context.Context, in *kms.TagResourceInput) (*kms.TagResourceOutput, error) {
	_, err := s.manage(ctx, in.KeyId, "TagResource", func(k *key) {
		for _, t := range in.Tags {
			k.tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
	})
	return &kms.TagResourceOutput{}, err
}

// UntagResource takes tags away; one that isn't there is no error.
func (s *Service) UntagResource(ctx context.Context, in *kms.UntagResourceInput) (*kms.UntagResourceOutput, error) {
	_, err := s.manage(ctx, in.KeyId, "UntagResource", func(k *key) {
		for _, name := range in.TagKeys {
			delete(k.tags, name)
		}
	})
	return &kms.UntagResourceOutput{}, err
}

// ListResourceTags answers with a key's tags by name.
func (s *Service) ListResourceTags(ctx context.Context, in *kms.ListResourceTagsInput) (*kms.ListResourceTagsOutput, error) {
	k, err := s.openOwn(ctx, in.KeyId, "ListResourceTags")
	if err != nil {
		return nil, err
	}
	tags := []types.Tag{}
	for _, name := range slices.Sorted(maps.Keys(k.tags)) {
		tags = append(tags, types.Tag{TagKey: new(name), TagValue: new(k.tags[name])})
	}
	page, next, err := paging.Cut(tags, in.Limit, in.Marker, pages())
	return &kms.ListResourceTagsOutput{Tags: page, NextMarker: next, Truncated: next != nil}, err
}
