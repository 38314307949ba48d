package activity

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// parseCreateGroup reads CloudTrail's record of CreateAutoScalingGroup, as in
// testdata/events/create-group.json. The name is at
// requestParameters.autoScalingGroupName (facts of AWS's schema registry,
// aws.autoscaling@AWSAPICallViaCloudTrail).
//
// Application Auto Scaling has the same source and eventSource, so eventName
// and additionalEventData decide. A call with an errorCode made no group.
func parseCreateGroup(detail gjson.Result, f *Failure) error {
	const source, create = "autoscaling.amazonaws.com", "CreateAutoScalingGroup"
	name, err := required(detail, "detail.", "eventName")
	if err != nil {
		return err
	}
	switch from := text(detail, "eventSource"); {
	case from != source:
		return &Ignored{Reason: fmt.Sprintf("a call of %q, not of Auto Scaling", from)}
	case text(detail, "additionalEventData.service") == "application-autoscaling":
		return &Ignored{Reason: "a call of Application Auto Scaling: " + name}
	case name != create:
		return &Ignored{Reason: "a call of " + name + ", which makes no group"}
	case detail.Get("errorCode").Exists():
		return &Ignored{Reason: "the call was refused with " + detail.Get("errorCode").String() + ", so there is no group"}
	}
	group, err := groupName(detail, "detail.", "requestParameters.autoScalingGroupName")
	if err != nil {
		return err
	}
	f.Signal, f.Group = GroupCreated, group
	return nil
}
