// Package rule is the EventBridge rules, which send AWS's events to the queue of
// signals.
package rule

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
)

// The rules, by logical id.
const (
	LaunchUnsuccessful = "LaunchUnsuccessful"
	LaunchSuccessful   = "LaunchSuccessful"
	GroupCreated       = "GroupCreated"
	ImageChanged       = "ImageChanged"
	OwnWrites          = "OwnWrites"
)

// Names returns every rule.
func Names() []string {
	return []string{LaunchUnsuccessful, LaunchSuccessful, GroupCreated, ImageChanged, OwnWrites}
}

// Props are what the rules need.
type Props struct {
	Rules       map[string]awscdk.CfnCondition // which there are, with the condition of each
	Target      *string                        // ARN of the queue of signals
	DeadLetters *string                        // ARN of its dead-letter queue
}

// New makes the rules that send AWS's events to the queue of signals. A rule
// that invoked a function directly would count an event as delivered once the
// invocation is accepted, and a function that fails would lose it.
func New(scope constructs.Construct, id string, props Props) {
	in := cfn.Group(scope, id)
	for _, name := range Names() {
		condition, ok := props.Rules[name]
		if !ok {
			continue
		}
		description, pattern := signal(name)
		cfn.Place(awsevents.NewCfnRule(in, &name, &awsevents.CfnRuleProps{
			Description: &description, EventPattern: pattern,
			Targets: &[]*awsevents.CfnRule_TargetProperty{{
				Id: new("signals"), Arn: props.Target, DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: props.DeadLetters},
			}},
		}), condition)
	}
}

// signal returns a rule's description and pattern. None has a filter on the
// detail of a launch: no source says which StatusCode a cancelled one has
// (docs/unknowns.md).
func signal(rule string) (string, map[string]any) {
	of := func(source, detailType string) map[string]any {
		return map[string]any{"source": []any{source}, "detail-type": []any{detailType}}
	}
	switch rule {
	case LaunchUnsuccessful:
		return "No filter on StatusCode: a cancelled launch counts too", of("aws.autoscaling", "EC2 Instance Launch Unsuccessful")
	case LaunchSuccessful:
		return "The proof that a fix brought the group back", of("aws.autoscaling", "EC2 Instance Launch Successful")
	case GroupCreated:
		pattern := of("aws.autoscaling", "AWS API Call via CloudTrail")
		pattern["detail"] = map[string]any{
			"eventSource": []any{"autoscaling.amazonaws.com"}, "eventName": []any{"CreateAutoScalingGroup"},
			"errorCode": []any{map[string]any{"exists": false}},
		}
		return "A new group is looked at before anything has failed; needs a trail", pattern
	case OwnWrites:
		pattern := of("aws.kms", "AWS API Call via CloudTrail")
		pattern["source"] = []any{"aws.kms", "aws.ec2", "aws.iam", "aws.autoscaling"}
		pattern["detail"] = ownWrite()
		return "Writes by Keymend's roles, each of which must have its intent in the audit log; needs a trail", pattern
	default:
		return "A copy is ready, or failed; whose it is, its tags say", of("aws.ec2", "EC2 AMI State Change")
	}
}
