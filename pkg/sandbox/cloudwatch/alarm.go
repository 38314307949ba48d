package cloudwatch

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// An alarm is one of an account and Region.
type alarm struct {
	account, region string
	types.MetricAlarm
	said bool // its state is what somebody said
}

// PutAlarm makes or replaces an alarm.
func (s *Service) PutAlarm(account, region string, a types.MetricAlarm) {
	a.AlarmArn = new("arn:aws:cloudwatch:" + region + ":" + account + ":alarm:" + aws.ToString(a.AlarmName))
	a.StateUpdatedTimestamp = new(s.clock.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarms = slices.DeleteFunc(s.alarms, func(had alarm) bool { return aws.ToString(had.AlarmArn) == *a.AlarmArn })
	s.alarms = append(s.alarms, alarm{account: account, region: region, MetricAlarm: a})
}

func (s *Service) describing() wire.Operation {
	op := wire.Handle("DescribeAlarms", s.describeAlarms)
	op.Needs = func(context.Context, any) []wire.Check {
		return []wire.Check{{Action: "cloudwatch:DescribeAlarms", Resource: "*"}}
	}
	return op
}

func (s *Service) setting() wire.Operation {
	op := wire.Handle("SetAlarmState", s.setAlarmState)
	op.Needs = func(ctx context.Context, in any) []wire.Check {
		c := wire.CallerOf(ctx)
		return []wire.Check{{Action: "cloudwatch:SetAlarmState", Resource: "arn:aws:cloudwatch:" + c.Region + ":" + c.Account + ":alarm:" + wire.Member(in, "AlarmName")}}
	}
	return op
}

func (s *Service) describeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []types.MetricAlarm{}
	for _, a := range s.alarms {
		name := aws.ToString(a.AlarmName)
		named := len(in.AlarmNames) == 0 || slices.Contains(in.AlarmNames, name)
		if a.account == c.Account && a.region == c.Region && named && strings.HasPrefix(name, aws.ToString(in.AlarmNamePrefix)) {
			all = append(all, s.judged(a))
		}
	}
	slices.SortFunc(all, func(a, b types.MetricAlarm) int { return cmp.Compare(*a.AlarmName, *b.AlarmName) })
	const most = 100
	page, next, err := paging.Cut(all, in.MaxRecords, in.NextToken, paging.Rule{Usual: 50, Most: most, Refusal: wire.Errorf("InvalidNextToken", "The token is invalid.")})
	return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: page, NextToken: next, CompositeAlarms: []types.CompositeAlarm{}}, err
}

// judged is an alarm with its state. One of a metric that isn't in the sandbox is in the
// state of a metric without data.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func (s *Service) judged(a alarm) types.MetricAlarm {
	out := a.MetricAlarm
	if a.said {
		return out
	}
	out.StateReason = new("of what the sandbox counts")
	counts, _ := s.metric(a.account, a.region, types.Metric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions})
	period := time.Duration(aws.ToInt32(a.Period)) * time.Second
	out.StateValue = types.StateValueAlarm
	for n := range aws.ToInt32(a.EvaluationPeriods) {
		until := s.clock.Now().Add(-time.Duration(n) * period)
		sum := 0
		for _, at := range counts {
			if at.After(until.Add(-period)) && !at.After(until) {
				sum++
			}
		}
		if state := ofPeriod(a.MetricAlarm, sum); state != types.StateValueAlarm {
			out.StateValue = state
		}
	}
	return out
}

// ofPeriod is the state by one period, in which so many were counted.
func ofPeriod(a types.MetricAlarm, sum int) types.StateValue {
	breaches := float64(sum) > aws.ToFloat64(a.Threshold)
	if a.ComparisonOperator == types.ComparisonOperatorLessThanThreshold {
		breaches = float64(sum) < aws.ToFloat64(a.Threshold)
	}
	missing := aws.ToString(a.TreatMissingData)
	switch {
	case sum == 0 && missing == "breaching", sum > 0 && breaches:
		return types.StateValueAlarm
	case sum == 0 && missing != "notBreaching":
		return types.StateValueInsufficientData
	}
	return types.StateValueOk
}

// setAlarmState says what an alarm's state is. In AWS it holds until the metric is looked at
// again; here it stays.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
func (s *Service) setAlarmState(ctx context.Context, in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.alarms {
		a := &s.alarms[i]
		if a.account == c.Account && a.region == c.Region && aws.ToString(a.AlarmName) == aws.ToString(in.AlarmName) {
			a.StateValue, a.StateReason, a.StateUpdatedTimestamp, a.said = in.StateValue, in.StateReason, new(s.clock.Now()), true
			return &cloudwatch.SetAlarmStateOutput{}, nil
		}
	}
	return nil, &wire.Error{Code: "ResourceNotFound", Message: "Unknown alarm " + aws.ToString(in.AlarmName), Status: 404}
}
