// Package rule is the EventBridge rules, which send AWS's events to the queue of
// signals, and those with a schedule, which send to the queue of looks. Patterns and
// schedules are those of pkg/signal.
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
	Rules   map[string]awscdk.CfnCondition // which there are, by id, with the condition of each
	Signals Target                         // what AWS's events go to
	Looks   Target                         // what schedules go to
}

// A Target is a queue and its dead-letter queue, as ARNs.
type Target struct{ Queue, DeadLetters *string }

// New makes the rules. A rule
// that invoked a function directly would count an event as delivered once the
// invocation is accepted, and a function that fails would lose it.
func New(scope constructs.Construct, id string, props Props) {
	in := cfn.Group(scope, id)
	for _, r := range signal.Rules() {
		condition, ok := props.Rules[r.ID]
		if !ok {
			continue
		}
		to, rule := props.Signals, &awsevents.CfnRuleProps{Description: &r.Description}
		if r.Schedule == "" {
			rule.EventPattern = r.Pattern(cfn.Prefix)
		} else {
			to, rule.ScheduleExpression = props.Looks, &r.Schedule
		}
		if r.Name != "" {
			rule.Name = new(cfn.Prefix + r.Name)
		}
		rule.Targets = &[]*awsevents.CfnRule_TargetProperty{{
			Id: new("queue"), Arn: to.Queue, DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: to.DeadLetters},
		}}
		cfn.Place(awsevents.NewCfnRule(in, &r.ID, rule), condition)
	}
}
