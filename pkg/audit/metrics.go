package audit

import (
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// metricName says which metric counts records of a phase.
func metricName(p record.Phase) string {
	switch p {
	case record.Intent:
		return "Intents"
	case record.Result:
		return "Outcomes"
	case record.Proof:
		return "Proofs"
	case record.Swept:
		return "Sweeps"
	case record.Finding:
	}
	return "Findings"
}

// metricsOf writes a record's metrics in CloudWatch's embedded metric format.
// The one dimension is the outcome: a closed set, so that metrics stay few.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func metricsOf(r record.Record) map[string]any {
	name := metricName(r.Phase)
	definitions := []map[string]string{{"Name": name, "Unit": "Count"}}
	line := map[string]any{name: 1}
	if r.Outcome == outcome.Braked || r.Outcome == outcome.TakenAway { // whichever function says so
		definitions = append(definitions, map[string]string{"Name": "Held", "Unit": "Count"})
		line["Held"] = 1
	}
	if r.Sweep != nil && r.Sweep.Unlisted {
		definitions = append(definitions, map[string]string{"Name": "Unlisted", "Unit": "Count"})
		line["Unlisted"] = 1
	}
	dimensions := [][]string{{}}
	if r.Outcome != "" {
		dimensions = append(dimensions, []string{"Outcome"})
		line["Outcome"] = string(r.Outcome)
	}
	launched := r.Phase == record.Proof && r.Outcome.State() == outcome.StateInService
	if failed, err := time.Parse(time.RFC3339, r.Failed); err == nil && (r.Phase == record.Result || launched) {
		definitions = append(definitions, map[string]string{"Name": "SecondsSinceFailure", "Unit": "Seconds"})
		line["SecondsSinceFailure"] = r.Time.Sub(failed).Seconds()
		if launched && r.Proof != nil && r.Proof.Recovered != nil { // the look comes later than the launch
			line["SecondsSinceFailure"] = r.Proof.Recovered.SinceFailure
		}
	}
	line["_aws"] = map[string]any{
		"Timestamp": r.Time.UnixMilli(),
		"CloudWatchMetrics": []map[string]any{{
			"Namespace": "Keymend", "Dimensions": dimensions, "Metrics": definitions,
		}},
	}
	return line
}
