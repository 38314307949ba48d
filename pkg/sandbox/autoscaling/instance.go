package autoscaling

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// A group's instances; the caller of each holds s.mu. The list is replaced, not
// changed, since answers share it.

// capacity counts the instances that the group has or is about to have.
func (g *group) capacity() int {
	n := 0
	for _, i := range g.view.Instances {
		if i.LifecycleState != types.LifecycleStateTerminating {
			n++
		}
	}
	return n
}

func (g *group) index(id string) int {
	return slices.IndexFunc(g.view.Instances, func(i types.Instance) bool { return *i.InstanceId == id })
}

// state returns an instance's lifecycle state; "" where the group hasn't it.
func (g *group) state(id string) types.LifecycleState {
	if i := g.index(id); i >= 0 {
		return g.view.Instances[i].LifecycleState
	}
	return ""
}

func (g *group) set(id string, state types.LifecycleState) {
	if i := g.index(id); i >= 0 {
		g.view.Instances = slices.Clone(g.view.Instances)
		g.view.Instances[i].LifecycleState = state
	}
}

// whereIs returns where an instance was launched.
func (g *group) whereIs(id string) spot {
	for _, a := range g.activities {
		if a.instance == id {
			return a.where
		}
	}
	return spot{}
}

// drop takes an instance out of the group.
func (s *Service) drop(g *group, id string) {
	delete(s.owners, id)
	if i := g.index(id); i >= 0 {
		g.view.Instances = slices.Delete(slices.Clone(g.view.Instances), i, i+1)
	}
}
