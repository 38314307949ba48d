package autoscaling

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// PutWarmPool gives a group a warm pool, or changes the one that it has: what
// isn't given stays. Its instances are launched as the clock moves on, also for
// a group that wants none itself. Whether instances may return to the pool is
// noted only: on scale-in they end.
func (s *Service) PutWarmPool(ctx context.Context, in *autoscaling.PutWarmPoolInput) (*autoscaling.PutWarmPoolOutput, error) {
	c := wire.CallerOf(ctx)
	if in.PoolState == types.WarmPoolStateHibernated {
		return nil, wire.Errorf("NotInTheSandbox", "hibernated warm pools are not in the sandbox")
	}
	if aws.ToInt32(in.MinSize) < 0 || aws.ToInt32(in.MaxGroupPreparedCapacity) < -1 {
		return nil, invalid("MinSize must not be below 0, and MaxGroupPreparedCapacity not below -1")
	}
	s.mu.Lock()
	g, err := s.living(c, in.AutoScalingGroupName)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	v := g.view
	s.mu.Unlock()
	if err := s.warmable(c, v); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.pool != nil && g.pool.Status == types.WarmPoolStatusPendingDelete {
		return nil, invalid("The warm pool may not be modified while it is pending delete")
	}
	g.pool = configuredPool(g.pool, in)
	s.soon(g)
	return &autoscaling.PutWarmPoolOutput{}, nil
}

// configuredPool is a pool with what a request gives. Answers share the old one.
func configuredPool(old *types.WarmPoolConfiguration, in *autoscaling.PutWarmPoolInput) *types.WarmPoolConfiguration {
	p := types.WarmPoolConfiguration{MinSize: new(int32(0)), PoolState: types.WarmPoolStateStopped}
	if old != nil {
		p = *old
	}
	p.MinSize = or(in.MinSize, *p.MinSize)
	if in.PoolState != "" {
		p.PoolState = in.PoolState
	}
	if in.InstanceReusePolicy != nil {
		p.InstanceReusePolicy = in.InstanceReusePolicy
	}
	switch most := in.MaxGroupPreparedCapacity; {
	case most != nil && *most == -1: // "include the property but specify -1" removes it (API reference)
		p.MaxGroupPreparedCapacity = nil
	case most != nil:
		p.MaxGroupPreparedCapacity = most
	}
	return &p
}

// warmable refuses a warm pool to a group that launches Spot Instances. Until
// November 2025 a mixed instances policy was refused, too ("Limitations", Auto
// Scaling user guide of 2023); since then AWS takes one that launches On-Demand
// Instances only (kubernetes/kops issue 17799). [?] The text.
func (s *Service) warmable(c *wire.Caller, v types.AutoScalingGroup) error {
	choices, err := s.choices(c.Account, c.Region, v)
	if err != nil {
		return err
	}
	for _, choice := range choices {
		if s.isSpot(c, v, choice) {
			return invalid("You cannot use a warm pool with an Auto Scaling group that launches Spot Instances.")
		}
	}
	return nil
}

// isSpot: the launch configuration, the launch template, or the policy's
// distribution asks for Spot Instances.
func (s *Service) isSpot(c *wire.Caller, v types.AutoScalingGroup, choice choice) bool {
	if choice.configuration != nil {
		return choice.configuration.SpotPrice != nil
	}
	if m := v.MixedInstancesPolicy; m != nil {
		return m.InstancesDistribution != nil && aws.ToInt32(m.InstancesDistribution.OnDemandPercentageAboveBaseCapacity) < 100
	}
	l, err := s.launcher.Launch(c, choice.request(spot{}, true))
	return err == nil && l.Spot // what is wrong with a template shows as it launches
}

// DescribeWarmPool tells of a group's pool and its instances; of a group without
// one it answers nothing, and no error.
func (s *Service) DescribeWarmPool(ctx context.Context, in *autoscaling.DescribeWarmPoolInput) (*autoscaling.DescribeWarmPoolOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[name{c.Account, c.Region, aws.ToString(in.AutoScalingGroupName)}]
	if g == nil {
		return nil, noGroup()
	}
	rule := pages(50, in.NextToken)
	rule.Most = 50
	page, next, err := paging.Cut(g.warm, in.MaxRecords, in.NextToken, rule)
	return &autoscaling.DescribeWarmPoolOutput{WarmPoolConfiguration: g.pool, Instances: page, NextToken: next}, err
}

// DeleteWarmPool deletes a group's pool. One with instances is refused unless
// ForceDelete says to terminate them. [?] Both refusals' texts; of the first
// Terraform's provider knows the beginning.
func (s *Service) DeleteWarmPool(ctx context.Context, in *autoscaling.DeleteWarmPoolInput) (*autoscaling.DeleteWarmPoolOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.living(wire.CallerOf(ctx), in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	if g.pool == nil {
		return nil, invalid("No warm pool found for group %s", g.group)
	}
	if !aws.ToBool(in.ForceDelete) && len(g.warm) > 0 {
		return nil, wire.Errorf("ResourceInUse", "You cannot delete a warm pool while there are instances still in the warm pool.")
	}
	pool := *g.pool
	pool.Status = types.WarmPoolStatusPendingDelete
	g.pool = &pool
	s.soon(g)
	s.clock.After(deleteTime, func() { s.drain(g) })
	return &autoscaling.DeleteWarmPoolOutput{}, nil
}

// drain removes a pool in deletion once its last instance is gone.
func (s *Service) drain(g *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.pool != nil && g.pool.Status == types.WarmPoolStatusPendingDelete && len(g.warm) == 0 {
		g.pool = nil
	}
}

// shown is the group as Describe calls show it. The caller holds s.mu.
func (g *group) shown() types.AutoScalingGroup {
	v := g.view
	if g.pool != nil {
		v.WarmPoolConfiguration, v.WarmPoolSize = g.pool, new(int32(len(g.warm))) //nolint:gosec // some instances
	}
	return v
}
