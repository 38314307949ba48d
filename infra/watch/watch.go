// Package watch is what tells people how Keymend is doing: alarms, a dashboard and
// saved queries of the audit log.
//
// The metrics are those of AWS's services, and those that pkg/audit writes into the
// log: Findings, Intents, Outcomes, Proofs and SecondsSinceFailure, by outcome.
package watch

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/infra/function"
)

// Props are what there is to watch.
type Props struct {
	Condition awscdk.CfnCondition
	Topic     cfn.Optional // ARN of the SNS topic that alarms go to
	Logs      function.Logs
	// Shown are the Regions that the dashboard shows, its own first; none: there is no
	// dashboard.
	Shown []string
	// Organization: the accounts of one are looked over from here.
	Organization bool
}

// New makes alarms, dashboard and queries.
func New(scope constructs.Construct, id string, props Props) {
	in := cfn.Group(scope, id)
	cfn.Unset(in, "F3033") // of alarms' actions
	newAlarms(in, props)
	newQueries(in, props)
	if len(props.Shown) > 0 {
		newDashboard(in, props)
	}
}
