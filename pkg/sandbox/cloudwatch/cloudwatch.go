// Package cloudwatch is the sandbox's CloudWatch: of its metrics one, how many events
// EventBridge couldn't hand to a rule's targets.
package cloudwatch

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// Rules say when invocations of a rule failed.
type Rules interface {
	Failed(account, region, rule string) []time.Time
}

// A Service is CloudWatch.
type Service struct{ rules Rules }

// New returns a service that knows of these rules.
func New(rules Rules) *Service { return &Service{rules} }

// Wire returns the API.
func (s *Service) Wire() wire.Service {
	get := wire.Handle("GetMetricData", s.GetMetricData)
	get.Needs = func(context.Context, any) []wire.Check {
		return []wire.Check{{Action: "cloudwatch:GetMetricData", Resource: "*"}}
	}
	return wire.Service{
		Name: "monitoring", Protocol: wire.CBOR, Target: "GraniteServiceVersion20100801", Denied: "AccessDenied", DeniedCode: 403,
		Operations: []wire.Operation{get},
	}
}

// GetMetricData answers with the sums of FailedInvocations by rule, newest first. A period
// in which nothing failed has no value.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
func (s *Service) GetMetricData(ctx context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	if in.StartTime == nil || in.EndTime == nil || !in.StartTime.Before(*in.EndTime) {
		return nil, wire.Errorf("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
	}
	const most = 500
	page, next, err := paging.Cut(in.MetricDataQueries, nil, in.NextToken, paging.Rule{Usual: most, Refusal: wire.Errorf("InvalidNextToken", "The token is invalid.")})
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.GetMetricDataOutput{NextToken: next}
	for _, q := range page {
		rule, period, err := failures(q)
		if err != nil {
			return nil, err
		}
		r := types.MetricDataResult{Id: q.Id, Label: new("FailedInvocations"), StatusCode: types.StatusCodeComplete, Timestamps: []time.Time{}, Values: []float64{}}
		sums := map[time.Time]float64{}
		c := wire.CallerOf(ctx)
		for _, at := range s.rules.Failed(c.Account, c.Region, rule) {
			if !at.Before(*in.StartTime) && at.Before(*in.EndTime) {
				sums[at.Truncate(period)]++
			}
		}
		for at := in.EndTime.Truncate(period); !at.Before(in.StartTime.Truncate(period)); at = at.Add(-period) {
			if sums[at] > 0 {
				r.Timestamps, r.Values = append(r.Timestamps, at), append(r.Values, sums[at])
			}
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, nil
}

// failures reads a query for the sum of a rule's failed invocations.
func failures(q types.MetricDataQuery) (rule string, period time.Duration, err error) {
	m := q.MetricStat
	if m == nil || m.Metric == nil || q.Expression != nil || q.AccountId != nil || aws.ToString(m.Stat) != "Sum" || aws.ToInt32(m.Period) < 60 ||
		aws.ToString(m.Metric.Namespace) != "AWS/Events" || aws.ToString(m.Metric.MetricName) != "FailedInvocations" ||
		len(m.Metric.Dimensions) != 1 || aws.ToString(m.Metric.Dimensions[0].Name) != "RuleName" {
		return "", 0, wire.Errorf("NotInTheSandbox", "of CloudWatch's metrics only the sum of AWS/Events FailedInvocations by RuleName, of periods of a minute and more, is in the sandbox")
	}
	return aws.ToString(m.Metric.Dimensions[0].Value), time.Duration(*m.Period) * time.Second, nil
}
