package observe

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// A Fleet reads how the groups of an account in a Region fare, and what they use. It
// changes nothing.
type Fleet struct {
	launches        *Resolver
	keys            names
	calls           cloudtrail.LookupEventsAPIClient
	account, region string
}

// NewFleet returns one for the account and Region of the credentials.
func NewFleet(cfg aws.Config, account, region string) Fleet {
	f := FromConfig(cfg).Fleet(kms.NewFromConfig(cfg), account, region)
	f.calls = cloudtrail.NewFromConfig(cfg)
	return f
}

// Fleet returns what reads the groups of an account in a Region with the same clients. It
// can't tell who edited what.
func (r *Resolver) Fleet(keys names, account, region string) Fleet {
	return Fleet{launches: r, keys: keys, account: account, region: region}
}

// A Group is a group as a list of all shows it.
type Group struct {
	Name  string
	Lacks bool   // it has less in service, or in its warm pool, than it shall have
	Stuck bool   // Auto Scaling or a person stopped it from launching
	From  string // what it launches from

	Desired, InService int // desired capacity, and instances with LifecycleState InService
}

// Groups reads all groups but those that are being deleted, a hundred a call, and keeps
// little of each: ten thousand with their instances are more than a function's memory.
func (f Fleet) Groups(ctx context.Context) ([]Group, error) {
	return eachGroup(ctx, f.launches.groups, nil, func(g astypes.AutoScalingGroup) (Group, bool) { return listed(g), value(g.Status) == "" })
}

func listed(g astypes.AutoScalingGroup) Group {
	pool := warmPoolOf(g)
	return Group{
		Name:  value(g.AutoScalingGroupName),
		Lacks: units(g) < value(g.DesiredCapacity) || pool != nil && pool.Has < pool.Wanted,
		Stuck: suspensionOf(g) != nil,
		From:  launchesFrom(g),

		Desired: int(value(g.DesiredCapacity)), InService: len(inService(g)),
	}
}

// launchesFrom is the same for groups that launch from the same.
func launchesFrom(g astypes.AutoScalingGroup) string {
	out := value(g.LaunchConfigurationName)
	for _, s := range specsOf(g) {
		out += fmt.Sprint(" ", s.ID, s.Name, s.Version)
	}
	return out
}

// units is what a group has in service in the units of its desired capacity: where a
// mixed instances policy has weights, an instance counts for its weight.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups-instance-weighting.html
func units(g astypes.AutoScalingGroup) int32 {
	var out int32
	for _, i := range g.Instances {
		if i.LifecycleState != astypes.LifecycleStateInService || value(i.HealthStatus) == "Unhealthy" {
			continue
		}
		weight, err := strconv.ParseInt(value(i.WeightedCapacity), 10, 32)
		if err != nil {
			weight = 1 // it has none
		}
		out += int32(weight)
	}
	return out
}
