package template_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/eventbridge"

	"keymend/pkg/signal"
)

// The template has the rules of pkg/signal and no other, each as it is there.
func TestRulesAreThoseOfSignal(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, r := range signal.Rules() {
		ids = append(ids, r.ID)
		properties := resources().Get(r.ID + ".Properties")
		if got := properties.Get("Description").String(); got != r.Description {
			t.Errorf("%s is described as %q, want %q", r.ID, got, r.Description)
		}
		if r.Schedule != "" {
			if properties.Get("ScheduleExpression").String() != r.Schedule || properties.Get("Name").String() != "keymend-"+r.Name || properties.Get("EventPattern").Exists() {
				t.Errorf("%s: %s", r.ID, properties.Raw)
			}
			continue
		}
		text, err := json.Marshal(r.Pattern("keymend-"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded(t, string(text)), decoded(t, properties.Get("EventPattern").Raw)); diff != "" {
			t.Errorf("%s (-signal +template):\n%s", r.ID, diff)
		}
		condition := "WithFunctions"
		switch {
		case r.Copies:
			condition = "Copies"
		case r.Elsewhere:
			condition = "Reaching"
		}
		if got := resources().Get(r.ID + ".Condition").String(); got != condition {
			t.Errorf("%s has condition %s, want %s", r.ID, got, condition)
		}
	}
	ids = append(ids, "Asks") // sends to people
	slices.Sort(ids)
	if diff := cmp.Diff(ids, ofType("AWS::Events::Rule")); diff != "" {
		t.Errorf("rules (-signal +template):\n%s", diff)
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var out any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Each recorded event that Keymend takes is one that exactly the rule of its kind
// sends on. The others none does, but for those that a pattern can't tell apart, or not
// in few words.
func TestRulesMatchTheirEvents(t *testing.T) {
	t.Parallel()
	of := map[string]string{}
	for _, r := range signal.Rules() {
		if r.Schedule == "" {
			of[r.Signal] = r.ID
		}
	}
	events, err := filepath.Glob(filepath.Join("..", "..", "pkg", "signal", "testdata", "events", "*.json"))
	if err != nil || len(events) == 0 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	want, got := map[string]string{
		"image-deregistered": "ImageChanged", "update-group-size": "GroupUpdated", "role-made-by-autoscaling": "RoleChanged", "role-of-another-service": "RoleChanged",
	}, map[string]string{}
	for _, file := range events {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if s, err := signal.Decode(text, "keymend-"); err == nil && of[s.Name()] != "" {
			want[name] = of[s.Name()]
		}
		for _, rule := range slices.Collect(maps.Values(of)) {
			pattern := resources().Get(rule + ".Properties.EventPattern").Raw
			out, err := new(eventbridge.Service).TestEventPattern(t.Context(), &sdk.TestEventPatternInput{EventPattern: &pattern, Event: new(string(text))})
			if err != nil {
				t.Fatalf("%s: %v", rule, err)
			}
			if out.Result {
				got[name] = strings.TrimSpace(got[name] + " " + rule)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("which rules send on which events (-want +got):\n%s", diff)
	}
}

// People are told where a topic is set, of Keymend's own events that open or close, and
// by no queue of Keymend's.
func TestAsksGoToTheTopic(t *testing.T) {
	t.Parallel()
	const topic = "arn:aws:sns:eu-west-1:111122223333:people"
	if _, there := deployed(t, map[string]string{"ActionTopic": ""})["Asks"]; there {
		t.Error("people are told without a topic")
	}
	set := map[string]string{"ActionTopic": topic}
	for where, stack := range map[string]map[string]cloudformation.Resource{"account": deployed(t, set), "hub": load(t, template.Hub(), hub, "eu-west-1", set)} {
		r := stack["Asks"]
		targets, _ := r.Properties["Targets"].([]any)
		if len(targets) != 1 || targets[0].(map[string]any)["Arn"] != topic || r.Properties["EventBusName"] != nil {
			t.Errorf("%s: %+v", where, r.Properties)
		}
	}
	pattern := resources().Get("Asks.Properties.EventPattern").Raw
	for notify, want := range map[string]bool{"opened": true, "closed": true, "open": false, "": false} {
		for source, ours := range map[string]bool{"keymend": true, "payments": false} {
			text := `{"source":"` + source + `","detail-type":"Keymend Proposal","detail":{"asks":true,"notify":"` + notify + `"}}`
			out, err := new(eventbridge.Service).TestEventPattern(t.Context(), &sdk.TestEventPatternInput{EventPattern: &pattern, Event: &text})
			if err != nil || out.Result != (want && ours) {
				t.Errorf("%s of %s: %v, %v", notify, source, out, err)
			}
		}
	}
}

// What Keymend tells others comes back to none of its rules, whatever the event says: no
// pattern takes another source than AWS's own.
func TestNoRuleTakesKeymendsEvents(t *testing.T) {
	t.Parallel()
	for _, r := range signal.Rules() {
		if r.Schedule != "" {
			continue
		}
		pattern := resources().Get(r.ID + ".Properties.EventPattern")
		sources := pattern.Get("source").Array()
		if len(sources) == 0 || slices.ContainsFunc(sources, func(s gjson.Result) bool { return !strings.HasPrefix(s.String(), "aws.") }) {
			t.Errorf("%s takes events of %v", r.ID, pattern.Get("source"))
		}
	}
}
