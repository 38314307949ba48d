package autoscaling

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/sandbox/wire"
)

// deleteTime is how long a group without instances stays in deletion.
const deleteTime = 5 * time.Second

// deleting is the Status of a group in deletion.
const deleting = "Delete in progress"

// find returns a group; nil where there is none.
func (s *Service) find(n name) *group {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.groups[n]
}

// living returns the caller's group of this name, unless it is in deletion. The
// caller holds s.mu.
func (s *Service) living(c *wire.Caller, group *string) (*group, error) {
	g := s.groups[name{c.Account, c.Region, aws.ToString(group)}]
	if g == nil {
		return nil, noGroup()
	}
	if g.view.Status != nil {
		return nil, invalid("The AutoScaling group may not be modified while it is pending delete")
	}
	return g, nil
}

// noGroup is AWS's text for a group that isn't there (captured, facts/events.md 3).
func noGroup() error { return invalid("AutoScalingGroup name not found - null") }

// UpdateAutoScalingGroup changes what is given. Instances that run stay as they
// are; a new template or role holds from the next launch on.
func (s *Service) UpdateAutoScalingGroup(ctx context.Context, in *autoscaling.UpdateAutoScalingGroupInput) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	g, err := s.living(c, in.AutoScalingGroupName)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	v, pool := changed(g.view, in), g.pool
	s.mu.Unlock()
	if err := bounded(v); err != nil {
		return nil, err
	}
	spots, err := s.reshape(c, &v, in)
	if err != nil {
		return nil, err
	}
	if pool != nil && retemplated(in) {
		if err := s.warmable(c, v); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if spots == nil {
		spots = g.spots
	}
	if *v.DesiredCapacity != *g.view.DesiredCapacity {
		g.because = fmt.Sprintf("At %s a user request update of AutoScalingGroup constraints to min: %d, max: %d, desired: %d changing the desired capacity from %d to %d.  ",
			at(s.clock.Now()), *v.MinSize, *v.MaxSize, *v.DesiredCapacity, *g.view.DesiredCapacity, *v.DesiredCapacity)
	}
	if *v.DesiredCapacity != *g.view.DesiredCapacity || g.pool != nil {
		s.soon(g)
	}
	// The group may have launched meanwhile: its instances aren't the request's.
	v.Instances, v.SuspendedProcesses, v.Tags, v.Status = g.view.Instances, g.view.SuspendedProcesses, g.view.Tags, g.view.Status
	g.view, g.spots = v, spots
	return &autoscaling.UpdateAutoScalingGroupOutput{}, nil
}

// reshape checks what a request changes of a group's role, template and places,
// and only that: a template that was deleted meanwhile doesn't keep a group from
// another capacity. Where template and places stay, it returns no spots.
func (s *Service) reshape(c *wire.Caller, v *types.AutoScalingGroup, in *autoscaling.UpdateAutoScalingGroupInput) ([]spot, error) {
	if retemplated(in) || in.VPCZoneIdentifier != nil || len(in.AvailabilityZones) > 0 {
		return s.shape(c, v)
	}
	if in.ServiceLinkedRoleARN != nil {
		return nil, s.linked(c, v)
	}
	return nil, nil
}

// retemplated: the request names what instances shall be launched from.
func retemplated(in *autoscaling.UpdateAutoScalingGroupInput) bool {
	return in.LaunchConfigurationName != nil || in.LaunchTemplate != nil || in.MixedInstancesPolicy != nil
}

// changed is a group with what a request gives. New bounds pull the desired
// capacity along unless it is given.
func changed(v types.AutoScalingGroup, in *autoscaling.UpdateAutoScalingGroupInput) types.AutoScalingGroup {
	v.MinSize, v.MaxSize = or(in.MinSize, *v.MinSize), or(in.MaxSize, *v.MaxSize)
	v.DesiredCapacity = or(in.DesiredCapacity, min(max(*v.DesiredCapacity, *v.MinSize), *v.MaxSize))
	v.DefaultCooldown, v.HealthCheckType = or(in.DefaultCooldown, *v.DefaultCooldown), or(in.HealthCheckType, *v.HealthCheckType)
	v.HealthCheckGracePeriod = or(in.HealthCheckGracePeriod, *v.HealthCheckGracePeriod)
	v.ServiceLinkedRoleARN = or(in.ServiceLinkedRoleARN, *v.ServiceLinkedRoleARN)
	if retemplated(in) {
		v.LaunchConfigurationName, v.LaunchTemplate, v.MixedInstancesPolicy = in.LaunchConfigurationName, in.LaunchTemplate, in.MixedInstancesPolicy
	}
	if in.VPCZoneIdentifier != nil || len(in.AvailabilityZones) > 0 {
		v.VPCZoneIdentifier, v.AvailabilityZones = new(aws.ToString(in.VPCZoneIdentifier)), in.AvailabilityZones
	}
	return v
}

// SetDesiredCapacity changes what a group launches toward, at once.
func (s *Service) SetDesiredCapacity(ctx context.Context, in *autoscaling.SetDesiredCapacityInput) (*autoscaling.SetDesiredCapacityOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.living(wire.CallerOf(ctx), in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	wanted := aws.ToInt32(in.DesiredCapacity)
	if wanted > *g.view.MaxSize {
		return nil, invalid("New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", wanted, *g.view.MaxSize)
	}
	if wanted < *g.view.MinSize {
		return nil, invalid("New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", wanted, *g.view.MinSize)
	}
	if wanted != *g.view.DesiredCapacity {
		g.because = fmt.Sprintf("At %s a user request explicitly set group desired capacity changing the desired capacity from %d to %d.  ",
			at(s.clock.Now()), *g.view.DesiredCapacity, wanted)
	}
	g.view.DesiredCapacity = &wanted
	s.soon(g)
	return &autoscaling.SetDesiredCapacityOutput{}, nil
}

// DeleteAutoScalingGroup deletes a group and its warm pool. One with instances is refused unless
// ForceDelete says to terminate them.
func (s *Service) DeleteAutoScalingGroup(ctx context.Context, in *autoscaling.DeleteAutoScalingGroupInput) (*autoscaling.DeleteAutoScalingGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := wire.CallerOf(ctx)
	g := s.groups[name{c.Account, c.Region, aws.ToString(in.AutoScalingGroupName)}]
	if g == nil {
		return nil, noGroup()
	}
	if !aws.ToBool(in.ForceDelete) && len(g.view.Instances)+len(g.warm) > 0 {
		return nil, wire.Errorf("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.")
	}
	g.view.Status = new(deleting)
	g.view.DesiredCapacity, g.view.MinSize = new(int32(0)), new(int32(0))
	s.soon(g)
	s.clock.After(deleteTime, func() { s.bury(g) })
	return &autoscaling.DeleteAutoScalingGroupOutput{}, nil
}

// bury removes a group in deletion once its last instance is gone.
func (s *Service) bury(g *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.view.Status == nil || len(g.view.Instances)+len(g.warm) > 0 || s.groups[g.name] != g {
		return
	}
	delete(s.groups, g.name)
	for _, a := range g.activities {
		a.AutoScalingGroupState = new("Deleted")
	}
	s.deleted = append(s.deleted, g)
}

// processes are all that can be suspended.
func processes() []string {
	return []string{"Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck", "InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions"}
}

// processesOf returns the processes that a request names: all where it names none.
func processesOf(names []string) ([]string, error) {
	for _, p := range names {
		if !slices.Contains(processes(), p) {
			return nil, invalid("Invalid scaling process %s", p)
		}
	}
	if len(names) == 0 {
		return processes(), nil
	}
	return names, nil
}

// SuspendProcesses suspends processes; the sandbox honours Launch and Terminate.
func (s *Service) SuspendProcesses(ctx context.Context, in *autoscaling.SuspendProcessesInput) (*autoscaling.SuspendProcessesOutput, error) {
	names, err := processesOf(in.ScalingProcesses)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := wire.CallerOf(ctx)
	g := s.groups[name{c.Account, c.Region, aws.ToString(in.AutoScalingGroupName)}]
	if g != nil && g.view.Status != nil {
		return nil, invalid("Processes may not be suspended while the AutoScaling group is pending delete")
	}
	if g == nil {
		return nil, noGroup()
	}
	g.suspend(names, "User suspended at "+at(s.clock.Now()))
	return &autoscaling.SuspendProcessesOutput{}, nil
}

// suspend notes processes as suspended. Those that are already keep their
// reason.
func (g *group) suspend(names []string, reason string) {
	now := slices.Clone(g.view.SuspendedProcesses)
	for _, p := range names {
		if !g.suspended(p) {
			now = append(now, types.SuspendedProcess{ProcessName: &p, SuspensionReason: &reason})
		}
	}
	g.view.SuspendedProcesses = now
}

func (g *group) suspended(process string) bool {
	return slices.ContainsFunc(g.view.SuspendedProcesses, func(p types.SuspendedProcess) bool { return *p.ProcessName == process })
}

// ResumeProcesses lets processes go on, whoever suspended them. Launch begins
// anew at once, with a fresh day before it is suspended again.
func (s *Service) ResumeProcesses(ctx context.Context, in *autoscaling.ResumeProcessesInput) (*autoscaling.ResumeProcessesOutput, error) {
	names, err := processesOf(in.ScalingProcesses)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.living(wire.CallerOf(ctx), in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	launched := g.suspended("Launch")
	g.view.SuspendedProcesses = slices.DeleteFunc(slices.Clone(g.view.SuspendedProcesses), func(p types.SuspendedProcess) bool {
		return slices.Contains(names, *p.ProcessName)
	})
	if launched && !g.suspended("Launch") {
		g.rounds = 0
	}
	s.soon(g)
	return &autoscaling.ResumeProcessesOutput{}, nil
}
