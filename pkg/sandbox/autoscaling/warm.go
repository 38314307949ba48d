package autoscaling

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// warmStart is how long an instance that runs in the pool takes into service.
const warmStart = 2 * time.Second

// poolSize is how many instances the pool shall hold ("Warm pool size", Auto
// Scaling user guide). The caller holds s.mu.
func (g *group) poolSize() int {
	if g.pool == nil || g.pool.Status == types.WarmPoolStatusPendingDelete || g.view.Status != nil {
		return 0
	}
	most := *g.view.MaxSize
	if g.pool.MaxGroupPreparedCapacity != nil {
		most = *g.pool.MaxGroupPreparedCapacity
	}
	return int(max(*g.pool.MinSize, most-*g.view.DesiredCapacity, 0))
}

// unfilled begins an activity for every instance that the pool lacks. The
// caller holds s.mu. The Description is recorded (AWS's EC2 Spot workshops); no
// source has the Cause. [?]
func (s *Service) unfilled(g *group) []*activity {
	have, want := alive(g.warm), g.poolSize()
	if have >= want || g.waiting || g.view.Status != nil || g.suspended("Launch") {
		return nil
	}
	cause := fmt.Sprintf("At %s an instance was started in response to a difference between desired and actual warm pool capacity, increasing the warm pool capacity from %d to %d.",
		at(s.clock.Now()), have, want)
	var launches []*activity
	for range want - have {
		launches = append(launches, s.begin(g, "Launching a new EC2 instance into warm pool", cause, g.nextSpot(), origin{inEC2, inPool}))
	}
	return launches
}

// overfull begins to terminate what the pool has too many of. The caller holds
// s.mu.
func (s *Service) overfull(g *group) []string {
	have, want := alive(g.warm), g.poolSize()
	kept := g.suspended("Terminate") && g.view.Status == nil && g.pool != nil && g.pool.Status == ""
	if have <= want || kept {
		return nil
	}
	cause := fmt.Sprintf("At %s an instance was taken out of the warm pool in response to a difference between desired and actual warm pool capacity, shrinking the warm pool capacity from %d to %d.",
		at(s.clock.Now()), have, want)
	return s.doom(g, g.warm, have-want, types.LifecycleStateWarmedTerminating, cause)
}

// draw moves a warmed instance into the group, and begins the activity of its
// start; nil where the pool has none that is ready. The caller holds s.mu.
func (s *Service) draw(g *group, cause string) *activity {
	for i, in := range g.warm {
		stopped := in.LifecycleState == types.LifecycleStateWarmedStopped
		if !stopped && in.LifecycleState != types.LifecycleStateWarmedRunning {
			continue
		}
		id := *in.InstanceId
		in.LifecycleState = types.LifecycleStatePending
		g.warm = slices.Delete(slices.Clone(g.warm), i, i+1)
		g.view.Instances = append(slices.Clone(g.view.Instances), in)
		a := s.begin(g, "Launching a new EC2 instance from warm pool: "+id, cause, g.whereIs(id), origin{inPool, inGroup})
		a.instance, a.stopped = id, stopped
		return a
	}
	return nil
}

// wake starts a drawn instance as the group's service-linked role, whose
// StartInstances asks KMS anew (AutoScalingServiceRolePolicy; aws-facts 2).
func (s *Service) wake(g *group, a *activity, role string) error {
	if !a.stopped {
		s.clock.After(warmStart, func() { s.succeed(g, a.instance) })
		return nil
	}
	c, err := s.session(role, "AutoScaling", g.region, servicePrincipal)
	if err != nil {
		return err
	}
	return s.launcher.Start(c, a.instance)
}

// halted hears that an instance has stopped: it is ready in the pool, or its
// start came to nothing, or it went down by itself and is replaced.
func (s *Service) halted(g *group, id, text string) {
	s.mu.Lock()
	a := g.running(id)
	switch state := g.state(id); {
	case a != nil && state == types.LifecycleStateWarmedPending:
		s.arrive(g, a, types.LifecycleStateWarmedStopped)
	case a != nil && state == types.LifecycleStatePending:
		s.mu.Unlock()
		s.fail(g, a, types.ScalingActivityStatusCodeCancelled, unhealthy+text)
	case state == types.LifecycleStateInService:
		g.set(id, types.LifecycleStateTerminating)
		s.unfit(g, id)
		s.mu.Unlock()
		s.launcher.Terminate(g.account, g.region, id)
	default:
		s.mu.Unlock()
	}
}
