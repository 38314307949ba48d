package observe

import (
	"context"
	"time"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/launch"
)

// A Standing is what a group has by now, and how its launches went.
type Standing struct {
	Desired, Healthy int      // in the units of its desired capacity
	Lacks            bool     // it, or its warm pool, has less than it shall have
	Instances        []string // ids of those in service
	Suspended        *launch.Suspension
	Tries            []try // a hundred at most, the newest first
}

// A try is a launch, as the group's scaling activities have it.
type try struct {
	ID      string
	Began   time.Time
	Code    string // its StatusCode
	Failure Failure
}

// Failed reports whether the launch ended without an instance.
func (t try) Failed() bool {
	return t.Code == string(astypes.ScalingActivityStatusCodeFailed) || t.Code == string(astypes.ScalingActivityStatusCodeCancelled)
}

// Succeeded reports whether the launch ended with an instance.
func (t try) Succeeded() bool {
	return t.Code == string(astypes.ScalingActivityStatusCodeSuccessful)
}

// Standing reads the group and its scaling activities, side by side.
//
// Errors: launch.ErrGroupNotFound; else the SDK's, wrapped.
func (r *Resolver) Standing(ctx context.Context, group string) (Standing, error) {
	g, all, err := r.fares(ctx, group)
	if err != nil {
		return Standing{}, err
	}
	s := Standing{
		Desired: int(value(g.DesiredCapacity)), Healthy: int(units(g)), Lacks: listed(g).Lacks,
		Instances: inService(g), Suspended: suspensionOf(g),
	}
	for _, a := range all {
		s.Tries = append(s.Tries, try{value(a.ActivityId), value(a.StartTime), string(a.StatusCode), failureOf(a)})
	}
	return s, nil
}
