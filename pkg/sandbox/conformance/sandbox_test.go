package conformance_test

import (
	"testing"
	"time"

	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/stackset"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// sets is a stack with what no API call makes: a StackSet, a function with its mapping, and
// an alarm.
const sets = `{"Description":"a <stack> & more","Parameters":{"Mode":{"Type":"String","Default":"<observe>"}},"Resources":{
"Function":{"Type":"AWS::Lambda::Function","Properties":{"FunctionName":"shown","Role":"arn:aws:iam::111122223333:role/shown","Timeout":10,"MemorySize":256,"Environment":{"Variables":{"MODE":{"Ref":"Mode"}}}}},
"Mapping":{"Type":"AWS::Lambda::EventSourceMapping","Properties":{"EventSourceArn":"arn:aws:sqs:eu-west-1:111122223333:none","FunctionName":{"Ref":"Function"},"BatchSize":4,"MaximumBatchingWindowInSeconds":2}},
"Alarm":{"Type":"AWS::CloudWatch::Alarm","Properties":{"AlarmName":"shown","AlarmDescription":"an <alarm> & more","Namespace":"AWS/SQS","MetricName":"Age","Dimensions":[{"Name":"QueueName","Value":"none"}],"Statistic":"Maximum",
	"ComparisonOperator":"GreaterThanThreshold","Threshold":0.5,"Period":300,"EvaluationPeriods":1,"TreatMissingData":"notBreaching"}},
"Set":{"Type":"AWS::CloudFormation::StackSet","Properties":{
	"StackSetName":"rules","Description":"a <set> & more","PermissionModel":"SERVICE_MANAGED","CallAs":"SELF","AutoDeployment":{"Enabled":true,"RetainStacksOnAccountRemoval":false},
	"Parameters":[{"ParameterKey":"Value","ParameterValue":"on"}],"StackInstancesGroup":[{"DeploymentTargets":{"OrganizationalUnitIds":["r-root"]},"Regions":["eu-west-1","us-east-1"]}],
	"TemplateBody":"{\"Parameters\":{\"Value\":{\"Type\":\"String\"}},\"Resources\":{\"P\":{\"Type\":\"AWS::SSM::Parameter\",\"Properties\":{\"Name\":\"/p\",\"Type\":\"String\",\"Value\":{\"Ref\":\"Value\"}}}}}"}}}}`

// newSandbox starts a sandbox that several clients find alike.
func newSandbox(t *testing.T) (box *sandbox.Sandbox, url string) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{
		Start:    time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		Switches: sandbox.DefaultSwitches(),
	})
	must(t, err)
	t.Cleanup(func() { _ = box.Close() })
	organized := organization.Of("o-a1b2c3d4e5", account, "444455556666")
	organized.Units = []organization.Unit{{ID: "ou-root-11111111", Name: "shops", Parent: organized.Root}}
	organized.Services, organized.Administrators = []string{stackset.Principal}, map[string][]string{stackset.Principal: {"444455556666"}}
	must(t, box.SetOrganizations(organized))
	must(t, box.Deploy([]byte(sets), account, region, nil, map[string]string{"Function": "/nowhere"}))
	url, err = box.Listen("127.0.0.1:0")
	must(t, err)
	return box, url
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
