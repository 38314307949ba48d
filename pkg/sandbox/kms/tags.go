package kms

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/paging"
)

// A retagging is a change of a key's tags.
type retagging struct {
	at     time.Time
	before map[string]string
}

// retag changes a key's tags, and remembers them as they were.
func (s *Service) retag(k *key, change func(tags map[string]string)) {
	k.retagged = append(slices.Clip(k.retagged), retagging{s.clock.Now(), maps.Clone(k.tags)})
	change(k.tags)
}

// counting returns the tags that count for authorization: those before the
// oldest change that is too new to.
func (s *Service) counting(k *key) map[string]string {
	s.mu.Lock()
	delay := s.switches.TagDelay
	s.mu.Unlock()
	for _, r := range k.retagged {
		if s.clock.Now().Sub(r.at) < delay {
			return r.before
		}
	}
	return k.tags
}

// ofTags are the condition keys of a request that gives a key tags.
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
func ofTags(tags []types.Tag) map[string][]string {
	out := map[string][]string{}
	for _, t := range tags {
		out["aws:tagkeys"] = append(out["aws:tagkeys"], aws.ToString(t.TagKey))
		out["aws:requesttag/"+strings.ToLower(aws.ToString(t.TagKey))] = []string{aws.ToString(t.TagValue)}
	}
	return out
}

// TagResource adds tags to a key, or gives them other values.
func (s *Service) TagResource(ctx context.Context, in *kms.TagResourceInput) (*kms.TagResourceOutput, error) {
	_, err := s.manage(ctx, in.KeyId, request{operation: "TagResource", more: ofTags(in.Tags)}, func(k *key) {
		s.retag(k, func(tags map[string]string) {
			for _, t := range in.Tags {
				tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
			}
		})
	})
	return &kms.TagResourceOutput{}, err
}

// UntagResource takes tags away; one that isn't there is no error.
func (s *Service) UntagResource(ctx context.Context, in *kms.UntagResourceInput) (*kms.UntagResourceOutput, error) {
	_, err := s.manage(ctx, in.KeyId, request{operation: "UntagResource", more: map[string][]string{"aws:tagkeys": in.TagKeys}}, func(k *key) {
		s.retag(k, func(tags map[string]string) {
			for _, name := range in.TagKeys {
				delete(tags, name)
			}
		})
	})
	return &kms.UntagResourceOutput{}, err
}

// ListResourceTags answers with a key's tags by name.
func (s *Service) ListResourceTags(ctx context.Context, in *kms.ListResourceTagsInput) (*kms.ListResourceTagsOutput, error) {
	k, err := s.openOwn(ctx, in.KeyId, request{operation: "ListResourceTags"})
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
