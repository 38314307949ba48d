package checkup

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"keymend/pkg/account"
	"keymend/pkg/census"
	"keymend/pkg/doctor"
	"keymend/pkg/permission"
	"keymend/pkg/signal"
)

const prefix = "keymend-" // of what the stacks make

func (c Checkup) alarms(ctx context.Context) ([]doctor.Alarm, error) {
	pages := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(c.AWS), &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: new(prefix)})
	all, err := account.EveryPage(ctx, pages, func(p *cloudwatch.DescribeAlarmsOutput) []cwtypes.MetricAlarm { return p.MetricAlarms })
	var out []doctor.Alarm
	for _, a := range all {
		out = append(out, doctor.Alarm{
			Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Description: aws.ToString(a.AlarmDescription),
			Since: aws.ToTime(a.StateUpdatedTimestamp),
		})
	}
	return out, err
}

// logGroups are the functions', each with how many days it keeps lines; 0 = for ever.
func (c Checkup) logGroups(ctx context.Context) (map[string]int, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(cloudwatchlogs.NewFromConfig(c.AWS), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: new("/aws/lambda/" + prefix)})
	all, err := account.EveryPage(ctx, pages, func(p *cloudwatchlogs.DescribeLogGroupsOutput) []logtypes.LogGroup { return p.LogGroups })
	out := map[string]int{}
	for _, g := range all {
		out[aws.ToString(g.LogGroupName)] = int(aws.ToInt32(g.RetentionInDays))
	}
	return out, err
}

// swept counts how often the sweep's schedule came within the last hour, and whatever is
// later than this machine's clock.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
func (c Checkup) swept(ctx context.Context) (int, error) {
	const period = 300
	return census.Sum(ctx, cloudwatch.NewFromConfig(c.AWS), &cloudwatch.GetMetricDataInput{
		StartTime: new(c.Now.Add(-time.Hour)), EndTime: new(c.Now.Add(time.Hour)),
		MetricDataQueries: []cwtypes.MetricDataQuery{{Id: new("swept"), MetricStat: &cwtypes.MetricStat{Period: new(int32(period)), Stat: new("Sum"), Metric: &cwtypes.Metric{
			Namespace: new("AWS/Events"), MetricName: new("Invocations"), Dimensions: []cwtypes.Dimension{{Name: new("RuleName"), Value: new(prefix + signal.Sweep{}.Name())}},
		}}}},
	})
}

// newest is the newest line of diagnose's log that says of which version it is: records do,
// and what the function logs when it begins.
func (c Checkup) newest(ctx context.Context) (doctor.Newest, error) {
	const day = 24 * time.Hour
	for _, back := range []time.Duration{time.Hour, day} {
		if n, err := c.newestSince(ctx, c.Now.Add(-back)); err != nil || !n.At.IsZero() {
			return n, err
		}
	}
	return doctor.Newest{}, nil
}

func (c Checkup) newestSince(ctx context.Context, since time.Time) (doctor.Newest, error) {
	var out doctor.Newest
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(c.AWS), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: new(permission.Place{Prefix: prefix}.LogGroup(permission.Diagnose)), FilterPattern: new(`{ $.version = "*" }`), StartTime: new(since.UnixMilli()),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if _, none := errors.AsType[*logtypes.ResourceNotFoundException](err); none {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		for _, e := range page.Events {
			var of struct{ Version string }
			at := time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC()
			if json.Unmarshal([]byte(aws.ToString(e.Message)), &of) == nil && of.Version != "" && !at.Before(out.At) {
				out = doctor.Newest{At: at, Version: of.Version}
			}
		}
	}
	return out, nil
}
