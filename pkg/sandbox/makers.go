package sandbox

import (
	"errors"
	"fmt"
	"strconv"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"keymend/pkg/sandbox/cloudformation"
)

func (m maker) role(r resource) (cloudformation.Made, error) {
	if r.Properties["ManagedPolicyArns"] != nil {
		return cloudformation.Made{}, errors.New("managed policies are not in the sandbox")
	}
	type inline struct{ PolicyName, PolicyDocument any }
	policies, err := into[[]inline](r.Properties["Policies"])
	if err != nil {
		return cloudformation.Made{}, err
	}
	documents := map[string]string{}
	for _, p := range policies {
		documents[textOf(p.PolicyName)] = textOf(p.PolicyDocument)
	}
	made, err := m.iam.PutRole(r.Account, r.name("RoleName"), r.text("Path"), r.text("AssumeRolePolicyDocument"), documents)
	if err != nil {
		return cloudformation.Made{}, err
	}
	tags, err := into[[]iamtypes.Tag](r.Properties["Tags"])
	if err != nil {
		return cloudformation.Made{}, err
	}
	if err := m.iam.Bound(made.ARN, r.text("PermissionsBoundary")); err != nil {
		return cloudformation.Made{}, err
	}
	if _, err := m.iam.TagRole(m.ctx, &awsiam.TagRoleInput{RoleName: &made.Name, Tags: tags}); err != nil {
		return cloudformation.Made{}, err
	}
	return cloudformation.Made{Ref: made.Name, Attributes: map[string]string{"Arn": made.ARN, "RoleId": made.ID}}, nil
}

// managedPolicy makes a policy that serves as a permissions boundary.
func (m maker) managedPolicy(r resource) (cloudformation.Made, error) {
	for _, property := range []string{"Groups", "Roles", "Users", "Path"} {
		if r.Properties[property] != nil {
			return cloudformation.Made{}, fmt.Errorf("%s of a managed policy are not in the sandbox", property)
		}
	}
	arn, err := m.iam.PutPolicy(r.Account, r.name("ManagedPolicyName"), r.text("PolicyDocument"))
	return cloudformation.Made{Ref: arn}, err
}

// rolePolicy makes AWS::IAM::RolePolicy, and AWS::IAM::Policy where that is for
// roles.
func (m maker) rolePolicy(r resource) (cloudformation.Made, error) {
	roles, err := into[[]string](r.Properties["Roles"])
	if err != nil {
		return cloudformation.Made{}, err
	}
	if name := r.text("RoleName"); name != "" {
		roles = append(roles, name)
	}
	name := r.name("PolicyName")
	for _, role := range roles {
		if _, err := m.iam.PutRolePolicy(m.ctx, &awsiam.PutRolePolicyInput{
			RoleName: &role, PolicyName: &name, PolicyDocument: new(r.text("PolicyDocument"))}); err != nil {
			return cloudformation.Made{}, err
		}
	}
	return cloudformation.Made{Ref: name}, nil
}

// queue makes a queue; but for its name and tags, the properties are the API's
// attributes.
func (m maker) queue(r resource) (cloudformation.Made, error) {
	in := &sqs.CreateQueueInput{QueueName: new(r.name("QueueName")), Attributes: map[string]string{}}
	for property, value := range r.Properties {
		if property != "QueueName" && property != "Tags" {
			in.Attributes[property] = textOf(value)
		}
	}
	out, err := m.sqs.CreateQueue(m.ctx, in)
	if err != nil {
		return cloudformation.Made{}, err
	}
	arn := "arn:aws:sqs:" + r.Region + ":" + r.Account + ":" + *in.QueueName
	return cloudformation.Made{Ref: *out.QueueUrl, Attributes: map[string]string{
		"Arn": arn, "QueueName": *in.QueueName, "QueueUrl": *out.QueueUrl}}, nil
}

func (m maker) queuePolicy(r resource) (cloudformation.Made, error) {
	queues, err := into[[]string](r.Properties["Queues"])
	if err != nil {
		return cloudformation.Made{}, err
	}
	for _, url := range queues {
		if _, err := m.sqs.SetQueueAttributes(m.ctx, &sqs.SetQueueAttributesInput{
			QueueUrl: &url, Attributes: map[string]string{"Policy": r.text("PolicyDocument")}}); err != nil {
			return cloudformation.Made{}, err
		}
	}
	return cloudformation.Made{Ref: r.LogicalID}, nil
}

func (m maker) rule(r resource) (cloudformation.Made, error) {
	name := r.name("Name")
	var bus *string
	if on := r.text("EventBusName"); on != "" {
		bus = &on
	}
	in := &eventbridge.PutRuleInput{Name: &name, EventBusName: bus, Description: new(r.text("Description")), State: eventtypes.RuleState(r.text("State"))}
	if schedule := r.text("ScheduleExpression"); schedule != "" {
		in.ScheduleExpression = &schedule
	} else {
		in.EventPattern = new(r.text("EventPattern"))
	}
	out, err := m.events.PutRule(m.ctx, in)
	if err != nil {
		return cloudformation.Made{}, err
	}
	targets, err := into[[]eventtypes.Target](r.Properties["Targets"])
	if err != nil {
		return cloudformation.Made{}, err
	}
	_, err = m.events.PutTargets(m.ctx, &eventbridge.PutTargetsInput{Rule: &name, EventBusName: bus, Targets: targets})
	return made(name, *out.RuleArn), err
}

func (m maker) bus(r resource) (cloudformation.Made, error) {
	name := r.name("Name")
	out, err := m.events.CreateEventBus(m.ctx, &eventbridge.CreateEventBusInput{Name: &name})
	if err != nil {
		return cloudformation.Made{}, err
	}
	return made(name, *out.EventBusArn), nil
}

// busPolicy makes a policy of one statement.
func (m maker) busPolicy(r resource) (cloudformation.Made, error) {
	_, err := m.events.PutPermission(m.ctx, &eventbridge.PutPermissionInput{
		EventBusName: new(r.text("EventBusName")), Policy: new(`{"Version":"2012-10-17","Statement":[` + r.text("Statement") + `]}`)})
	return cloudformation.Made{Ref: r.LogicalID}, err
}

func (m maker) logGroup(r resource) (cloudformation.Made, error) {
	name := r.name("LogGroupName")
	if _, err := m.logs.CreateLogGroup(m.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}); err != nil {
		return cloudformation.Made{}, err
	}
	if days, err := strconv.ParseInt(r.text("RetentionInDays"), 10, 32); err == nil {
		if _, err := m.logs.PutRetentionPolicy(m.ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: new(int32(days))}); err != nil {
			return cloudformation.Made{}, err
		}
	}
	return made(name, "arn:aws:logs:"+r.Region+":"+r.Account+":log-group:"+name+":*"), nil
}

func (m maker) parameter(r resource) (cloudformation.Made, error) {
	name := r.name("Name")
	_, err := m.ssm.PutParameter(m.ctx, &ssm.PutParameterInput{
		Name: &name, Value: new(r.text("Value")), Type: ssmtypes.ParameterType(r.text("Type"))})
	return cloudformation.Made{Ref: name}, err
}

func (m maker) alarm(r resource) (cloudformation.Made, error) {
	a, err := into[cwtypes.MetricAlarm](r.Properties)
	if err != nil {
		return cloudformation.Made{}, err
	}
	a.AlarmName = new(r.name("AlarmName"))
	m.metrics.PutAlarm(r.Account, r.Region, a)
	return made(*a.AlarmName, "arn:aws:cloudwatch:"+r.Region+":"+r.Account+":alarm:"+*a.AlarmName), nil
}
