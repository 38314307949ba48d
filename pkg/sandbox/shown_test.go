package sandbox_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"keymend/infra/template"
)

// What a template made is shown by the APIs of what it is, and gone with the template.
func TestADeploymentIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	must(t, w.box.Deploy(template.Account(), account, region, map[string]string{"Mode": "enforce"}, map[string]string{"diagnose": "/nowhere", "remediate": "/nowhere"}))
	stacks, functions := cloudformation.NewFromConfig(w.cfg), lambda.NewFromConfig(w.cfg)
	got, err := stacks.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: new("keymend")})
	must(t, err)
	given := map[string]string{}
	for _, p := range got.Stacks[0].Parameters {
		given[*p.ParameterKey] = *p.ParameterValue
	}
	if given["Mode"] != "enforce" || given["SwitchParameter"] != "/keymend/switch" {
		t.Errorf("%v", given)
	}
	physical := map[string]string{}
	for pages := cloudformation.NewListStackResourcesPaginator(stacks, &cloudformation.ListStackResourcesInput{StackName: new("keymend")}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		for _, r := range page.StackResourceSummaries {
			physical[*r.LogicalResourceId] = *r.PhysicalResourceId
		}
	}
	f, err := functions.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: new(physical["Diagnose"])})
	must(t, err)
	if f.Environment.Variables["KEYMEND_MODE"] != "enforce" || f.State != "Active" || *f.FunctionArn != "arn:aws:lambda:"+region+":"+account+":function:keymend-diagnose" {
		t.Errorf("%+v", f)
	}
	m, err := functions.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: new(physical["DiagnoseLooks"])})
	must(t, err)
	if *m.State != "Enabled" || *m.EventSourceArn != "arn:aws:sqs:"+region+":"+account+":keymend-looks" {
		t.Errorf("%+v", m)
	}
	must(t, w.box.Destroy(template.Account(), account, region, map[string]string{"Mode": "enforce"}))
	_, err = stacks.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: new("keymend")})
	refused(t, err, "ValidationError")
	_, err = functions.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: new("DiagnoseLooks")})
	refused(t, err, "ResourceNotFoundException")
	_, err = functions.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: new("keymend-diagnose")})
	refused(t, err, "ResourceNotFoundException")
	_, err = functions.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	refused(t, err, "NotInTheSandbox")
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// An alarm is judged by what a rule did; one without data by what the template says of
// these; and any as somebody said.
func TestAlarmsAreJudged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	must(t, w.box.Deploy([]byte(`{"Resources": {
		"Queue": {"Type": "AWS::SQS::Queue"}, "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "r", "ScheduleExpression": "rate(5 minutes)", "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]}},
		"Late": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "late", "Namespace": "AWS/Events", "MetricName": "Invocations", "Dimensions": [{"Name": "RuleName", "Value": "r"}],
			"ComparisonOperator": "LessThanThreshold", "Threshold": 1, "Period": 300, "EvaluationPeriods": 2, "TreatMissingData": "breaching"}},
		"Other": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "other", "Namespace": "AWS/SQS", "MetricName": "Age", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1, "Period": 300, "EvaluationPeriods": 1, "TreatMissingData": "notBreaching"}},
		"Unknown": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "unknown", "Namespace": "AWS/SQS", "MetricName": "Age", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1, "Period": 300, "EvaluationPeriods": 1}}}}`), account, region, nil, nil))
	client := cloudwatch.NewFromConfig(w.cfg)
	states := func() map[string]string {
		out, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
		must(t, err)
		all := map[string]string{}
		for _, a := range out.MetricAlarms {
			all[*a.AlarmName] = string(a.StateValue)
		}
		return all
	}
	if got := states(); got["late"] != "ALARM" || got["other"] != "OK" || got["unknown"] != "INSUFFICIENT_DATA" {
		t.Error(got)
	}
	w.box.Advance(7 * time.Minute)
	if got := states(); got["late"] != "OK" {
		t.Error(got)
	}
	_, err := client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: new("other"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("a test")})
	must(t, err)
	if got := states(); got["other"] != "ALARM" {
		t.Error(got)
	}
	_, err = client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: new("none"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("a test")})
	refused(t, err, "ResourceNotFound")
}
