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

// A History is how a group has fared since it last launched an instance.
type History struct {
	Failed    int       // failed launches since the last successful one, 100 activities back at most
	Since     time.Time // when the first of them started; zero where there is none
	Last      Failure   // the newest of them
	Instances []string  // ids of the instances in service
}

// A Failure is a launch that failed, as the group's scaling activities have it.
type Failure struct {
	Time          time.Time // when it ended, or else started
	StatusCode    string    // Failed or Cancelled
	StatusMessage string
	InstanceID    string // "" = there never was one
}

// History reads the group's newest scaling activities, and what it has in
// service, side by side.
//
// Errors: launch.ErrGroupNotFound; else the SDK's, wrapped.
func (r *Resolver) History(ctx context.Context, group string) (History, error) {
	g, all, err := r.fares(ctx, group)
	if err != nil {
		return History{}, err
	}
	failed := failed(all)
	h := History{Instances: inService(g), Failed: len(failed)}
	if len(failed) > 0 {
		h.Since, h.Last = value(failed[len(failed)-1].StartTime), failureOf(failed[0])
	}
	return h, nil
}

// fares reads a group and its launches, the newest first, side by side.
func (r *Resolver) fares(ctx context.Context, group string) (astypes.AutoScalingGroup, []astypes.Activity, error) {
	var (
		g   []astypes.AutoScalingGroup
		all []astypes.Activity
	)
	err := together.Do(
		func() (err error) { g, err = describeGroups(ctx, r.groups, []string{group}); return err },
		func() (err error) { all, err = activities(ctx, r.groups, group); return err },
	)
	switch {
	case err != nil:
		return astypes.AutoScalingGroup{}, nil, err
	case len(g) == 0:
		return astypes.AutoScalingGroup{}, nil, fmt.Errorf("describe group %s: %w", group, launch.ErrGroupNotFound)
	}
	return g[0], all, nil
}

// failures returns the group's launches that failed since the last one that didn't.
func failures(ctx context.Context, client Groups, group string) ([]astypes.Activity, error) {
	all, err := activities(ctx, client, group)
	return failed(all), err
}

// activities returns the group's launches, the newest first.
func activities(ctx context.Context, client Groups, group string) ([]astypes.Activity, error) {
	const most = 100 // one page: "The default value is 100 and the maximum value is 100."
	out, err := client.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: &group, MaxRecords: new(int32(most)),
	})
	if err != nil {
		return nil, fmt.Errorf("describe scaling activities of %s: %w", group, err)
	}
	return slices.DeleteFunc(out.Activities, func(a astypes.Activity) bool { return !launches(a) }), nil
}

// failed are the launches that failed since the last one that didn't: "the StatusCode
// value is Failed or Cancelled". Where the instance existed for a moment, as with KMS,
// it is Cancelled.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
func failed(all []astypes.Activity) []astypes.Activity {
	var out []astypes.Activity
	for _, a := range all {
		switch a.StatusCode {
		case astypes.ScalingActivityStatusCodeSuccessful:
			return out
		case astypes.ScalingActivityStatusCodeFailed, astypes.ScalingActivityStatusCodeCancelled:
			out = append(out, a)
		default: // still going on
		}
	}
	return out
}

// launches: the API has no member that tells launches from terminations.
func launches(a astypes.Activity) bool {
	return strings.HasPrefix(value(a.Description), "Launching a new EC2 instance")
}

var instanceID = regexp.MustCompile(`i-[0-9a-f]{8,17}`)

func failureOf(a astypes.Activity) Failure {
	f := Failure{Time: value(a.EndTime), StatusCode: string(a.StatusCode), StatusMessage: value(a.StatusMessage)}
	if f.Time.IsZero() {
		f.Time = value(a.StartTime)
	}
	// "Launching a new EC2 instance: i-0123.  Status Reason: …"
	head, _, _ := strings.Cut(value(a.Description), "Status Reason:")
	f.InstanceID = instanceID.FindString(head)
	return f
}
