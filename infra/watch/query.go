package watch

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/infra/function"
)

// A query of the audit log, in the language of CloudWatch Logs Insights.
// docs/audit.md has the fields.
type query struct {
	id, name string
	text     string // one command a line
}

// lastOutcome keeps the newest record of each finding, so that what has changed since
// isn't shown as it was.
const lastOutcome = `filter schema = "keymend.audit/1" and ispresent(outcome) and group != ""
stats latest(outcome) as last, latest(reason) as why, latest(@timestamp) as seen by account, region, group, key
`

func queries() []query {
	return []query{
		{"RemediationsQuery", "remediations", `filter schema = "keymend.audit/1" and phase = "outcome"
stats count(*) as changes, latest(@timestamp) as last by account, region, key, outcome
sort changes desc`},
		{"TimeToRecoverQuery", "time-to-recover", `filter ispresent(Proofs) and ispresent(SecondsSinceFailure)
stats count(*) as groups, pct(SecondsSinceFailure, 50) as p50, pct(SecondsSinceFailure, 95) as p95, max(SecondsSinceFailure) as longest by bin(1d)`},
		{"ProposalsQuery", "pending-proposals", lastOutcome + `filter last = "proposed"
sort seen desc`},
		{"BrokenQuery", "broken", lastOutcome + `filter last != "ignored" and last != "nothing-to-do" and last != "cause-elsewhere" and last != "in-service" and last != "undone"
sort seen desc`},
		{"FixedNotInServiceQuery", "fixed-not-in-service", lastOutcome + `filter last = "fixed" or last = "moved"
sort seen asc`},
		{"BridgesQuery", "grants-for-now", `filter schema = "keymend.audit/1" and ispresent(bridges.0)
stats earliest(@timestamp) as since, latest(bridges.0) as grant by account, region, group, key
sort since asc`},
		{"UndoQuery", "undo", `filter schema = "keymend.audit/1" and phase = "outcome" and @message like /"undo":/
fields @timestamp, remediationId, account, region, group, key, outcome, reason
sort @timestamp desc`},
	}
}

func newQueries(in constructs.Construct, props Props) {
	for _, q := range queries() {
		var groups []any
		for _, name := range function.Names() {
			groups = append(groups, props.Logs.Names[name])
		}
		cfn.Place(awslogs.NewCfnQueryDefinition(in, &q.id, &awslogs.CfnQueryDefinitionProps{
			Name: new("keymend/" + q.name), LogGroupNames: &groups, QueryString: new(strings.ReplaceAll(q.text, "\n", "\n| ")),
		}), props.Condition)
	}
}
