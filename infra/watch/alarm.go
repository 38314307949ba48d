package watch

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/infra/function"
	"keymend/infra/queue"
	"keymend/pkg/signal"
)

// A metric is one of CloudWatch's, with its one dimension; "" = it has none.
type metric struct{ namespace, name, dimension, value string }

func (m metric) dimensions() *[]*awscloudwatch.CfnAlarm_DimensionProperty {
	if m.dimension == "" {
		return nil
	}
	return &[]*awscloudwatch.CfnAlarm_DimensionProperty{{Name: &m.dimension, Value: &m.value}}
}

// An alarm rings while a metric's statistic is over a threshold for some periods of
// five minutes.
type alarm struct {
	id, name  string
	what      string // one sentence
	section   string // heading of docs/deploy.md that says what to do
	metric    metric
	statistic string
	threshold int
	periods   int
	under     bool // it rings while the statistic is under the threshold, or there is none
}

func depth(name string) metric {
	return metric{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name}
}

func age(name string) metric {
	return metric{"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name}
}

func ofFunction(name, function string) metric {
	return metric{"AWS/Lambda", name, "FunctionName", cfn.Prefix + function}
}

// records counts audit records, as pkg/audit writes its metrics.
func records(name, outcome string) metric { return metric{"Keymend", name, "Outcome", outcome} }

// tenMinutes, in seconds: what waits longer isn't healed soon.
const tenMinutes = 10 * 60

func alarms() []alarm {
	return []alarm{
		{"SignalsDeadAlarm", "signals-dead", "Events could not be looked at, or not be delivered.", "Dead letters", depth(queue.SignalsDead), "Maximum", 0, 1, false},
		{"LooksDeadAlarm", "looks-dead", "Groups that no event told of could not be looked at.", "Dead letters", depth(queue.LooksDead), "Maximum", 0, 1, false},
		{"DriftDeadAlarm", "drift-dead", "Groups that use what somebody changed could not be looked for.", "Dead letters", depth(queue.DriftDead), "Maximum", 0, 1, false},
		{"ChangesDeadAlarm", "changes-dead", "Permitted changes could not be carried out.", "Dead letters", depth(queue.ChangesDead), "Maximum", 0, 1, false},
		{"SignalsLateAlarm", "signals-late", "An event has waited for more than 10 minutes.", "Messages wait", age(queue.Signals), "Maximum", tenMinutes, 1, false},
		{"LooksLateAlarm", "looks-late", "A look that was due has waited for more than 30 minutes.", "Messages wait", age(queue.Looks), "Maximum", 3 * tenMinutes, 1, false},
		{"ChangesLateAlarm", "changes-late", "A change has waited for more than 10 minutes.", "Messages wait", age(queue.Changes), "Maximum", tenMinutes, 1, false},
		{"DiagnoseErrorsAlarm", "diagnose-errors", "Function keymend-diagnose ended with an error.", "A function fails", ofFunction("Errors", function.Diagnose), "Sum", 0, 1, false},
		{"RemediateErrorsAlarm", "remediate-errors", "Function keymend-remediate ended with an error.", "A function fails", ofFunction("Errors", function.Remediate), "Sum", 0, 1, false},
		{"DiagnoseThrottledAlarm", "diagnose-throttled", "Function keymend-diagnose was throttled for 15 minutes.", "A function is throttled", ofFunction("Throttles", function.Diagnose), "Sum", 0, 3, false},
		{"RemediateThrottledAlarm", "remediate-throttled", "Function keymend-remediate was throttled for 15 minutes.", "A function is throttled", ofFunction("Throttles", function.Remediate), "Sum", 0, 3, false},
		{"NoSweepAlarm", "no-sweep", "For an hour nothing has looked for groups that no event told of.", "No sweep", metric{"AWS/Events", "Invocations", "RuleName", cfn.Prefix + signal.Sweep{}.Name()}, "Sum", 1, 12, true},
		{"BrakedAlarm", "braked", "More changes are asked for than may be begun in an hour, or what was begun can't be read: they are proposed.", "Braked", records("Held", "braked"), "Sum", 0, 1, false},
		{"TakenAwayAlarm", "taken-away", "Somebody took away what Keymend had written; it isn't written again.", "Taken away", records("Held", "taken-away"), "Sum", 0, 1, false},
		{"UnexplainedWritesAlarm", "unexplained-writes", "One of Keymend's roles changed something, and the audit log has no intent for it.", "A write without a record", records("Findings", "unexplained-write"), "Sum", 0, 1, false},
		{"SettingsInvalidAlarm", "settings-invalid", "The functions' settings are invalid: Keymend only observes.", "Settings invalid", records("Findings", "settings-invalid"), "Sum", 0, 1, false},
		{"LooksNotPermittedAlarm", "looks-not-permitted", "AWS refused Keymend a call that it needs to look.", "Not permitted", records("Findings", "not-permitted"), "Sum", 0, 1, false},
		{"ChangesNotPermittedAlarm", "changes-not-permitted", "AWS refused Keymend a call that it needs to change.", "Not permitted", records("Outcomes", "not-permitted"), "Sum", 0, 1, false},
		{"ChangesUnprovenAlarm", "changes-unproven", "A change was written and could not be proven.", "Unproven or failed", records("Outcomes", "unproven"), "Sum", 0, 1, false},
		{"ChangesFailedAlarm", "changes-failed", "AWS refused a change.", "Unproven or failed", records("Outcomes", "failed"), "Sum", 0, 1, false},
	}
}

// ofOrganization are alarms that only an organization's hub has.
func ofOrganization() []alarm {
	return []alarm{
		{"AccountsUnlistedAlarm", "accounts-unlisted", "The organization's accounts can't be listed: sweeps go to those that were listed before.", "Accounts unlisted", metric{namespace: "Keymend", name: "Unlisted"}, "Sum", 0, 1, false},
	}
}

func newAlarms(in constructs.Construct, props Props) {
	const fiveMinutes = 5 * 60
	all := alarms()
	if props.Organization {
		all = append(all, ofOrganization()...)
	}
	for _, a := range all {
		actions := &[]any{props.Topic.OrNothing()}
		comparison, missing := "GreaterThanThreshold", "notBreaching"
		if a.under {
			comparison, missing = "LessThanThreshold", "breaching"
		}
		cfn.Place(awscloudwatch.NewCfnAlarm(in, &a.id, &awscloudwatch.CfnAlarmProps{
			AlarmName: new(cfn.Prefix + a.name), AlarmDescription: new(a.what + ` What to do: docs/deploy.md, "` + a.section + `".`),
			Namespace: &a.metric.namespace, MetricName: &a.metric.name, Statistic: &a.statistic,
			Dimensions:         a.metric.dimensions(),
			ComparisonOperator: &comparison, Threshold: cfn.Number(a.threshold),
			Period: cfn.Number(fiveMinutes), EvaluationPeriods: cfn.Number(a.periods), TreatMissingData: &missing,
			AlarmActions: actions, OkActions: actions,
		}), props.Condition)
	}
}
