// Package cloudwatch is the sandbox's CloudWatch: of its metrics two, how many events
// EventBridge handed to a rule's targets, and how many it couldn't; and the alarms that
// templates have.
package cloudwatch

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// Rules say when invocations of a rule failed.
type Rules interface {
	Failed(account, region, rule string) []time.Time
	Invoked(account, region, rule string) []time.Time
}

// A Service is CloudWatch.
type Service struct {
	clock *clock.Clock
	rules Rules

	mu     sync.Mutex
	alarms []alarm
}

// New returns a service that knows of these rules.
func New(c *clock.Clock, rules Rules) *Service { return &Service{clock: c, rules: rules} }

// Wire returns the API.
func (s *Service) Wire() wire.Service {
	get := wire.Handle("GetMetricData", s.GetMetricData)
	get.Needs = func(context.Context, any) []wire.Check {
		return []wire.Check{{Action: "cloudwatch:GetMetricData", Resource: "*"}}
	}
	return wire.Service{
		Name: "monitoring", Protocol: wire.CBOR, Target: "GraniteServiceVersion20100801", Denied: "AccessDenied", DeniedCode: 403,
		Operations: []wire.Operation{get, s.describing(), s.setting()},
	}
}

// GetMetricData answers with the sums of Invocations or FailedInvocations by rule, newest
// first. A period in which there were none has no value.
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
		rule, period, err := s.counts(ctx, q)
		if err != nil {
			return nil, err
		}
		r := types.MetricDataResult{Id: q.Id, Label: q.MetricStat.Metric.MetricName, StatusCode: types.StatusCodeComplete, Timestamps: []time.Time{}, Values: []float64{}}
		sums := map[time.Time]float64{}
		for _, at := range rule {
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

// counts reads a query for the sum of a rule's invocations, and returns when these were.
func (s *Service) counts(ctx context.Context, q types.MetricDataQuery) (at []time.Time, period time.Duration, err error) {
	m := q.MetricStat
	if m == nil || m.Metric == nil || q.Expression != nil || q.AccountId != nil || aws.ToString(m.Stat) != "Sum" || aws.ToInt32(m.Period) < 60 {
		return nil, 0, unknown()
	}
	c := wire.CallerOf(ctx)
	at, ok := s.metric(c.Account, c.Region, *m.Metric)
	if !ok {
		return nil, 0, unknown()
	}
	return at, time.Duration(*m.Period) * time.Second, nil
}

func unknown() error {
	return wire.Errorf("NotInTheSandbox", "of CloudWatch's metrics only the sums of AWS/Events Invocations and FailedInvocations by RuleName, of periods of a minute and more, are in the sandbox")
}

// metric returns when what a metric counts was; false: the sandbox doesn't have it.
func (s *Service) metric(account, region string, m types.Metric) ([]time.Time, bool) {
	count := map[string]func(account, region, rule string) []time.Time{
		"Invocations": s.rules.Invoked, "FailedInvocations": s.rules.Failed,
	}[aws.ToString(m.MetricName)]
	if count == nil || aws.ToString(m.Namespace) != "AWS/Events" || len(m.Dimensions) != 1 || aws.ToString(m.Dimensions[0].Name) != "RuleName" {
		return nil, false
	}
	return count(account, region, aws.ToString(m.Dimensions[0].Value)), true
}
