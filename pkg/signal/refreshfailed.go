package signal

import "github.com/tidwall/gjson"

// refreshFailed sends EC2 Auto Scaling Instance Refresh Failed, as in
// testdata/events/refresh-failed.json. The refresh may have failed for another cause
// than a launch. A group that launches before it terminates has all its instances then,
// and isn't among those that lack some.
// https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-autoscaling.html
func refreshFailed() Rule {
	return Rule{
		ID: "RefreshFailed", Description: "A group whose instances can't be replaced may lack none", Signal: string(WhyRefreshFailed),
		sources: []string{"aws.autoscaling"}, detailType: "EC2 Auto Scaling Instance Refresh Failed",
		parse: parseRefreshFailed,
	}
}

func parseRefreshFailed(e Event, detail gjson.Result) (Signal, error) {
	group, err := groupName(detail, "AutoScalingGroupName")
	if err != nil {
		return nil, err
	}
	return GroupChanged{Event: e, Why: WhyRefreshFailed, Group: group}, nil
}
