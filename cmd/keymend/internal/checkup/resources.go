package checkup

import (
	"context"
	"net/url"
	"strconv"

	"keymend/pkg/account"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/pkg/blueprint"
	"keymend/pkg/census"
	"keymend/pkg/coverage"
	"keymend/pkg/doctor"
)

// deployed reads what the stacks made.
func (c Checkup) deployed(ctx context.Context, f *doctor.Facts) {
	roles, queues, functions, parameters := iam.NewFromConfig(c.AWS), sqs.NewFromConfig(c.AWS), lambda.NewFromConfig(c.AWS), ssm.NewFromConfig(c.AWS)
	run(
		func() {
			f.Roles = each(f, "AWS::IAM::Role", func(name string) (*blueprint.Role, error) { return role(ctx, roles, name) })
		},
		func() {
			f.Queues = each(f, "AWS::SQS::Queue", func(at string) (*doctor.Queue, error) { return queue(ctx, queues, at) })
		},
		func() {
			f.Functions = each(f, "AWS::Lambda::Function", func(name string) (*doctor.Function, error) { return function(ctx, functions, name) })
		},
		func() {
			f.Sources = each(f, "AWS::Lambda::EventSourceMapping", func(id string) (string, error) { return source(ctx, functions, id) })
		},
		func() {
			f.Parameters = each(f, "AWS::SSM::Parameter", func(name string) (string, error) { return census.Parameter(ctx, parameters, name) })
		},
		func() { f.Rules = c.rules(ctx, f) },
	)
}

func (c Checkup) rules(ctx context.Context, f *doctor.Facts) coverage.Answer[[]blueprint.Rule] {
	names := made(f, "AWS::Events::Rule")
	if names == nil {
		return coverage.Answer[[]blueprint.Rule]{}
	}
	return census.Answered(census.Rules(ctx, eventbridge.NewFromConfig(c.AWS), names))
}

// role reads one with its policy, which the template makes by the name keymend; nil = it
// isn't there.
func role(ctx context.Context, client *iam.Client, name string) (*blueprint.Role, error) {
	out, err := census.Role(ctx, client, name)
	if out == nil || err != nil {
		return nil, err
	}
	policy, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: new("keymend")})
	if err != nil {
		return out, account.UnlessAbsent(err)
	}
	out.Policy, err = url.PathUnescape(aws.ToString(policy.PolicyDocument))
	return out, err
}

// queue reads one; nil = it isn't there.
func queue(ctx context.Context, client *sqs.Client, at string) (*doctor.Queue, error) {
	got, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &at, AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages", "Policy"}})
	if err != nil {
		return nil, account.UnlessAbsent(err)
	}
	waiting, err := strconv.Atoi(got.Attributes["ApproximateNumberOfMessages"])
	return &doctor.Queue{Waiting: waiting, Policy: got.Attributes["Policy"]}, err
}

// function reads one; nil = it isn't there.
func function(ctx context.Context, client *lambda.Client, name string) (*doctor.Function, error) {
	got, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return nil, account.UnlessAbsent(err)
	}
	out := &doctor.Function{State: string(got.State)}
	if got.Environment != nil {
		out.Env = got.Environment.Variables
	}
	return out, nil
}

// source reads the state of an event source mapping; "" = it isn't there.
func source(ctx context.Context, client *lambda.Client, id string) (string, error) {
	got, err := client.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &id})
	if err != nil {
		return "", account.UnlessAbsent(err)
	}
	return aws.ToString(got.State), nil
}
