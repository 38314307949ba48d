package census

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/pkg/account"
	"keymend/pkg/blueprint"
	"keymend/pkg/coverage"
)

// region reads what an account has in a Region.
func (m *member) region(ctx context.Context, f *coverage.Facts) {
	cfg, err := m.in(ctx, f.Region)
	if err != nil {
		f.Members = Answered(map[string]blueprint.Role(nil), err)
		return
	}
	names := m.Expected.Rules(m.account, f.Region)
	f.Matched = Answered(Rules(ctx, eventbridge.NewFromConfig(cfg), names))
	f.Lost = Answered(lost(ctx, cloudwatch.NewFromConfig(cfg), names, m.Now))
	f.Trails = Answered(m.trailsIn(ctx, cloudtrail.NewFromConfig(cfg)))
	f.Parameters = map[string]coverage.Answer[string]{}
	client := ssm.NewFromConfig(cfg)
	for _, name := range m.Expected.Parameters() {
		f.Parameters[name] = Answered(Parameter(ctx, client, name))
	}
}

// Rules reads those of Keymend's names, with the targets of those that shall be there.
func Rules(ctx context.Context, client *eventbridge.Client, names []string) ([]blueprint.Rule, error) {
	var out []blueprint.Rule
	in := &eventbridge.ListRulesInput{NamePrefix: new("keymend-")}
	for {
		page, err := client.ListRules(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rules {
			if !slices.Contains(names, aws.ToString(r.Name)) {
				continue
			}
			one := blueprint.Rule{Name: *r.Name, State: string(r.State), Pattern: aws.ToString(r.EventPattern), Schedule: aws.ToString(r.ScheduleExpression)}
			if one.Targets, err = targets(ctx, client, one.Name); err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		if page.NextToken == nil {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

func targets(ctx context.Context, client *eventbridge.Client, rule string) ([]blueprint.Target, error) {
	var out []blueprint.Target
	in := &eventbridge.ListTargetsByRuleInput{Rule: &rule}
	for {
		page, err := client.ListTargetsByRule(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Targets {
			out = append(out, blueprint.Target{
				ID: aws.ToString(t.Id), ARN: aws.ToString(t.Arn), Role: aws.ToString(t.RoleArn), Changed: t.Input != nil || t.InputPath != nil || t.InputTransformer != nil,
			})
		}
		if page.NextToken == nil {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

// lost sums up the events of a day that rules couldn't send.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
func lost(ctx context.Context, client *cloudwatch.Client, rules []string, now time.Time) (int, error) {
	const hour = 3600
	in := &cloudwatch.GetMetricDataInput{StartTime: new(now.Add(-day)), EndTime: &now}
	for i, rule := range rules {
		in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{Id: new("r" + strconv.Itoa(i)), MetricStat: &cwtypes.MetricStat{
			Period: new(int32(hour)), Stat: new("Sum"),
			Metric: &cwtypes.Metric{Namespace: new("AWS/Events"), MetricName: new("FailedInvocations"), Dimensions: []cwtypes.Dimension{{Name: new("RuleName"), Value: &rule}}},
		}})
	}
	return Sum(ctx, client, in)
}

// Sum reads metrics, and adds up all their values.
func Sum(ctx context.Context, client *cloudwatch.Client, in *cloudwatch.GetMetricDataInput) (int, error) {
	all, err := account.EveryPage(ctx, cloudwatch.NewGetMetricDataPaginator(client, in), func(p *cloudwatch.GetMetricDataOutput) []cwtypes.MetricDataResult { return p.MetricDataResults })
	sum := 0.0
	for _, r := range all {
		for _, v := range r.Values {
			sum += v
		}
	}
	return int(sum), err
}

// trailsIn reads the trails that log in a Region, also those whose home is another or
// that are the organization's.
func (m *member) trailsIn(ctx context.Context, client *cloudtrail.Client) ([]coverage.Trail, error) {
	got, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil {
		return nil, err
	}
	var out []coverage.Trail
	for _, t := range got.TrailList {
		out = append(out, m.seen(ctx, t))
	}
	return out, nil
}

// Parameter reads a parameter of Systems Manager; "" = it isn't there.
func Parameter(ctx context.Context, client *ssm.Client, name string) (string, error) {
	got, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return "", account.UnlessAbsent(err)
	}
	return aws.ToString(got.Parameter.Value), nil
}
