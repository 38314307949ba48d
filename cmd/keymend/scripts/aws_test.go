package scripts_test

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tidwall/gjson"
)

// An operation takes its input as JSON, and returns its output as that.
type operation func(input string) (string, error)

// operationOf makes one of an SDK method.
func operationOf[I, O, F any](method func(context.Context, *I, ...func(*F)) (*O, error)) operation {
	return func(input string) (string, error) {
		in := new(I)
		if err := json.Unmarshal([]byte(input), in); err != nil {
			return "", err
		}
		out, err := method(context.Background(), in)
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(out)
		return string(text), err
	}
}

func operations(cfg aws.Config) map[string]operation {
	k, i, q, e := kms.NewFromConfig(cfg), iam.NewFromConfig(cfg), sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	return map[string]operation{
		"cloudtrail:StopLogging":   operationOf(cloudtrail.NewFromConfig(cfg).StopLogging),
		"cloudwatch:SetAlarmState": operationOf(cloudwatch.NewFromConfig(cfg).SetAlarmState),
		"ec2:CreateVolume":         operationOf(ec2.NewFromConfig(cfg).CreateVolume),
		"events:DisableRule":       operationOf(e.DisableRule),
		"events:RemoveTargets":     operationOf(e.RemoveTargets),
		"iam:CreateRole":           operationOf(i.CreateRole),
		"iam:DeleteRole":           operationOf(i.DeleteRole),
		"iam:DeleteRolePolicy":     operationOf(i.DeleteRolePolicy),
		"iam:PutRolePolicy":        operationOf(i.PutRolePolicy),
		"kms:CreateAlias":          operationOf(k.CreateAlias),
		"kms:CreateKey":            operationOf(k.CreateKey),
		"kms:DisableKey":           operationOf(k.DisableKey),
		"kms:ListGrants":           operationOf(k.ListGrants),
		"kms:ScheduleKeyDeletion":  operationOf(k.ScheduleKeyDeletion),
		"kms:TagResource":          operationOf(k.TagResource),
		"sqs:SendMessage":          operationOf(q.SendMessage),
		"sts:AssumeRole":           operationOf(sts.NewFromConfig(cfg).AssumeRole),
		"ssm:PutParameter":         operationOf(ssm.NewFromConfig(cfg).PutParameter),
	}
}

// callAWS makes one call with the script's credentials, and keeps members of the answer in
// variables.
func callAWS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: aws SERVICE:OPERATION JSON [VARIABLE=MEMBER…]")
	}
	do := operations(aws.Config{
		Region: ts.Getenv("AWS_REGION"), BaseEndpoint: new(ts.Getenv("AWS_ENDPOINT_URL")), Credentials: credentials.NewStaticCredentialsProvider(ts.Getenv("AWS_ACCESS_KEY_ID"), "any", ""),
	})[args[0]]
	if do == nil {
		ts.Fatalf("no operation %s", args[0])
	}
	out, err := do(args[1])
	ts.Check(err)
	for _, v := range args[2:] {
		name, member, _ := strings.Cut(v, "=")
		ts.Setenv(name, gjson.Get(out, member).String())
	}
}
