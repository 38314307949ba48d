package scripts_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/rogpeppe/go-internal/testscript"

	"keymend/cmd/keymend/internal/scenario"
)

// group makes a group of one instance like the sandbox's first, and lets its launch fail.
// A name in double quotes is read as Go reads it.
func group(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: group NAME")
	}
	name := args[0]
	if strings.HasPrefix(name, `"`) {
		var err error
		name, err = strconv.Unquote(name)
		ts.Check(err)
	}
	asg := autoscaling.NewFromConfig(scenario.Config(ts.Getenv("AWS_ENDPOINT_URL"), scenario.Account, scenario.Region))
	like, err := asg.DescribeAutoScalingGroups(context.Background(), &autoscaling.DescribeAutoScalingGroupsInput{})
	ts.Check(err)
	_, err = asg.CreateAutoScalingGroup(context.Background(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(1)), DesiredCapacity: new(int32(1)),
		AvailabilityZones: like.AutoScalingGroups[0].AvailabilityZones, LaunchTemplate: like.AutoScalingGroups[0].LaunchTemplate,
	})
	ts.Check(err)
	of(ts).box.Advance(time.Minute)
}

// log writes the lines that a function logged.
func log(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: log FUNCTION FILE")
	}
	logs := cloudwatchlogs.NewFromConfig(scenario.Config(ts.Getenv("AWS_ENDPOINT_URL"), scenario.Account, scenario.Region))
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/aws/lambda/keymend-" + args[0])})
	var text strings.Builder
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		ts.Check(err)
		for _, e := range page.Events {
			text.WriteString(strings.TrimSuffix(*e.Message, "\n") + "\n")
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o600))
}
