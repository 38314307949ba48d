package sandbox_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
)

// An event that a target doesn't take is counted, by the rule, in the hour in which it
// wasn't taken.
func TestFailedInvocationsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	events := eventbridge.NewFromConfig(w.cfg)
	for _, rule := range []string{"broken", "idle"} {
		_, err := events.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &rule, EventPattern: new(`{"detail-type":["` + rule + `"]}`)})
		must(t, err)
		_, err = events.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &rule, Targets: []ebtypes.Target{{Id: new("gone"), Arn: new("arn:aws:sqs:eu-west-1:" + account + ":gone")}}})
		must(t, err)
	}
	from := w.box.Clock().Now()
	for _, after := range []time.Duration{0, time.Minute, 2 * time.Hour} {
		w.box.Advance(after)
		w.box.PutEvent(account, "eu-west-1", "aws.a", "broken", map[string]any{})
		w.box.Advance(5 * time.Second)
	}
	read := func(in *cloudwatch.GetMetricDataInput, rules ...string) (*cloudwatch.GetMetricDataOutput, error) {
		for i, rule := range rules {
			in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{Id: new([]string{"a", "b"}[i]), MetricStat: &cwtypes.MetricStat{
				Period: new(int32(3600)), Stat: new("Sum"),
				Metric: &cwtypes.Metric{Namespace: new("AWS/Events"), MetricName: new("FailedInvocations"), Dimensions: []cwtypes.Dimension{{Name: new("RuleName"), Value: &rule}}},
			}})
		}
		return cloudwatch.NewFromConfig(w.cfg).GetMetricData(t.Context(), in)
	}
	now := w.box.Clock().Now()
	out, err := read(&cloudwatch.GetMetricDataInput{StartTime: aws.Time(from.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Second))}, "broken", "idle")
	must(t, err)
	sum := 0.0
	for _, v := range out.MetricDataResults[0].Values {
		sum += v
	}
	if len(out.MetricDataResults) != 2 || sum != 3 || len(out.MetricDataResults[0].Values) < 2 || len(out.MetricDataResults[1].Values) != 0 {
		t.Errorf("%+v", out.MetricDataResults)
	}
	if at := out.MetricDataResults[0].Timestamps; !at[0].After(at[1]) || !at[0].Equal(at[0].Truncate(time.Hour)) {
		t.Errorf("timestamps %v", at)
	}
	_, err = read(&cloudwatch.GetMetricDataInput{StartTime: &now, EndTime: &from}, "broken")
	if api := smithy.APIError(nil); !errors.As(err, &api) || api.ErrorCode() != "ValidationError" {
		t.Error(err)
	}
	_, err = cloudwatch.NewFromConfig(w.cfg).GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: &from, EndTime: &now, MetricDataQueries: []cwtypes.MetricDataQuery{{Id: new("a"), Expression: new("1+1")}}})
	if api := smithy.APIError(nil); !errors.As(err, &api) || api.ErrorCode() != "NotInTheSandbox" {
		t.Error(err)
	}
}
