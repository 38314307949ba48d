package autoscaling

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// A group's instances and those of its warm pool; the caller of each holds s.mu.
// The lists are replaced, not changed, since answers share them.

// alive counts the instances of a list that aren't ending.
func alive(list []types.Instance) int {
	n := 0
	for _, i := range list {
		if !ending(i) {
			n++
		}
	}
	return n
}

func ending(i types.Instance) bool {
	return i.LifecycleState == types.LifecycleStateTerminating || i.LifecycleState == types.LifecycleStateWarmedTerminating
}

// list returns the list that has an instance, and where in it; -1 where none has.
func (g *group) list(id string) (*[]types.Instance, int) {
	is := func(i types.Instance) bool { return *i.InstanceId == id }
	for _, list := range []*[]types.Instance{&g.view.Instances, &g.warm} {
		if i := slices.IndexFunc(*list, is); i >= 0 {
			return list, i
		}
	}
	return nil, -1
}

// state returns an instance's lifecycle state; "" where the group hasn't it.
func (g *group) state(id string) types.LifecycleState {
	if list, i := g.list(id); i >= 0 {
		return (*list)[i].LifecycleState
	}
	return ""
}

// warmed: the instance is in the pool.
func (g *group) warmed(id string) bool { return strings.HasPrefix(string(g.state(id)), "Warmed:") }

func (g *group) set(id string, state types.LifecycleState) {
	if list, i := g.list(id); i >= 0 {
		*list = slices.Clone(*list)
		(*list)[i].LifecycleState = state
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

// nextSpot is where the next launch takes place: the spots in turn.
func (g *group) nextSpot() spot {
	where := g.spots[g.turn%len(g.spots)]
	g.turn++
	return where
}

// drop takes an instance out of the group or its pool.
func (s *Service) drop(g *group, id string) {
	delete(s.owners, id)
	if list, i := g.list(id); i >= 0 {
		*list = slices.Delete(slices.Clone(*list), i, i+1)
	}
}
