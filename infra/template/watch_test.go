package template_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/audit"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// Each alarm sends whoever it wakes to a section of docs/deploy.md.
func TestAlarmsSayWhatToDo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	alarms := ofType("AWS::CloudWatch::Alarm")
	if cost := fmt.Sprintf("\n| alarms | %d × 0.10 | %.2f |\n", len(alarms), float64(len(alarms))*0.1); len(alarms) == 0 || !strings.Contains(string(text), cost) {
		t.Errorf("the estimate of docs/deploy.md lacks %q", cost)
	}
	for _, id := range alarms {
		description := resources().Get(id + ".Properties.AlarmDescription").String()
		section := regexp.MustCompile(`docs/deploy\.md, "(.+)"\.$`).FindStringSubmatch(description)
		if section == nil || !strings.Contains(string(text), "\n### "+section[1]+"\n") {
			t.Errorf("%s: docs/deploy.md has no section for %q", id, description)
		}
	}
}

// metrics are what pkg/audit writes of every outcome: name, then outcome.
func metrics(t *testing.T) map[[2]string]bool {
	t.Helper()
	out := map[[2]string]bool{}
	for o := range outcome.Meanings() {
		for _, phase := range []record.Phase{record.Finding, record.Result, record.Proof} {
			var written bytes.Buffer
			w := &audit.Writer{Out: &written, Now: time.Now}
			if err := w.Write(t.Context(), record.Record{Phase: phase, Outcome: o, Failed: time.Now().Format(time.RFC3339)}); err != nil {
				t.Fatal(err)
			}
			line := gjson.ParseBytes(written.Bytes()[bytes.IndexByte(written.Bytes(), '\n'):])
			declared := line.Get("_aws.CloudWatchMetrics.0")
			if declared.Get("Namespace").String() != "Keymend" || !slices.ContainsFunc(declared.Get("Dimensions").Array(), func(d gjson.Result) bool { return d.Raw == `["Outcome"]` }) {
				t.Fatalf("metrics are declared as %s", declared.Raw)
			}
			for _, m := range declared.Get("Metrics").Array() {
				out[[2]string{m.Get("Name").String(), line.Get("Outcome").String()}] = true
			}
		}
	}
	return out
}

// An alarm on a metric that nobody writes never rings.
func TestAlarmsAreOnMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	written := metrics(t)
	names := map[string]bool{}
	for _, kind := range []struct{ kind, name string }{{"AWS::SQS::Queue", "QueueName"}, {"AWS::Lambda::Function", "FunctionName"}, {"AWS::Events::Rule", "RuleName"}} {
		for _, id := range ofType(kind.kind) {
			names[kind.name+" "+resources().Get(id+".Properties."+strings.TrimPrefix(kind.name, "Rule")).String()] = true
		}
	}
	for _, id := range ofType("AWS::CloudWatch::Alarm") {
		p := resources().Get(id + ".Properties")
		dimension, value := p.Get("Dimensions.0.Name").String(), p.Get("Dimensions.0.Value").String()
		switch p.Get("Namespace").String() {
		case "Keymend":
			if dimension != "Outcome" || !written[[2]string{p.Get("MetricName").String(), value}] {
				t.Errorf("%s: audit never writes %s of outcome %q", id, p.Get("MetricName"), value)
			}
		default:
			if !names[dimension+" "+value] {
				t.Errorf("%s watches %s %s, which isn't in the template", id, dimension, value)
			}
		}
		want := map[bool]string{true: "LessThanThreshold breaching", false: "GreaterThanThreshold notBreaching"}[dimension == "RuleName"]
		if got := p.Get("ComparisonOperator").String() + " " + p.Get("TreatMissingData").String(); got != want {
			t.Errorf("%s: %s; most of these metrics are there only when something is wrong, a schedule's only when nothing is", id, got)
		}
	}
}

// TestASweepThatIsLateIsTold: within an hour, and not before a recent sweep was missed.
func TestASweepThatIsLateIsTold(t *testing.T) {
	t.Parallel()
	p := resources().Get("NoSweepAlarm.Properties")
	after := time.Duration(p.Get("Period").Int()*p.Get("EvaluationPeriods").Int()) * time.Second
	rule := "keymend-" + signal.Sweep{}.Name()
	if p.Get("Namespace").String() != "AWS/Events" || p.Get("MetricName").String() != "Invocations" || p.Get("Dimensions.0.Value").String() != rule ||
		p.Get("TreatMissingData").String() != "breaching" || p.Get("Threshold").Int() != 1 || p.Get("ComparisonOperator").String() != "LessThanThreshold" {
		t.Errorf("it doesn't ring where %s isn't invoked: %s", rule, p.Raw)
	}
	if after > time.Hour || after < 2*15*time.Minute {
		t.Errorf("it rings after %s", after)
	}
}

// A topic is there for every alarm, or for none.
func TestAlarmsGoToTheTopic(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]any{"": []any{}, "arn:aws:sns:eu-west-1:111122223333:alarms": []any{"arn:aws:sns:eu-west-1:111122223333:alarms"}} {
		for _, r := range deployed(t, map[string]string{"AlarmTopic": topic}) {
			if r.Type == "AWS::CloudWatch::Alarm" && (!reflect.DeepEqual(r.Properties["AlarmActions"], want) || !reflect.DeepEqual(r.Properties["OKActions"], want)) {
				t.Errorf("%s, topic %q: actions %v, %v", r.LogicalID, topic, r.Properties["AlarmActions"], r.Properties["OKActions"])
			}
		}
	}
}

// Queries name fields that records and metrics have.
func TestQueriesNameFieldsThatThereAre(t *testing.T) {
	t.Parallel()
	fields := map[string]bool{"@timestamp": true, "@message": true, "Proofs": true, "SecondsSinceFailure": true}
	for i := range reflect.TypeFor[record.Record]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[record.Record]().Field(i).Tag.Get("json"), ",")
		fields[name] = true
	}
	keyword := regexp.MustCompile(`^(filter|stats|sort|fields|by|as|and|or|like|ispresent|coalesce|count|latest|earliest|pct|max|bin|asc|desc|\d+d?)$`)
	queries := ofType("AWS::Logs::QueryDefinition")
	if len(queries) == 0 {
		t.Error("no queries")
	}
	for _, id := range queries {
		text := resources().Get(id + ".Properties.QueryString").String()
		bare := regexp.MustCompile(`"[^"]*"|/[^/]*/`).ReplaceAllString(text, "") // values
		named := map[string]bool{}
		for _, as := range regexp.MustCompile(` as (\w+)`).FindAllStringSubmatch(bare, -1) {
			named[as[1]] = true
		}
		for _, word := range regexp.MustCompile(`[@\w]+(\.\w+)?`).FindAllString(bare, -1) {
			word, _, _ = strings.Cut(word, ".")
			if !fields[word] && !named[word] && !keyword.MatchString(word) {
				t.Errorf("%s names %q:\n%s", id, word, text)
			}
		}
		for _, o := range outcomesIn(text) {
			if _, ok := outcome.Meanings()[o]; !ok {
				t.Errorf("%s names the outcome %q", id, o)
			}
		}
		if strings.Contains(text, "schema") && !strings.HasPrefix(text, `filter (schema = "`+record.Schema+`" or schema = "keymend.audit/1") and `) {
			t.Errorf("%s asks for other records than those of %s and the version before:\n%s", id, record.Schema, text)
		}
		if groups := len(resources().Get(id + ".Properties.LogGroupNames").Array()); groups != len(ofType("AWS::Logs::LogGroup")) {
			t.Errorf("%s asks %d log groups", id, groups)
		}
	}
}

func outcomesIn(query string) []outcome.Outcome {
	var out []outcome.Outcome
	for _, o := range regexp.MustCompile(`(?:outcome|last) (?:!=|=) "([^"]+)"`).FindAllStringSubmatch(query, -1) {
		out = append(out, outcome.Outcome(o[1]))
	}
	return out
}

// What counts as broken, and as fixed, is what the history takes for it.
func TestQueriesAskForStates(t *testing.T) {
	t.Parallel()
	for _, q := range []struct {
		id, is, joint string
		states        []outcome.State
	}{
		{"FixedNotInServiceQuery", "=", " or ", []outcome.State{outcome.StateProven}},
		{"BrokenQuery", "!=", " and ", []outcome.State{outcome.StateNone, outcome.StateInService, outcome.StateUndone}},
	} {
		var all []string
		for _, s := range q.states {
			for _, o := range outcome.Of(s) {
				all = append(all, fmt.Sprintf("last %s %q", q.is, string(o)))
			}
		}
		text, want := resources().Get(q.id+".Properties.QueryString").String(), "| filter "+strings.Join(all, q.joint)+"\n"
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %s:\n%s", q.id, want, text)
		}
	}
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	body := resources().Get("Dashboard.Properties.DashboardBody.Fn::Sub").String()
	var d struct{ Widgets []map[string]any }
	if err := json.Unmarshal([]byte(body), &d); err != nil || len(d.Widgets) == 0 {
		t.Fatalf("%d widgets, %v", len(d.Widgets), err)
	}
	known := slices.Collect(maps.Keys(gjson.GetBytes(template.Account(), "Parameters").Map()))
	for _, name := range regexp.MustCompile(`\$\{([^}]*)\}`).FindAllStringSubmatch(body, -1) {
		if name[1] != "AWS::Region" && !slices.Contains(known, name[1]) {
			t.Errorf("the dashboard refers to %s", name[1])
		}
	}
}
