package signal

import "github.com/tidwall/gjson"

// A LaunchSucceeded is a launch of a group's that succeeded: EC2 Instance Launch
// Successful, as in testdata/events/launch-successful.json.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
type LaunchSucceeded struct {
	Event
	Group    string // Auto Scaling group name
	Instance string // "" where the event doesn't say
}

func launchSucceeded() Rule {
	return Rule{
		ID: "LaunchSuccessful", Description: "The proof that a fix brought the group back", Signal: LaunchSucceeded{}.Name(),
		sources: []string{"aws.autoscaling"}, detailType: "EC2 Instance Launch Successful",
		parse: parseLaunchSucceeded,
	}
}

func parseLaunchSucceeded(e Event, detail gjson.Result) (Signal, error) {
	group, err := groupName(detail, "AutoScalingGroupName")
	if err != nil {
		return nil, err
	}
	return LaunchSucceeded{Event: e, Group: group, Instance: text(detail, "EC2InstanceId")}, nil
}

// Name implements Signal.
func (LaunchSucceeded) Name() string { return string(WhyLaunchSuccessful) }

// Look asks whether a fix brought the group back.
func (s LaunchSucceeded) Look() Look {
	l := s.look(WhyLaunchSuccessful, s.Group)
	if s.Instance != "" {
		l.Instances = []string{s.Instance}
	}
	return l
}
