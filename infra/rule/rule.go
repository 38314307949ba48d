// Package rule is the EventBridge rules, which send AWS's events to the queue of
// signals, and those with a schedule, which send to the queue of looks. Patterns and
// schedules are those of pkg/signal.
package rule

import (
	"unicode"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/pkg/notify"
	"keymend/pkg/signal"
)

// Bus is the name of the hub's bus, which members send AWS's events to.
const Bus = "keymend"

// Props are what the rules need.
type Props struct {
	Rules   map[string]awscdk.CfnCondition // which there are, by id, with the condition of each
	Signals Target                         // what AWS's events go to
	Looks   Target                         // what schedules go to
	Bus     *string                        // name of the bus that AWS's events are on; nil: the account's own
	// Forward: AWS's events go on to another account's bus. Such rules have names of
	// their own, by which they are found among those of other stacks.
	Forward bool
}

// A Target is a queue and its dead-letter queue, or a bus and the role that may send to
// it, as ARNs.
type Target struct{ Queue, DeadLetters, Bus, Role *string }

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
			rule.EventPattern, rule.EventBusName = r.Pattern(cfn.Prefix), props.Bus
		} else {
			to, rule.ScheduleExpression = props.Looks, &r.Schedule
		}
		if r.Name != "" {
			rule.Name = new(cfn.Prefix + r.Name)
		}
		if props.Forward {
			rule.Name = new(Name(r))
		}
		rule.Targets = &[]*awsevents.CfnRule_TargetProperty{to.property()}
		cfn.Place(awsevents.NewCfnRule(in, &r.ID, rule), condition)
	}
}

// NewAsks makes the rule that tells a topic of what a person has to act on. It is on the
// account's own bus, where the functions put their events; the topic's policy lets
// EventBridge publish.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
func NewAsks(scope constructs.Construct, topic cfn.Optional) {
	cfn.Place(awsevents.NewCfnRule(scope, new("Asks"), &awsevents.CfnRuleProps{
		Name: new(cfn.Prefix + "asks"), Description: new("What a person has to act on, when it opens and when it closes"), EventPattern: notify.Pattern(),
		Targets: &[]*awsevents.CfnRule_TargetProperty{{Id: new("topic"), Arn: topic.Value}},
	}), topic.Given)
}

func (t Target) property() *awsevents.CfnRule_TargetProperty {
	if t.Bus != nil {
		return &awsevents.CfnRule_TargetProperty{Id: new("hub"), Arn: t.Bus, RoleArn: t.Role}
	}
	return &awsevents.CfnRule_TargetProperty{Id: new("queue"), Arn: t.Queue, DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: t.DeadLetters}}
}

// Name is what a rule is called that sends to another account's bus: OwnWrites is
// keymend-own-writes.
func Name(r signal.Rule) string {
	if r.Name != "" {
		return cfn.Prefix + r.Name
	}
	name := ""
	for i, c := range r.ID {
		if unicode.IsUpper(c) && i > 0 {
			name += "-"
		}
		name += string(unicode.ToLower(c))
	}
	return cfn.Prefix + name
}
