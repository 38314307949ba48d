package signal

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// A GroupCreated is a new group: CloudTrail's record of CreateAutoScalingGroup, as
// in testdata/events/create-group.json.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/logging-using-cloudtrail.html
type GroupCreated struct {
	Event
	Group string // Auto Scaling group name
}

const (
	autoScaling = "autoscaling.amazonaws.com"
	createGroup = "CreateAutoScalingGroup"
)

func groupCreated() Rule {
	return Rule{
		ID: "GroupCreated", Description: "A new group is looked at before anything has failed; needs a trail", Signal: GroupCreated{}.Name(),
		sources: []string{"aws.autoscaling"}, detailType: apiCall, calls: []string{"autoscaling:" + createGroup},
		detail: func(string) map[string]any {
			return map[string]any{"eventSource": list(autoScaling), "eventName": list(createGroup), "errorCode": accepted()}
		},
		parse: parseGroupCreated,
	}
}

// parseGroupCreated: Application Auto Scaling has the same source and eventSource,
// so eventName and additionalEventData decide. The group's name is where AWS's
// schema registry has it (aws.autoscaling@AWSAPICallViaCloudTrail). A call with an
// errorCode made no group.
func parseGroupCreated(e Event, detail gjson.Result) (Signal, error) {
	name, err := required(detail, detailOf, "eventName")
	if err != nil {
		return nil, err
	}
	switch from := text(detail, "eventSource"); {
	case from != autoScaling:
		return nil, &Ignored{Reason: fmt.Sprintf("a call of %q, not of Auto Scaling", from)}
	case text(detail, "additionalEventData.service") == "application-autoscaling":
		return nil, &Ignored{Reason: "a call of Application Auto Scaling: " + name}
	case name != createGroup:
		return nil, &Ignored{Reason: "a call of " + name + ", which makes no group"}
	case detail.Get("errorCode").Exists():
		return nil, &Ignored{Reason: "the call was refused with " + detail.Get("errorCode").String() + ", so there is no group"}
	}
	group, err := groupName(detail, "requestParameters.autoScalingGroupName")
	if err != nil {
		return nil, err
	}
	return GroupCreated{Event: e, Group: group}, nil
}

// Name implements Signal.
func (GroupCreated) Name() string { return string(WhyGroupCreated) }

// Look asks which keys would stand in the way of the group's first launch.
func (s GroupCreated) Look() Look { return s.look(WhyGroupCreated, s.Group) }
