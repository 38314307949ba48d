package watch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/infra/function"
	"keymend/pkg/outcome"
)

// A query of the audit log, in the language of CloudWatch Logs Insights.
// docs/audit.md has the fields.
type query struct {
	id, name string
	text     string // one command a line
}

// audited are the lines of the audit log, of this version and the one before.
const audited = `filter (schema = "keymend.audit/2" or schema = "keymend.audit/1")`

// lastOutcome keeps the newest record of each finding, so that what has changed since
// isn't shown as it was.
const lastOutcome = audited + ` and ispresent(outcome) and group != ""
stats latest(outcome) as last, latest(reason) as why, latest(@timestamp) as seen by account, region, group, key
`

// A group isn't broken, as far as the log tells, in these states.
func whole() []outcome.Outcome {
	return slices.Concat(outcome.Of(outcome.StateNone), outcome.Of(outcome.StateInService), outcome.Of(outcome.StateUndone))
}

// last compares the newest outcome with each of several.
func last(is string, several []outcome.Outcome, joint string) string {
	all := make([]string, len(several))
	for i, o := range several {
		all[i] = fmt.Sprintf("last %s %q", is, string(o))
	}
	return strings.Join(all, " "+joint+" ")
}

func queries() []query {
	return []query{
		{"RemediationsQuery", "remediations", audited + ` and phase = "outcome"
stats count(*) as changes, latest(@timestamp) as last by account, region, key, outcome
sort changes desc`},
		{"TimeToRecoverQuery", "time-to-recover", `filter ispresent(Proofs) and ispresent(SecondsSinceFailure)
stats count(*) as groups, pct(SecondsSinceFailure, 50) as p50, pct(SecondsSinceFailure, 95) as p95, max(SecondsSinceFailure) as longest by bin(1d)`},
		{"ProposalsQuery", "pending-proposals", lastOutcome + `filter ` + last("=", []outcome.Outcome{outcome.Proposed, outcome.TakenAway, outcome.Braked}, "or") + `
sort seen desc`},
		{"BrokenQuery", "broken", lastOutcome + `filter ` + last("!=", whole(), "and") + `
sort seen desc`},
		{"FixedNotInServiceQuery", "fixed-not-in-service", lastOutcome + `filter ` + last("=", outcome.Of(outcome.StateProven), "or") + `
sort seen asc`},
		// A list, as the version before wrote it, has a field for each element.
		{"BridgesQuery", "grants-for-now", audited + ` and (ispresent(bridges) or ispresent(bridges.0))
fields coalesce(bridges, bridges.0) as bridge
stats earliest(@timestamp) as since, latest(bridge) as grant by account, region, group, key
sort since asc`},
		{"UndoQuery", "undo", audited + ` and phase = "outcome" and @message like /"undo":/
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
