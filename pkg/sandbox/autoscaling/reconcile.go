package autoscaling

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/wire"
)

// soon has a group reconciled as the clock moves on, back-off or not. The caller
// holds s.mu.
func (s *Service) soon(g *group) {
	s.clock.After(0, func() { s.reconcile(g, true) })
}

// reconcile launches or terminates what the group has too little or too much of.
// A group that backs off launches only if atOnce.
func (s *Service) reconcile(g *group, atOnce bool) {
	s.mu.Lock()
	if atOnce && g.waiting {
		g.waiting = false // the retry that was to come is overtaken
		g.retry++
	}
	launches, doomed := s.missing(g), s.excess(g)
	launches, doomed = append(launches, s.unfilled(g)...), append(doomed, s.overfull(g)...)
	s.mu.Unlock()
	for _, a := range launches {
		s.launch(g, a)
	}
	for _, id := range doomed {
		s.launcher.Terminate(g.account, g.region, id)
	}
}

// missing begins an activity for every instance that the group lacks. The caller
// holds s.mu.
func (s *Service) missing(g *group) []*activity {
	have, want := alive(g.view.Instances), int(*g.view.DesiredCapacity)
	if have >= want || g.waiting || g.view.Status != nil || g.suspended("Launch") {
		return nil
	}
	now := at(s.clock.Now())
	cause := fmt.Sprintf("%sAt %s an instance was started in response to a difference between desired and actual capacity, increasing the capacity from %d to %d.", g.because, now, have, want)
	if g.replaces && g.because == "" {
		cause = fmt.Sprintf("At %s an instance was launched in response to an unhealthy instance needing to be replaced.", now)
	}
	g.because, g.replaces = "", false
	var launches []*activity
	for range want - have {
		a := s.draw(g, cause)
		if a == nil {
			a = s.begin(g, "Launching a new EC2 instance", cause, g.nextSpot(), origin{inEC2, inGroup})
		}
		launches = append(launches, a)
	}
	return launches
}

// excess begins to terminate what the group has too many of, the newest first.
// The caller holds s.mu.
func (s *Service) excess(g *group) []string {
	have, want := alive(g.view.Instances), int(*g.view.DesiredCapacity)
	if have <= want || g.suspended("Terminate") && g.view.Status == nil {
		return nil
	}
	now := at(s.clock.Now())
	cause := fmt.Sprintf("%sAt %s an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from %d to %d.", g.because, now, have, want)
	g.because = ""
	return s.doom(g, g.view.Instances, have-want, types.LifecycleStateTerminating, cause)
}

// doom begins to terminate n instances of a list, the newest first. The caller
// holds s.mu.
func (s *Service) doom(g *group, list []types.Instance, n int, state types.LifecycleState, cause string) []string {
	now := at(s.clock.Now())
	var doomed []string
	for _, in := range slices.Backward(list) {
		if ending(in) || len(doomed) == n {
			continue
		}
		id := *in.InstanceId
		s.abandon(g, id)
		s.ending(g, id, cause+"  At "+now+" instance "+id+" was selected for termination.")
		g.set(id, state)
		doomed = append(doomed, id)
	}
	return doomed
}

// ending opens the activity of an instance's end. The caller holds s.mu.
func (s *Service) ending(g *group, id, cause string) *activity {
	from := inGroup
	if g.warmed(id) {
		from = inPool
	}
	a := s.begin(g, "Terminating EC2 instance: "+id, cause, g.whereIs(id), origin{from, inEC2})
	a.instance = id
	return a
}

// unfit opens the activity of the end of an instance that went down by itself.
// The caller holds s.mu.
func (s *Service) unfit(g *group, id string) *activity {
	g.replaces = g.replaces || !g.warmed(id)
	return s.ending(g, id, fmt.Sprintf("At %s an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.", at(s.clock.Now())))
}

// abandon ends the launch of an instance that the group no longer wants. The
// caller holds s.mu.
func (s *Service) abandon(g *group, id string) {
	if a := g.running(id); a != nil {
		a.end(types.ScalingActivityStatusCodeCancelled, "", s.clock.Now())
	}
}

// launch starts one instance, new or out of the pool, as the group's
// service-linked role.
func (s *Service) launch(g *group, a *activity) {
	s.mu.Lock()
	v, where := g.view, a.where
	s.mu.Unlock()
	var l ec2.Launched
	var err error
	if a.instance != "" {
		err = s.wake(g, a, *v.ServiceLinkedRoleARN)
	} else if l, err = s.request(g, v, where); err == nil {
		s.welcome(g, a, v, l)
	}
	if err != nil {
		s.fail(g, a, types.ScalingActivityStatusCodeFailed, strings.TrimSuffix(wire.AsError(err).Message, ".")+". Launching EC2 instance failed.")
	}
}

// welcome takes a pending instance into the group, or into its pool.
func (s *Service) welcome(g *group, a *activity, v types.AutoScalingGroup, l ec2.Launched) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.instance = l.InstanceID
	a.Description = new(*a.Description + ": " + l.InstanceID)
	s.owners[l.InstanceID] = g
	in := types.Instance{
		InstanceId: &l.InstanceID, AvailabilityZone: &l.Zone, AvailabilityZoneId: &l.ZoneID, ImageId: &l.ImageID, InstanceType: &l.InstanceType,
		LifecycleState: types.LifecycleStatePending, HealthStatus: new("Healthy"), ProtectedFromScaleIn: v.NewInstancesProtectedFromScaleIn,
		LaunchConfigurationName: v.LaunchConfigurationName,
	}
	if l.TemplateID != "" {
		in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateId: &l.TemplateID, LaunchTemplateName: &l.TemplateName, Version: &l.Version}
	}
	if a.path.to == inPool {
		in.LifecycleState = types.LifecycleStateWarmedPending
		g.warm = append(slices.Clone(g.warm), in)
		return
	}
	g.view.Instances = append(slices.Clone(g.view.Instances), in)
}

// request tries what the group may launch, the preferred first, and returns the
// first that EC2 takes, or the last refusal.
func (s *Service) request(g *group, v types.AutoScalingGroup, where spot) (ec2.Launched, error) {
	choices, err := s.choices(g.account, g.region, v)
	if err != nil {
		return ec2.Launched{}, err
	}
	c, err := s.launching(g, v, choices[0])
	if err != nil {
		return ec2.Launched{}, err
	}
	tags := map[string]string{"aws:autoscaling:groupName": g.group}
	for _, t := range v.Tags {
		if aws.ToBool(t.PropagateAtLaunch) {
			tags[*t.Key] = aws.ToString(t.Value)
		}
	}
	var l ec2.Launched
	for _, choice := range choices {
		r := choice.request(where, false)
		r.Tags = tags
		if l, err = s.launcher.Launch(c, r); err == nil {
			return l, nil
		}
	}
	return l, err
}

// launching is the session that EC2 is called with: the group's role's, or the
// Spot role's for Spot instances of a launch configuration.
func (s *Service) launching(g *group, v types.AutoScalingGroup, first choice) (*wire.Caller, error) {
	if first.configuration == nil || first.configuration.SpotPrice == nil {
		return s.session(*v.ServiceLinkedRoleARN, "AutoScaling", g.region, servicePrincipal)
	}
	role, err := s.roles.EnsureServiceLinkedRole(g.account, spotPrincipal, "")
	if err != nil {
		return nil, fmt.Errorf("create service-linked role: %w", err)
	}
	return s.session(role.ARN, "Spot", g.region, spotPrincipal)
}

// session is a role's, the group's or Spot's; where the role isn't there, or not yet, AWS
// says no more than this (aws-facts 1.8).
func (s *Service) session(role, name, region, service string) (*wire.Caller, error) {
	s.mu.Lock()
	delay := s.switches.LaunchDelay
	s.mu.Unlock()
	c, err := s.roles.RoleSession(role, name, region, service)
	if err != nil || s.strange(role, delay) {
		return nil, invalid("Authentication Failure")
	}
	return c, nil
}
