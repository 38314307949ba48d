package watch

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/infra/function"
	"keymend/infra/queue"
)

// A widget is one of a dashboard's.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type widget struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// heading shows the settings that decide whether anything is written. Where the
// switch stands, only the parameter itself says.
const heading = `# Keymend: mode **${Mode}**, scope **${Scope}**
Every write stops while the parameter **${SwitchParameter}** isn't ` + "`on`" + `: ` + "`aws ssm put-parameter --name ${SwitchParameter} --value off --overwrite --region ${AWS::Region}`" + `. Alarms and what to do: docs/deploy.md.`

// each is added where a dashboard shows several Regions.
const each = " Each Region has its own parameter."

// tall is how high what shows a Region is, in the dashboard's rows.
const tall = 24

func newDashboard(in constructs.Construct, props Props) {
	cfn.Place(awscloudwatch.NewCfnDashboard(in, new("Dashboard"), &awscloudwatch.CfnDashboardProps{
		// Dashboards are global: two Regions must not share a name.
		DashboardName: awscdk.Fn_Sub(new(cfn.Prefix+"${AWS::Region}"), nil), DashboardBody: awscdk.Fn_Sub(new(body(props.Shown)), nil),
	}), props.Condition)
}

// body lays the widgets out, as CloudWatch's JSON: one Region's below the other's.
func body(regions []string) string {
	text := heading
	if len(regions) > 1 {
		text += each
	}
	widgets, y := []widget{{"text", 0, 0, 24, 3, map[string]any{"markdown": text}}}, 3
	for _, r := range regions {
		if len(regions) > 1 {
			widgets = append(widgets, widget{"text", 0, y, 24, 1, map[string]any{"markdown": "## " + r}})
			y++
		}
		widgets = append(widgets, place(r).widgets(y)...)
		y += tall
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"widgets": widgets}); err != nil {
		return "" // strings and numbers can always be written
	}
	return strings.TrimSpace(out.String())
}

// A place is the Region that widgets are about.
type place string

func (p place) widgets(y int) []widget {
	return []widget{
		p.table(y, 0, "Broken now, and why", "BrokenQuery"),
		p.table(y, 12, "Proposals that wait for a person", "ProposalsQuery"),
		p.table(y+6, 0, "Fixed, and not in service yet", "FixedNotInServiceQuery"),
		p.table(y+6, 12, "Grants that stand in for statements", "BridgesQuery"),
		p.graph(y+12, 0, "Findings", search("Findings", "Sum")),
		p.graph(y+12, 8, "Changes", search("Outcomes", "Sum")),
		p.graph(y+12, 16, "Seconds from failure to in service", [][]any{
			series("Keymend", "SecondsSinceFailure", "Outcome", "recovered", "p50"), series("Keymend", "SecondsSinceFailure", "Outcome", "recovered", "p95"),
		}),
		p.graph(y+18, 0, "Oldest message, seconds", [][]any{series("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue.Signals, "Maximum"), series("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue.Changes, "Maximum")}),
		p.graph(y+18, 8, "Dead letters", [][]any{series("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.SignalsDead, "Maximum"), series("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.ChangesDead, "Maximum")}),
		p.graph(y+18, 16, "Functions' errors and throttles", [][]any{
			series("AWS/Lambda", "Errors", "FunctionName", cfn.Prefix+function.Diagnose, "Sum"), series("AWS/Lambda", "Errors", "FunctionName", cfn.Prefix+function.Remediate, "Sum"),
			series("AWS/Lambda", "Throttles", "FunctionName", cfn.Prefix+function.Diagnose, "Sum"), series("AWS/Lambda", "Throttles", "FunctionName", cfn.Prefix+function.Remediate, "Sum"),
		}),
	}
}

// table shows a saved query's answer.
func (p place) table(y, x int, title, id string) widget {
	text := ""
	for _, name := range function.Names() {
		text += "SOURCE '/aws/lambda/" + cfn.Prefix + name + "' | "
	}
	for _, q := range queries() {
		if q.id == id {
			text += strings.ReplaceAll(q.text, "\n", " | ")
		}
	}
	return widget{"log", x, y, 12, 6, map[string]any{"title": title, "query": text, "region": string(p), "view": "table"}}
}

func (p place) graph(y, x int, title string, metrics [][]any) widget {
	return widget{"metric", x, y, 8, 6, map[string]any{
		"title": title, "metrics": metrics, "region": string(p), "view": "timeSeries", "stacked": false, "period": 300,
	}}
}

// search finds a metric of every outcome that there was.
func search(name, statistic string) [][]any {
	return [][]any{{map[string]any{"expression": `SEARCH('{Keymend,Outcome} MetricName="` + name + `"', '` + statistic + `', 300)`, "id": "e1"}}}
}

func series(namespace, name, dimension, value, statistic string) []any {
	return []any{namespace, name, dimension, value, map[string]any{"stat": statistic, "label": value + " " + name + " " + statistic}}
}
