package doctor

import (
	"fmt"
	"path"

	"keymend/pkg/blueprint"
	"keymend/pkg/coverage"
)

// A kind is a type of resources, and how one of them is judged.
type kind struct {
	of, check string
	judge     func(e *examiner, d *deployment, r blueprint.Resource, name string)
	says      func(e *examiner, d *deployment, all []blueprint.Resource) string // where all are well
}

// kinds are those that are looked at, in the order in which they are told.
func kinds() []kind {
	return []kind{
		{"AWS::Lambda::Function", "functions", (*examiner).function, counted("functions are active; settings are valid, mode %s", "Mode")},
		{"AWS::IAM::Role", "roles", (*examiner).role, counted("roles are as the template makes them, with their trust and policies", "")},
		{"AWS::Events::Rule", "rules", (*examiner).rule, counted("rules are enabled, and send to their queues", "")},
		{"AWS::SQS::Queue", "queues", (*examiner).queue, (*examiner).queues},
		{"AWS::SQS::QueuePolicy", "queue-policies", (*examiner).queuePolicy, counted("queues take what they have to, and from nobody else", "")},
		{"AWS::Lambda::EventSourceMapping", "mappings", (*examiner).source, counted("event source mappings are enabled", "")},
		{"AWS::SSM::Parameter", "switch", (*examiner).parameter, (*examiner).on},
		{"AWS::CloudWatch::Alarm", "alarms", (*examiner).alarm, counted("alarms are there, and none rings", "")},
		{"AWS::Logs::LogGroup", "logs", (*examiner).logGroup, counted("log groups keep lines for %s days", "RetentionInDays")},
	}
}

// counted says how many there are, and a parameter of the template's.
func counted(says, parameter string) func(*examiner, *deployment, []blueprint.Resource) string {
	return func(_ *examiner, d *deployment, all []blueprint.Resource) string {
		text := fmt.Sprintf("%d %s", len(all), says)
		if parameter != "" {
			text = fmt.Sprintf(text, d.Given[parameter])
		}
		return text
	}
}

// of returns what is there, and adds why nothing is known, or that nothing is there. A
// queue's URL ends in its name.
func of[T any](e *examiner, d *deployment, check, at string, in map[string]coverage.Answer[*T]) *T {
	a, asked := in[at]
	name := path.Base(at)
	switch {
	case !asked:
		e.unknown(check, name, "nobody asked for it")
	case a.Problem != "":
		e.unknown(check, name, a.Problem)
	case a.Is == nil:
		e.missing(d, check, name)
	}
	return a.Is
}

// missing: CloudFormation made it, and somebody took it away.
func (e *examiner) missing(d *deployment, check, name string) {
	e.bad(check, name, "it isn't there any more: somebody deleted it", "", e.reverted(d)...)
}

// reverted has CloudFormation make again what somebody changed by hand.
func (e *examiner) reverted(d *deployment) []string {
	var out []string
	for _, words := range d.Revert(d.Name, e.Region) {
		out = append(out, e.as(e.Account, words...))
	}
	return out
}

// other adds that something isn't as the template makes it.
func (e *examiner) other(d *deployment, check, name, says string) {
	e.bad(check, name, says+": somebody changed it, or it was deployed by another version", "upgrading", e.reverted(d)...)
}
