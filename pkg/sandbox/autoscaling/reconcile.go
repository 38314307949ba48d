package autoscaling

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/wire"
)

// unhealthy is how an instance that never came into service is told of.
const unhealthy = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: "

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
	have, want := g.capacity(), int(*g.view.DesiredCapacity)
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
		where := g.spots[g.turn%len(g.spots)]
		g.turn++
		launches = append(launches, s.begin(g, "Launching a new EC2 instance", cause, where))
	}
	return launches
}

// excess begins to terminate what the group has too many of, the newest first.
// The caller holds s.mu.
func (s *Service) excess(g *group) []string {
	have, want := g.capacity(), int(*g.view.DesiredCapacity)
	if have <= want || g.suspended("Terminate") && g.view.Status == nil {
		return nil
	}
	now := at(s.clock.Now())
	because := g.because
	g.because = ""
	var doomed []string
	for i := len(g.view.Instances) - 1; i >= 0 && len(doomed) < have-want; i-- {
		in := g.view.Instances[i]
		if in.LifecycleState == types.LifecycleStateTerminating {
			continue
		}
		id := *in.InstanceId
		cause := fmt.Sprintf("%sAt %s an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from %d to %d.  At %s instance %s was selected for termination.", because, now, have, want, now, id)
		s.abandon(g, id)
		g.set(id, types.LifecycleStateTerminating)
		s.begin(g, "Terminating EC2 instance: "+id, cause, g.whereIs(id)).instance = id
		doomed = append(doomed, id)
	}
	return doomed
}

// abandon ends the launch of an instance that the group no longer wants. The
// caller holds s.mu.
func (s *Service) abandon(g *group, id string) {
	if a := g.running(id); a != nil {
		a.end(types.ScalingActivityStatusCodeCancelled, "", s.clock.Now())
	}
}

// launch starts one instance as the group's service-linked role.
func (s *Service) launch(g *group, a *activity) {
	s.mu.Lock()
	v, where := g.view, a.where
	s.mu.Unlock()
	l, err := s.request(g, v, where)
	if err != nil {
		s.fail(g, a, types.ScalingActivityStatusCodeFailed, strings.TrimSuffix(wire.AsError(err).Message, ".")+". Launching EC2 instance failed.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a.instance = l.InstanceID
	a.Description = new("Launching a new EC2 instance: " + l.InstanceID)
	s.owners[l.InstanceID] = g
	in := types.Instance{
		InstanceId: &l.InstanceID, AvailabilityZone: &l.Zone, AvailabilityZoneId: &l.ZoneID, ImageId: &l.ImageID, InstanceType: &l.InstanceType,
		LifecycleState: types.LifecycleStatePending, HealthStatus: new("Healthy"), ProtectedFromScaleIn: v.NewInstancesProtectedFromScaleIn,
		LaunchConfigurationName: v.LaunchConfigurationName,
	}
	if l.TemplateID != "" {
		in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateId: &l.TemplateID, LaunchTemplateName: &l.TemplateName, Version: &l.Version}
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
		return ec2.Launched{}, invalid("Authentication Failure") // what a role that isn't there yet looks like (aws-facts 1.8)
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
		return s.roles.RoleSession(*v.ServiceLinkedRoleARN, "AutoScaling", g.region, servicePrincipal)
	}
	role, err := s.roles.EnsureServiceLinkedRole(g.account, spotPrincipal, "")
	if err != nil {
		return nil, fmt.Errorf("create service-linked role: %w", err)
	}
	return s.roles.RoleSession(role.ARN, "Spot", g.region, spotPrincipal)
}

// observe hears of every instance's state from EC2.
func (s *Service) observe(_, _, id, state string, reason *ec2types.StateReason) {
	s.mu.Lock()
	g := s.owners[id]
	s.mu.Unlock()
	if g == nil {
		return
	}
	switch ec2types.InstanceStateName(state) {
	case ec2types.InstanceStateNameRunning:
		s.succeed(g, id)
	case ec2types.InstanceStateNameTerminated:
		s.lose(g, id, reason)
	}
}

// succeed puts an instance that runs into service. One success ends the
// back-off.
func (s *Service) succeed(g *group, id string) {
	s.mu.Lock()
	a := g.running(id)
	if a == nil || g.state(id) != types.LifecycleStatePending {
		s.mu.Unlock()
		return
	}
	g.set(id, types.LifecycleStateInService)
	g.rounds = 0
	e := s.event(g, a, "EC2 Instance Launch Successful", types.ScalingActivityStatusCodeInProgress, origin{"EC2", "AutoScalingGroup"})
	a.end(types.ScalingActivityStatusCodeSuccessful, "", s.clock.Now())
	s.mu.Unlock()
	s.bus.Put(g.account, g.region, e)
}

// lose takes a terminated instance out of the group: its launch failed, or the
// group terminated it, or it went down by itself and is replaced.
func (s *Service) lose(g *group, id string, reason *ec2types.StateReason) {
	s.mu.Lock()
	a, state := g.running(id), g.state(id)
	if a != nil && state == types.LifecycleStatePending {
		s.mu.Unlock()
		s.fail(g, a, types.ScalingActivityStatusCodeCancelled, unhealthy+aws.ToString(reason.Message))
		return
	}
	if a == nil {
		cause := fmt.Sprintf("At %s an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.", at(s.clock.Now()))
		a = s.begin(g, "Terminating EC2 instance: "+id, cause, g.whereIs(id))
		a.instance, g.replaces = id, true
	}
	s.drop(g, id)
	e := s.event(g, a, "EC2 Instance Terminate Successful", types.ScalingActivityStatusCodeInProgress, origin{"AutoScalingGroup", "EC2"})
	a.end(types.ScalingActivityStatusCodeSuccessful, "", s.clock.Now())
	s.mu.Unlock()
	s.bus.Put(g.account, g.region, e)
	s.bury(g)
	s.reconcile(g, false)
}

// fail ends a launch, and has the group try again after its back-off, or not any
// more once it has failed for a day.
func (s *Service) fail(g *group, a *activity, code types.ScalingActivityStatusCode, text string) {
	s.mu.Lock()
	now := s.clock.Now()
	a.end(code, text, now)
	if a.instance != "" {
		s.drop(g, a.instance)
	}
	s.backOff(g)
	emits := code == types.ScalingActivityStatusCodeFailed || s.switches.CancelledEmitsEvent
	e := s.event(g, a, "EC2 Instance Launch Unsuccessful", code, origin{"EC2", "AutoScalingGroup"})
	s.mu.Unlock()
	if emits {
		s.bus.Put(g.account, g.region, e)
	}
	s.bury(g)
}

// backOff has one retry scheduled for a whole round of failed launches. The
// caller holds s.mu.
func (s *Service) backOff(g *group) {
	if g.waiting || g.view.Status != nil {
		return
	}
	now := s.clock.Now()
	if g.rounds == 0 {
		g.failingSince = now
	}
	if limit := s.switches.SuspendAfter; limit > 0 && now.Sub(g.failingSince) >= limit {
		g.suspend([]string{"Launch"}, s.switches.SuspensionReason)
		return
	}
	delays := s.switches.RetryDelays
	delay := delays[min(g.rounds, len(delays)-1)]
	g.rounds++
	g.retry++
	g.waiting = true
	number := g.retry
	s.clock.After(delay, func() { s.again(g, number) })
}

// again is a retry, unless something has overtaken it.
func (s *Service) again(g *group, number int) {
	s.mu.Lock()
	due := g.waiting && g.retry == number
	if due {
		g.waiting = false
	}
	s.mu.Unlock()
	if due {
		s.reconcile(g, false)
	}
}
