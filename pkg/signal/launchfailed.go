package signal

import "github.com/tidwall/gjson"

// A LaunchFailed is a launch of a group's that failed: EC2 Instance Launch
// Unsuccessful, as in testdata/events/launch-unsuccessful-*.json.
//
// Details isn't looked at: it is a map of strings but for InvokingAlarms, which is
// an array of objects.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
type LaunchFailed struct {
	Event
	Group      string // Auto Scaling group name
	Instance   string // "" where none was launched
	StatusCode string // Failed or Cancelled
	Text       string // AWS's StatusMessage; data, never trusted as a cause
}

// launchFailed has no filter: no source says whether the event of an asynchronous
// failure has StatusCode Failed or Cancelled (docs/unknowns.md).
func launchFailed() Rule {
	return Rule{
		ID: "LaunchUnsuccessful", Description: "No filter on StatusCode: a cancelled launch counts too", Signal: LaunchFailed{}.Name(),
		sources: []string{"aws.autoscaling"}, detailType: "EC2 Instance Launch Unsuccessful",
		parse: parseLaunchFailed,
	}
}

func parseLaunchFailed(e Event, detail gjson.Result) (Signal, error) {
	group, err := groupName(detail, "AutoScalingGroupName")
	if err != nil {
		return nil, err
	}
	return LaunchFailed{
		Event: e, Group: group, Instance: text(detail, "EC2InstanceId"),
		StatusCode: text(detail, "StatusCode"), Text: text(detail, "StatusMessage"),
	}, nil
}

// Name implements Signal.
func (LaunchFailed) Name() string { return string(WhyLaunchUnsuccessful) }

// Look asks which keys stand in the way of the group's next launch.
func (s LaunchFailed) Look() Look {
	l := s.look(WhyLaunchUnsuccessful, s.Group)
	l.Failed, l.Text = s.Time, s.Text
	return l
}
