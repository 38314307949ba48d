// Package account is Keymend in one account and Region: the CloudFormation stack.
// The constructs that it is made of are packages of their own, and each takes all
// that it needs in its props, so that a deployment to an organization can put them
// together in another way.
//
// Only L1 constructs are used, with the logical ids that they are given: the
// template stays as it is written, without statements that nobody wrote.
// docs/decisions/0009-cdk-with-l1-constructs.md says why.
package account

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cdkcontext"
	"keymend/infra/cfn"
	"keymend/infra/function"
	"keymend/infra/queue"
	"keymend/infra/role"
	"keymend/infra/rule"
	"keymend/infra/watch"
	"keymend/pkg/permission"
	"keymend/pkg/settings/variable"
	"keymend/pkg/signal"
)

// Props are what the stack needs.
type Props struct {
	Defaults map[string]string // of the template's parameters, by context key without "keymend:"
	Code     map[string]string // of the functions: path of the zip, by function
}

// NewStack makes the stack. An error is about what it was given; nothing has to be
// synthesised then.
func NewStack(scope constructs.Construct, id string, props Props) (awscdk.Stack, error) {
	stack := cfn.NewStack(scope, id, "Keymend in one account and Region. Its IAM roles are global: an account has one such stack.", nil)
	if err := newParameters(stack, parameters(), props.Defaults); err != nil {
		return nil, err
	}
	c := newConditions(stack)
	queues := newSources(stack, c, nil)
	further := cdkcontext.FurtherRegions(props.Defaults)
	made := roles(c)
	if len(further) > 0 {
		made.Place.Region, made.Place.Functions = "*", own(further) // they serve those, too
	}
	if err := role.New(stack, "Roles", made); err != nil {
		return nil, err
	}
	env := environment(parameters(), queues, c.dedicated)
	env[variable.ApproverRoleID] = cfn.GetAtt(role.LogicalID(permission.Approver), "RoleId")
	newFunctions(stack, c, queues, runs{
		code: props.Code, environment: env, shown: own(further),
		diagnose: cfn.GetAtt(role.LogicalID(permission.Diagnose), "Arn"), remediate: cfn.GetAtt(role.LogicalID(permission.Remediate), "Arn"),
	})
	return stack, nil
}

// newSources makes what the functions are told by: the switch, the queues, and the
// rules, those for AWS's events on the bus; nil: on the account's own.
func newSources(stack awscdk.Stack, c conditions, bus *string) queue.Queues {
	newSwitch(stack, c.functions)
	when := rules(c)
	if bus != nil { // each member's own trail tells of what is written there
		for _, r := range signal.Rules() {
			if r.Elsewhere {
				delete(when, r.ID)
			}
		}
	}
	queues := queue.New(stack, "Queues", queue.Props{Condition: c.functions, Rules: when, Key: c.key()})
	rule.New(stack, "Rules", rule.Props{
		Rules: when, Bus: bus, Signals: rule.Target{Queue: queues.Signals, DeadLetters: queues.SignalsDead}, Looks: rule.Target{Queue: queues.Looks, DeadLetters: queues.LooksDead},
	})
	return queues
}

// runs are what functions run with: their code, settings, and the ARNs of their roles.
type runs struct {
	code                map[string]string
	environment         map[string]*string
	diagnose, remediate *string
	shown               []string // Regions that the dashboard shows; none: there is no dashboard
	organization        bool     // whose accounts are looked over
}

// own are a stack's own Region and others.
func own(others []string) []string { return append([]string{"${AWS::Region}"}, others...) }

// newFunctions makes the functions, their logs, what watches them, and the rule that
// tells people.
func newFunctions(stack awscdk.Stack, c conditions, queues queue.Queues, run runs) {
	logs := function.NewLogs(stack, "Logs", function.LogsProps{
		Condition: c.functions, RetentionInDays: awscdk.Token_AsNumber(map[string]any{"Ref": "RetentionInDays"}), Key: c.key(),
	})
	function.New(stack, "Functions", function.Props{
		Condition: c.functions, Code: run.code, Environment: run.environment, Logs: logs,
		Roles: map[string]*string{function.Diagnose: run.diagnose, function.Remediate: run.remediate},
		Sources: []function.Source{
			{ID: "DiagnoseSource", Function: function.Diagnose, Queue: queues.Signals, Batch: 100},
			{ID: "DiagnoseLooks", Function: function.Diagnose, Queue: queues.Looks, Batch: 4},
			{ID: "DiagnoseDrift", Function: function.Diagnose, Queue: queues.Drift, Batch: 1},
			{ID: "RemediateSource", Function: function.Remediate, Queue: queues.Changes, Batch: 1},
		},
	})
	watch.New(stack, "Watch", watch.Props{Condition: c.functions, Topic: cfn.Optional{Value: cfn.Ref("AlarmTopic"), Given: c.alarming}, Logs: logs, Shown: run.shown, Organization: run.organization})
	rule.NewAsks(stack, cfn.Optional{Value: cfn.Ref("ActionTopic"), Given: c.asking})
	outputs(stack, queues, logs, c.functions)
}

// rules says which condition each rule hangs on.
func rules(c conditions) map[string]awscdk.CfnCondition {
	out := map[string]awscdk.CfnCondition{}
	for _, r := range signal.Rules() {
		switch out[r.ID] = c.functions; {
		case r.Copies:
			out[r.ID] = c.copies
		case r.Elsewhere:
			out[r.ID] = c.reaching
		}
	}
	return out
}

// roles says of what they are made, and what of them hangs on which condition.
func roles(c conditions) role.Props {
	return role.Props{
		Roles: permission.Roles(),
		Place: permission.Place{
			Partition: "${AWS::Partition}", Account: "${AWS::AccountId}", Region: "${AWS::Region}",
			Prefix: cfn.Prefix, Signals: queue.Signals, Changes: queue.Changes, Looks: queue.Looks, Drift: queue.Drift, SwitchParameter: "${SwitchParameter}",
			Suffix: "${DedicatedRoleSuffix}", Accounts: []string{"${Accounts}"}, Groups: []string{"${GroupAccounts}"}, Copies: true, Resumes: true, ImageParameters: "/",
		},
		Conditions: map[permission.Role]awscdk.CfnCondition{
			permission.Reader: c.functions, permission.KeyReader: c.groupsElsewhere, permission.Granter: c.functions, permission.Diagnose: c.functions, permission.Remediate: c.functions, permission.Approver: c.functions,
			permission.PolicyWriter: c.writesPolicies, permission.GroupWriter: c.changesGroups, permission.Copier: c.copies,
		},
		AllKeys: c.allKeys,
		Without: append([]role.Without{
			{Condition: c.otherAccounts, Lacks: func(p *permission.Place) { p.Accounts = nil }},
			{Condition: c.groupsElsewhere, Lacks: func(p *permission.Place) { p.Groups = nil }},
		}, c.settings().Without()...),
	}
}

func outputs(stack awscdk.Stack, queues queue.Queues, logs function.Logs, condition awscdk.CfnCondition) {
	for _, o := range []struct {
		id    string
		value *string
	}{
		{"SignalsQueue", queues.SignalsURL}, {"ChangesQueue", queues.ChangesURL},
		{"AuditLogs", awscdk.Fn_Join(new(","), &[]*string{logs.Names[function.Diagnose], logs.Names[function.Remediate]})},
	} {
		awscdk.NewCfnOutput(stack, &o.id, &awscdk.CfnOutputProps{Value: o.value, Condition: condition})
	}
}
