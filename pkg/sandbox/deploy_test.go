package sandbox_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"keymend/infra/template"
)

const stack = `{
  "Parameters": {"Greeting": {"Type": "String", "Default": "none"}},
  "Resources": {
    "Role": {"Type": "AWS::IAM::Role", "Properties": {
      "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
      "Policies": [{"PolicyName": "one", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sqs:*", "logs:*"], "Resource": "*"}]}}]}},
    "More": {"Type": "AWS::IAM::RolePolicy", "Properties": {"RoleName": {"Ref": "Role"}, "PolicyName": "two",
      "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
    "Dead": {"Type": "AWS::SQS::Queue"},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "in", "VisibilityTimeout": 60, "MessageRetentionPeriod": 1209600,
      "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 2}}},
    "QueuePolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
       "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}}}]}}},
    "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "r", "EventPattern": {"source": ["mine"]},
      "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]}},
    "Switch": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/s", "Type": "String", "Value": "on"}},
    "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/my/log"}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "f", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Timeout": 10, "MemorySize": 256,
      "LoggingConfig": {"LogGroup": {"Ref": "Log"}}, "Environment": {"Variables": {"GREETING": {"Ref": "Greeting"}}}}},
    "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "FunctionName": {"Ref": "Function"},
      "BatchSize": 10, "MaximumBatchingWindowInSeconds": 2, "FunctionResponseTypes": ["ReportBatchItemFailures"]}}
  }
}`

// buildFunction builds the function that lambda's tests run, too.
func buildFunction(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	if out, err := exec.Command("go", "build", "-o", path, "./lambda/testdata/bootstrap").CombinedOutput(); err != nil {
		t.Fatalf("build function: %v\n%s", err, out)
	}
	return path
}

// An event travels from the bus by rule and queue into a process that runs as
// its role, and what it says is in the log.
func TestDeployedFunctionGetsTheEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, err := w.box.ListenFunctions("127.0.0.1:0")
	must(t, err)
	must(t, w.box.Deploy([]byte(stack), account, region, map[string]string{"Greeting": "hello"}, map[string]string{"Function": buildFunction(t)}))
	put, err := eventbridge.NewFromConfig(w.cfg).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
		{Source: new("mine"), DetailType: new("d"), Detail: new(`{}`)}, {Source: new("another"), DetailType: new("d"), Detail: new(`{}`)}}})
	must(t, err)
	if put.FailedEntryCount != 0 {
		t.Fatalf("entries %+v", put.Entries)
	}
	must(t, w.box.AdvanceUntilIdle(time.Hour))
	lines, err := cloudwatchlogs.NewFromConfig(w.cfg).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/my/log")})
	must(t, err)
	var did []string
	for _, e := range lines.Events {
		if strings.Contains(*e.Message, " did ") {
			did = append(did, *e.Message)
		}
	}
	if len(did) != 1 || !strings.Contains(did[0], `"source":"mine"`) || !strings.Contains(did[0], " hello ASIA") {
		t.Errorf("the function said %q", did)
	}
}

func TestDeployMakesWhatTheTemplateSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	must(t, w.box.Deploy([]byte(stack), account, region, nil, map[string]string{"f": "/nowhere"}))
	policies, err := iam.NewFromConfig(w.cfg).ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: new("keymend-role")})
	must(t, err)
	if diff := cmp.Diff([]string{"one", "two"}, policies.PolicyNames); diff != "" {
		t.Error(diff)
	}
	client := sqs.NewFromConfig(w.cfg)
	url, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: new("in")})
	must(t, err)
	got, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	must(t, err)
	for name, want := range map[string]string{"VisibilityTimeout": "60", "MessageRetentionPeriod": "1209600",
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:` + region + `:` + account + `:keymend-dead","maxReceiveCount":2}`} {
		if got.Attributes[name] != want {
			t.Errorf("%s = %s, want %s", name, got.Attributes[name], want)
		}
	}
}

func TestDeployRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, c := range map[string]struct{ resource, want string }{
		"type":           {`{"Type": "AWS::S3::Bucket"}`, "resources of type AWS::S3::Bucket are not in the sandbox"},
		"topic":          {`{"Type": "AWS::SNS::Topic"}`, "resources of type AWS::SNS::Topic are not in the sandbox"},
		"managed policy": {`{"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": ["x"]}}`, "managed policies are not in the sandbox"},
		"no binary":      {`{"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "g"}}`, "no binary was given for function X (g)"},
		"bad pattern":    {`{"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": "mine"}}}`, "InvalidEventPatternException"},
		"bad policy":     {`{"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": "{"}}`, "MalformedPolicyDocument"},
		"no such role":   {`{"Type": "AWS::IAM::Policy", "Properties": {"Roles": ["nobody"], "PolicyDocument": {"Statement": []}}}`, "NoSuchEntity"},
		"no function":    {`{"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": "h"}}`, "no function"},
	} {
		err := w.box.Deploy([]byte(`{"Resources": {"X": `+c.resource+`}}`), account, region, nil, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s…", name, err, c.want)
		}
	}
	if err := w.box.Deploy([]byte(stack), "me", region, nil, nil); err == nil {
		t.Error("deployed to an account that is none")
	}
}

// Dashboards and saved queries are taken and not made; a reference to
// what isn't made fails all the same.
func TestDeployTakesWhatOnlyShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	must(t, w.box.Deploy([]byte(`{"Resources": {"D": {"Type": "AWS::CloudWatch::Dashboard"},
		"Q": {"Type": "AWS::Logs::QueryDefinition", "Properties": {"QueryString": "fields @message"}}}}`), account, region, nil, nil))
	err := w.box.Deploy([]byte(`{"Resources": {"A": {"Type": "AWS::CloudWatch::Dashboard"}, "B": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Fn::GetAtt": ["A", "Arn"]}}}}}`), account, region, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "A has no attribute") {
		t.Errorf("got %v", err)
	}
}

// The template that is shipped is one that the sandbox can make.
func TestTheAccountTemplateCanBeDeployed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	must(t, w.box.Deploy(template.Account(), account, region, nil, map[string]string{"diagnose": "/nowhere", "remediate": "/nowhere"}))
	if _, err := iam.NewFromConfig(w.cfg).GetRole(t.Context(), &iam.GetRoleInput{RoleName: new("keymend-policy-writer")}); err != nil {
		t.Error(err)
	}
}
