package ec2

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// CreateTags adds tags to resources, or changes those with the same key.
func (s *Service) CreateTags(ctx context.Context, in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(wire.CallerOf(ctx)))
	for _, id := range in.Resources {
		if st.kind(id) == "" {
			return nil, wire.Errorf("InvalidID", "The ID '%s' is not valid", id)
		}
		st.tag(id, in.Tags)
	}
	return &ec2.CreateTagsOutput{}, nil
}

// DescribeTags lists tags; the filters resource-id, resource-type, key and value
// are known.
func (s *Service) DescribeTags(ctx context.Context, in *ec2.DescribeTagsInput) (*ec2.DescribeTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(wire.CallerOf(ctx)))
	all := []types.TagDescription{}
	for _, id := range slices.Sorted(maps.Keys(st.tags)) {
		kind := st.kind(id)
		for _, t := range st.tags[id] {
			fields := tagged(map[string]string{"resource-id": id, "resource-type": string(kind), "key": *t.Key, "value": *t.Value}, []types.Tag{t})
			ok, err := matches(in.Filters, fields)
			if err != nil {
				return nil, err
			}
			if ok {
				all = append(all, types.TagDescription{Key: t.Key, Value: t.Value, ResourceId: &id, ResourceType: kind})
			}
		}
	}
	page, next, err := page(all, query{limit: in.MaxResults, token: in.NextToken})
	return &ec2.DescribeTagsOutput{Tags: page, NextToken: next}, err
}

// tag sets tags on a resource.
func (st *store) tag(id string, tags []types.Tag) {
	now := slices.Clone(st.tags[id])
	for _, t := range tags {
		now = slices.DeleteFunc(now, func(old types.Tag) bool { return *old.Key == *t.Key })
		now = append(now, types.Tag{Key: t.Key, Value: new(aws.ToString(t.Value))})
	}
	if len(now) > 0 {
		st.tags[id] = now
	}
}

// specified sets those tags of a create call that are meant for a kind of
// resource.
func (st *store) specified(id string, kind types.ResourceType, specs []types.TagSpecification) {
	for _, spec := range specs {
		if spec.ResourceType == kind {
			st.tag(id, spec.Tags)
		}
	}
}

// kind returns what sort of resource an id names; "" for none.
func (st *store) kind(id string) types.ResourceType {
	for kind, there := range map[types.ResourceType]bool{
		types.ResourceTypeVolume:         st.volumes.byID[id] != nil,
		types.ResourceTypeSnapshot:       st.snapshots.byID[id] != nil,
		types.ResourceTypeImage:          st.images.byID[id] != nil,
		types.ResourceTypeLaunchTemplate: st.templates.byID[id] != nil,
		types.ResourceTypeInstance:       st.instances.byID[id] != nil,
	} {
		if there {
			return kind
		}
	}
	return ""
}
