package autoscaling

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// unhealthy is how an instance that never came into service is told of.
const unhealthy = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: "

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
	case ec2types.InstanceStateNameStopped:
		s.halted(g, id, aws.ToString(reason.Message))
	case ec2types.InstanceStateNameTerminated:
		s.lose(g, id, reason)
	}
}

// succeed puts an instance that runs into service, or into the pool, which stops
// it first if its instances are to be stopped.
func (s *Service) succeed(g *group, id string) {
	s.mu.Lock()
	a, state := g.running(id), g.state(id)
	switch {
	case a != nil && state == types.LifecycleStatePending:
		s.arrive(g, a, types.LifecycleStateInService)
	case a != nil && state == types.LifecycleStateWarmedPending && g.pool.PoolState == types.WarmPoolStateRunning:
		s.arrive(g, a, types.LifecycleStateWarmedRunning)
	case a != nil && state == types.LifecycleStateWarmedPending:
		s.mu.Unlock()
		s.launcher.Stop(g.account, g.region, id)
	default:
		s.mu.Unlock()
	}
}

// arrive ends a launch well. One success ends the back-off. The caller holds
// s.mu, which is unlocked before the event goes out.
func (s *Service) arrive(g *group, a *activity, state types.LifecycleState) {
	g.set(a.instance, state)
	g.rounds = 0
	e := s.event(g, a, "EC2 Instance Launch Successful", types.ScalingActivityStatusCodeInProgress)
	a.end(types.ScalingActivityStatusCodeSuccessful, "", s.clock.Now())
	s.mu.Unlock()
	s.bus.Put(g.account, g.region, e)
}

// lose takes a terminated instance out of the group: its launch failed, or the
// group terminated it, or it went down by itself and is replaced.
func (s *Service) lose(g *group, id string, reason *ec2types.StateReason) {
	s.mu.Lock()
	a, state := g.running(id), g.state(id)
	if a != nil && (state == types.LifecycleStatePending || state == types.LifecycleStateWarmedPending) {
		s.mu.Unlock()
		s.fail(g, a, types.ScalingActivityStatusCodeCancelled, unhealthy+aws.ToString(reason.Message))
		return
	}
	if a == nil {
		a = s.unfit(g, id)
	}
	s.drop(g, id)
	e := s.event(g, a, "EC2 Instance Terminate Successful", types.ScalingActivityStatusCodeInProgress)
	a.end(types.ScalingActivityStatusCodeSuccessful, "", s.clock.Now())
	s.mu.Unlock()
	s.bus.Put(g.account, g.region, e)
	s.bury(g)
	s.drain(g)
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
	e := s.event(g, a, "EC2 Instance Launch Unsuccessful", code)
	s.mu.Unlock()
	if emits {
		s.bus.Put(g.account, g.region, e)
	}
	if a.instance != "" {
		s.launcher.Terminate(g.account, g.region, a.instance) // one out of the pool is still there
	}
	s.bury(g)
	s.drain(g)
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
