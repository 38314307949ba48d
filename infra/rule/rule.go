// Package rule is the EventBridge rules, which send AWS's events to the queue of
// signals. Their patterns are those of pkg/signal.
package rule

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/pkg/signal"
)

// Props are what the rules need.
type Props struct {
	Rules       map[string]awscdk.CfnCondition // which there are, by id, with the condition of each
	Target      *string                        // ARN of the queue of signals
	DeadLetters *string                        // ARN of its dead-letter queue
}

// New makes the rules that send AWS's events to the queue of signals. A rule
// that invoked a function directly would count an event as delivered once the
// invocation is accepted, and a function that fails would lose it.
func New(scope constructs.Construct, id string, props Props) {
	in := cfn.Group(scope, id)
	for _, r := range signal.Rules() {
		condition, ok := props.Rules[r.ID]
		if !ok {
			continue
		}
		cfn.Place(awsevents.NewCfnRule(in, &r.ID, &awsevents.CfnRuleProps{
			Description: &r.Description, EventPattern: r.Pattern(cfn.Prefix),
			Targets: &[]*awsevents.CfnRule_TargetProperty{{
				Id: new("signals"), Arn: props.Target, DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: props.DeadLetters},
			}},
		}), condition)
	}
}
