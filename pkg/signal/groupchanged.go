package signal

import (
	"fmt"
	"slices"

	"github.com/tidwall/gjson"
)

// A GroupChanged is a new group, or one that launches in another way from now on:
// CloudTrail's record of CreateAutoScalingGroup or UpdateAutoScalingGroup, as in
// testdata/events/create-group.json and update-group.json; or one whose instances
// couldn't be replaced (refreshFailed).
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/logging-using-cloudtrail.html
type GroupChanged struct {
	Event
	Why   Why    // WhyGroupCreated, WhyGroupUpdated or WhyRefreshFailed
	Group string // Auto Scaling group name
}

const (
	autoScaling = "autoscaling.amazonaws.com"
	createGroup = "CreateAutoScalingGroup"
)

func groupCreated() Rule {
	return Rule{
		ID: "GroupCreated", Description: "A new group is looked at before anything has failed; needs a trail", Signal: string(WhyGroupCreated),
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
	return e.changed(WhyGroupCreated, detail)
}

func groupUpdated() Rule {
	return callRule("GroupUpdated", WhyGroupUpdated, "A group that launches in another way is looked at before it does; needs a trail",
		parseGroupUpdated, "autoscaling:UpdateAutoScalingGroup")
}

// parseGroupUpdated: the request has those members only that are changed. Most updates
// are about size.
func parseGroupUpdated(e Event, detail gjson.Result) (Signal, error) {
	asked := detail.Get("requestParameters")
	if !slices.ContainsFunc([]string{"launchTemplate", "launchConfigurationName", "mixedInstancesPolicy", "serviceLinkedRoleARN"}, func(name string) bool { return asked.Get(name).Exists() }) {
		return nil, &Ignored{Reason: "the call changed nothing about how the group launches", Usual: true}
	}
	return e.changed(WhyGroupUpdated, detail)
}

func (e Event) changed(why Why, detail gjson.Result) (Signal, error) {
	group, err := groupName(detail, "requestParameters.autoScalingGroupName")
	if err != nil {
		return nil, err
	}
	return GroupChanged{Event: e, Why: why, Group: group}, nil
}

// Name implements Signal.
func (s GroupChanged) Name() string { return string(s.Why) }

// Look asks which keys would stand in the way of the group's next launch.
func (s GroupChanged) Look() Look { return s.look(s.Why, s.Group) }
