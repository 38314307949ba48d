package launch

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/activity"
)

// A History is how a group has fared since it last launched an instance.
type History struct {
	Failed    int              // failed launches since the last successful one, 100 activities back at most
	Since     time.Time        // when the first of them started; zero where there is none
	Last      activity.Failure // the newest of them; its Signal is Asked
	Instances []string         // ids of the instances in service
}

// History reads the group's newest scaling activities, and what it has in
// service, side by side.
//
// Errors: ErrGroupNotFound; else the SDK's, wrapped.
func (r *Resolver) History(ctx context.Context, account, region, group string) (History, error) {
	const most = 100 // one page: "The default value is 100 and the maximum value is 100."
	var (
		g   []astypes.AutoScalingGroup
		out *autoscaling.DescribeScalingActivitiesOutput
	)
	err := together(
		func() (err error) { g, err = r.describeGroups(ctx, []string{group}); return err },
		func() (err error) {
			out, err = r.groups.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{
				AutoScalingGroupName: &group, MaxRecords: new(int32(most)),
			})
			if err != nil {
				return fmt.Errorf("describe scaling activities of %s: %w", group, err)
			}
			return nil
		},
	)
	if err != nil {
		return History{}, err
	}
	if len(g) == 0 {
		return History{}, fmt.Errorf("describe group %s: %w", group, ErrGroupNotFound)
	}
	h := History{Instances: inService(g[0])}
	for _, a := range out.Activities { // newest first
		if !launches(a) {
			continue
		}
		if a.StatusCode == astypes.ScalingActivityStatusCodeSuccessful {
			break
		}
		h.count(a, account, region)
	}
	return h, nil
}

// launches: the API has no member that tells launches from terminations.
func launches(a astypes.Activity) bool {
	return strings.HasPrefix(value(a.Description), "Launching a new EC2 instance")
}

// count adds a launch that failed: "the StatusCode value is Failed or
// Cancelled". Where the instance existed for a moment, as with KMS, it is
// Cancelled.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
func (h *History) count(a astypes.Activity, account, region string) {
	if a.StatusCode != astypes.ScalingActivityStatusCodeFailed && a.StatusCode != astypes.ScalingActivityStatusCodeCancelled {
		return
	}
	h.Failed++
	h.Since = value(a.StartTime)
	if h.Failed == 1 {
		h.Last = failureOf(a, account, region)
	}
}

func failureOf(a astypes.Activity, account, region string) activity.Failure {
	f := activity.Failure{
		Signal: activity.Asked, Account: account, Region: region,
		Group: value(a.AutoScalingGroupName), ActivityID: value(a.ActivityId),
		StatusCode: string(a.StatusCode), StatusMessage: value(a.StatusMessage), Time: value(a.EndTime),
	}
	if f.Time.IsZero() {
		f.Time = value(a.StartTime)
	}
	// "Launching a new EC2 instance: i-0123.  Status Reason: …"
	head, _, _ := strings.Cut(value(a.Description), "Status Reason:")
	f.InstanceID = regexp.MustCompile(`i-[0-9a-f]{8,17}`).FindString(head)
	return f
}
