package observe

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/launch"
	"keymend/pkg/together"
)

// A Try is a launch, as the group's scaling activities have it.
type Try struct {
	ID            string
	Began         time.Time
	Time          time.Time // when it ended; when it began, where it hasn't
	StatusCode    string
	StatusMessage string
	InstanceID    string // "" = there never was one
}

// Failed reports whether the launch ended without an instance: "the StatusCode value is
// Failed or Cancelled". Where the instance existed for a moment, as with KMS, it is
// Cancelled.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
func (t Try) Failed() bool {
	return t.StatusCode == string(astypes.ScalingActivityStatusCodeFailed) || t.StatusCode == string(astypes.ScalingActivityStatusCodeCancelled)
}

// Succeeded reports whether the launch ended with an instance.
func (t Try) Succeeded() bool {
	return t.StatusCode == string(astypes.ScalingActivityStatusCodeSuccessful)
}

// mostTries is how many of a group's scaling activities are read, one page: "The default
// value is 100 and the maximum value is 100."
const mostTries = 100

// A Course is how a group's launches have gone, mostTries back at most.
type Course struct {
	Failed   []Try     // since the last that succeeded, the newest first
	Launched []Try     // those that succeeded, the newest first
	Began    time.Time // when the newest of those that go on began; zero = none does
}

// More reports whether more launches may have failed than were read.
func (c Course) More() bool { return len(c.Failed) >= mostTries }

// Course reads a group's scaling activities.
func (f Fleet) Course(ctx context.Context, group string) (Course, error) {
	all, err := tries(ctx, f.launches.groups, group)
	out := Course{Failed: failed(all)}
	for _, t := range all {
		switch {
		case t.Succeeded():
			out.Launched = append(out.Launched, t)
		case !t.Failed() && out.Began.IsZero():
			out.Began = t.Began
		}
	}
	return out, err
}

// A Standing is what a group has by now, and how its launches went.
type Standing struct {
	Desired, Healthy int      // in the units of its desired capacity
	Lacks            bool     // it, or its warm pool, has less than it shall have
	Instances        []string // ids of those in service
	Suspended        *launch.Suspension
	Tries            []Try // mostTries at most, the newest first
}

// Standing reads the group and its scaling activities, side by side.
//
// Errors: launch.ErrGroupNotFound; else the SDK's, wrapped.
func (r *Resolver) Standing(ctx context.Context, group string) (Standing, error) {
	var (
		groups []astypes.AutoScalingGroup
		all    []Try
	)
	err := together.Do(
		func() (err error) { groups, err = describeGroups(ctx, r.groups, []string{group}); return err },
		func() (err error) { all, err = tries(ctx, r.groups, group); return err },
	)
	switch {
	case err != nil:
		return Standing{}, err
	case len(groups) == 0:
		return Standing{}, notFound(group)
	}
	g := groups[0]
	return Standing{
		Desired: int(value(g.DesiredCapacity)), Healthy: int(units(g)), Lacks: listed(g).Lacks,
		Instances: inService(g), Suspended: suspensionOf(g), Tries: all,
	}, nil
}

// tries returns the group's launches, the newest first.
func tries(ctx context.Context, client Groups, group string) ([]Try, error) {
	out, err := client.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: &group, MaxRecords: new(int32(mostTries)),
	})
	if err != nil {
		return nil, fmt.Errorf("describe scaling activities of %s: %w", group, err)
	}
	var all []Try
	for _, a := range out.Activities {
		if launches(a) {
			all = append(all, tryOf(a))
		}
	}
	return all, nil
}

// failed are the launches that failed since the last that succeeded.
func failed(all []Try) []Try {
	if last := slices.IndexFunc(all, Try.Succeeded); last >= 0 {
		all = all[:last]
	}
	return slices.DeleteFunc(slices.Clone(all), func(t Try) bool { return !t.Failed() })
}

// launches: the API has no member that tells launches from terminations.
func launches(a astypes.Activity) bool {
	return strings.HasPrefix(value(a.Description), "Launching a new EC2 instance")
}

var instanceID = regexp.MustCompile(`i-[0-9a-f]{8,17}`)

func tryOf(a astypes.Activity) Try {
	t := Try{ID: value(a.ActivityId), Began: value(a.StartTime), Time: value(a.EndTime), StatusCode: string(a.StatusCode), StatusMessage: value(a.StatusMessage)}
	if t.Time.IsZero() {
		t.Time = t.Began
	}
	// "Launching a new EC2 instance: i-0123.  Status Reason: …"
	head, _, _ := strings.Cut(value(a.Description), "Status Reason:")
	t.InstanceID = instanceID.FindString(head)
	return t
}
