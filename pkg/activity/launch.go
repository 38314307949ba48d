package activity

import "github.com/tidwall/gjson"

// parseLaunch reads the detail of EC2 Instance Launch Unsuccessful and
// Successful, as in testdata/events/launch-*.json.
//
// Details isn't looked at: it is a map of strings but for InvokingAlarms, which
// is an array of objects. StatusCode isn't either: whether the event of an
// asynchronous failure says Failed or Cancelled is not known.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
func parseLaunch(signal Signal) parser {
	return func(detail gjson.Result, f *Failure) error {
		group, err := groupName(detail, "detail.", "AutoScalingGroupName")
		if err != nil {
			return err
		}
		f.Signal, f.Group = signal, group
		f.ActivityID = text(detail, "ActivityId")
		f.InstanceID = text(detail, "EC2InstanceId") // "" where there was none
		f.StatusCode = text(detail, "StatusCode")
		f.StatusMessage = text(detail, "StatusMessage")
		return nil
	}
}
