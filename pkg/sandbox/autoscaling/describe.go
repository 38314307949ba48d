package autoscaling

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// DescribeAutoScalingGroups lists groups by name. Names that no group has are
// left out.
func (s *Service) DescribeAutoScalingGroups(ctx context.Context, in *autoscaling.DescribeAutoScalingGroupsInput) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	if len(in.Filters) > 0 || in.IncludeInstances != nil {
		return nil, wire.Errorf("NotInTheSandbox", "Filters and IncludeInstances of DescribeAutoScalingGroups are not in the sandbox")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []types.AutoScalingGroup{}
	for _, g := range s.of(wire.CallerOf(ctx), in.AutoScalingGroupNames...) {
		all = append(all, g.shown())
	}
	page, next, err := paging.Cut(all, in.MaxRecords, in.NextToken, pages(50, in.NextToken))
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: page, NextToken: next}, err
}

// of returns the caller's groups by name: those that are named, or all. The caller of it
// holds s.mu.
func (s *Service) of(c *wire.Caller, names ...string) []*group {
	var all []*group
	for _, n := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if g := s.groups[name{c.Account, c.Region, n}]; g != nil {
			all = append(all, g)
		}
	}
	if len(names) > 0 {
		return all
	}
	for n, g := range s.groups {
		if n.account == c.Account && n.region == c.Region {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b *group) int { return strings.Compare(a.group, b.group) })
	return all
}

// DescribeScalingActivities lists activities: those in progress first, then the
// newest first.
func (s *Service) DescribeScalingActivities(ctx context.Context, in *autoscaling.DescribeScalingActivitiesInput) (*autoscaling.DescribeScalingActivitiesOutput, error) {
	c := wire.CallerOf(ctx)
	if len(in.Filters) > 0 || len(in.ActivityIds) > 0 {
		return nil, wire.Errorf("NotInTheSandbox", "Filters and ActivityIds of DescribeScalingActivities are not in the sandbox")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	if in.AutoScalingGroupName != nil {
		names = []string{*in.AutoScalingGroupName}
	}
	groups := s.of(c, names...)
	for _, g := range s.deleted {
		if aws.ToBool(in.IncludeDeletedGroups) && g.account == c.Account && g.region == c.Region && (names == nil || g.group == names[0]) {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 && names != nil {
		return nil, noGroup()
	}
	all := []types.Activity{}
	for _, g := range groups {
		for _, a := range slices.Backward(g.activities) {
			all = append(all, a.Activity)
		}
	}
	slices.SortStableFunc(all, func(a, b types.Activity) int {
		return cmp.Or(cmp.Compare(*a.Progress/100, *b.Progress/100), b.StartTime.Compare(*a.StartTime))
	})
	page, next, err := paging.Cut(all, in.MaxRecords, in.NextToken, pages(100, in.NextToken))
	return &autoscaling.DescribeScalingActivitiesOutput{Activities: page, NextToken: next}, err
}

// CreateOrUpdateTags sets tags on groups.
func (s *Service) CreateOrUpdateTags(ctx context.Context, in *autoscaling.CreateOrUpdateTagsInput) (*autoscaling.CreateOrUpdateTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range in.Tags {
		g, err := s.living(wire.CallerOf(ctx), t.ResourceId)
		if err != nil {
			return nil, err
		}
		g.view.Tags = labelled(g.view.Tags, g.group, t)
	}
	return &autoscaling.CreateOrUpdateTagsOutput{}, nil
}

// labelled is a group's tags with one more, or another value of one.
func labelled(tags []types.TagDescription, group string, t types.Tag) []types.TagDescription {
	rest := slices.DeleteFunc(slices.Clone(tags), func(old types.TagDescription) bool { return *old.Key == aws.ToString(t.Key) })
	return append(rest, types.TagDescription{
		Key: new(aws.ToString(t.Key)), Value: new(aws.ToString(t.Value)), PropagateAtLaunch: new(aws.ToBool(t.PropagateAtLaunch)),
		ResourceId: &group, ResourceType: new("auto-scaling-group"),
	})
}

// DescribeTags lists groups' tags; the filters auto-scaling-group, key and value
// are known.
func (s *Service) DescribeTags(ctx context.Context, in *autoscaling.DescribeTagsInput) (*autoscaling.DescribeTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []types.TagDescription{}
	for _, g := range s.of(wire.CallerOf(ctx)) {
		for _, t := range g.view.Tags {
			fields := map[string]string{"auto-scaling-group": g.group, "key": *t.Key, "value": *t.Value}
			if !slices.ContainsFunc(in.Filters, func(f types.Filter) bool { return !slices.Contains(f.Values, fields[aws.ToString(f.Name)]) }) {
				all = append(all, t)
			}
		}
	}
	page, next, err := paging.Cut(all, in.MaxRecords, in.NextToken, pages(50, in.NextToken))
	return &autoscaling.DescribeTagsOutput{Tags: page, NextToken: next}, err
}

// pages is how Auto Scaling pages.
func pages(usual int, token *string) paging.Rule {
	refusal := wire.Errorf("InvalidNextToken", "The token '%s' is invalid.", aws.ToString(token))
	return paging.Rule{Usual: usual, Most: 100, Refusal: refusal}
}
