package template_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

func resources() gjson.Result { return gjson.GetBytes(template.Account(), "Resources") }

// ofType returns the logical ids of resources.
func ofType(kind string) []string {
	var ids []string
	for id, r := range resources().Map() {
		if r.Get("Type").String() == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// variablesRead are those that the functions take settings from.
func variablesRead() []string {
	var out []string
	for _, s := range settings.Table() {
		out = append(out, s.Variable)
	}
	slices.Sort(out)
	return out
}

func TestFunctionsGetTheSettingsThatThereAre(t *testing.T) {
	t.Parallel()
	functions := ofType("AWS::Lambda::Function")
	if want := []string{"Diagnose", "Remediate"}; !slices.Equal(functions, want) {
		t.Fatalf("functions %v, want %v", functions, want)
	}
	for _, f := range functions {
		variables := resources().Get(f + ".Properties.Environment.Variables").Map()
		got, want := slices.Sorted(maps.Keys(variables)), variablesRead()
		want = slices.DeleteFunc(want, func(name string) bool { return name == variable.Governed || name == variable.ListingAccount }) // a hub's
		if !slices.Equal(got, want) {
			t.Errorf("%s has the variables %v, settings reads %v", f, got, want)
		}
	}
}

// Whatever the parameters allow, the functions take as valid settings.
func TestFunctionsTakeTheirSettings(t *testing.T) {
	t.Parallel()
	for _, p := range parameters() {
		p["CopyKey"] = "alias/platform-ebs"
		for _, r := range deployed(t, p) {
			if r.Type != "AWS::Lambda::Function" {
				continue
			}
			variables := r.Properties["Environment"].(map[string]any)["Variables"].(map[string]any)
			variables[variable.ChangesQueueURL] = "https://sqs.eu-west-1.amazonaws.com/111122223333/keymend-changes.fifo"
			variables[variable.LooksQueueURL] = "https://sqs.eu-west-1.amazonaws.com/111122223333/keymend-looks"
			variables[variable.DriftQueueURL] = "https://sqs.eu-west-1.amazonaws.com/111122223333/keymend-drift.fifo"
			c, err := settings.Parse(func(name string) string { return text(variables[name]) })
			if err != nil || c.Mode != "enforce" || string(c.Scope) != p["Scope"] || string(c.OwnKey) != p["OwnKey"] || string(c.ForeignKey) != p["ForeignKey"] || c.Dedicated != p["DedicatedRoleSuffix"] {
				t.Errorf("%v: %+v, %v", p, c, err)
			}
		}
	}
}

// Each parameter arrives as the setting that it is for.
func TestEveryParameterArrives(t *testing.T) {
	t.Parallel()
	want := settings.Config{
		Mode: "propose", Scope: "all", OwnKey: "policy", SwitchParameter: "/other/switch", OwnershipTags: []string{"team", "stack"}, RolePrefix: "keymend-",
		VerifyReads: 7, VerifyInterval: time.Second / 2, Partition: "aws", ApproverRoleID: "AROASANDBOX", Accounts: []string{"444455556666"}, ForeignKey: "copy", ForeignStatements: "least",
		Dedicated: "payments", Resume: 20, CopyKey: "alias/platform-ebs", MoveDefault: true, MaxChangesAnHour: 3, MaxChangesAnHourInAll: 4, ActionTopic: "arn:aws:sns:eu-west-1:111122223333:people", Regions: []string{"eu-west-1", "us-east-1"}, ChangesQueueURL: "https://sqs.eu-west-1.amazonaws.com/111122223333/keymend-changes.fifo", LooksQueueURL: "https://sqs.eu-west-1.amazonaws.com/111122223333/keymend-looks",
		DriftQueueURL: "https://sqs.eu-west-1.amazonaws.com/111122223333/keymend-drift.fifo",
	}
	made := deployed(t, map[string]string{
		"Mode": "propose", "Scope": "all", "OwnKey": "policy", "SwitchParameter": want.SwitchParameter, "OwnershipTags": "team,stack",
		"VerifyReads": "7", "VerifyInterval": "500ms", "Accounts": "444455556666", "ForeignKey": "copy", "ForeignStatements": "least",
		"DedicatedRoleSuffix": "payments", "CopyKey": want.CopyKey, "MoveDefault": "true", "ResumeSuspended": "20", "MaxChangesAnHour": "3", "MaxChangesAnHourInAll": "4", "ActionTopic": want.ActionTopic, "AccountRegions": "eu-west-1,us-east-1",
	})
	for _, id := range []string{"Diagnose", "Remediate"} {
		variables := made[id].Properties["Environment"].(map[string]any)["Variables"].(map[string]any)
		if variables[variable.ChangesQueueURL] != "Changes" || variables[variable.LooksQueueURL] != "Looks" || variables[variable.DriftQueueURL] != "Drift" { // what Ref of a queue is to this loader
			t.Errorf("%s sends to %v, %v and %v", id, variables[variable.ChangesQueueURL], variables[variable.LooksQueueURL], variables[variable.DriftQueueURL])
		}
		variables[variable.ChangesQueueURL], variables[variable.LooksQueueURL], variables[variable.DriftQueueURL] = want.ChangesQueueURL, want.LooksQueueURL, want.DriftQueueURL
		got, err := settings.Parse(func(name string) string { return text(variables[name]) })
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-parameters +settings)\n%s", id, err, diff)
		}
	}
}

// AWS asks for six times the function's timeout and the batching window, five
// receives, and a FIFO dead-letter queue for a FIFO queue.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func TestQueues(t *testing.T) {
	t.Parallel()
	for queue, function := range map[string]string{"Signals": "Diagnose", "Looks": "Diagnose", "Drift": "Diagnose", "Changes": "Remediate"} {
		q, f := resources().Get(queue+".Properties"), resources().Get(function+".Properties")
		window := resources().Get(function + "Source.Properties.MaximumBatchingWindowInSeconds").Int()
		if q.Get("FifoQueue").Bool() {
			window = 0 // such queues have none
		}
		if q.Get("VisibilityTimeout").Int() < 6*f.Get("Timeout").Int()+window || f.Get("Timeout").Int() == 0 {
			t.Errorf("%s: visibility timeout is shorter than six timeouts of %s and its window", queue, function)
		}
		if q.Get("RedrivePolicy.maxReceiveCount").Int() < 5 {
			t.Errorf("%s: fewer than five receives", queue)
		}
		dead := resources().Get(q.Get("RedrivePolicy.deadLetterTargetArn.Fn::GetAtt.0").String() + ".Properties")
		if dead.Get("FifoQueue").Bool() != q.Get("FifoQueue").Bool() || !dead.Exists() {
			t.Errorf("%s: its dead-letter queue is of another kind", queue)
		}
	}
	if resources().Get("RemediateSource.Properties.BatchSize").Int() != 1 {
		t.Error("one message an invocation: remediate's batch size must be 1")
	}
}

// No message is lost in silence, and none is sent or read without TLS.
func TestEveryQueueHasADeadLetterQueueOrIsOne(t *testing.T) {
	t.Parallel()
	dead := map[string]bool{}
	for _, id := range ofType("AWS::SQS::Queue") {
		if target := resources().Get(id + ".Properties.RedrivePolicy.deadLetterTargetArn.Fn::GetAtt.0").String(); target != "" {
			dead[target] = true
		}
	}
	for _, id := range ofType("AWS::SQS::Queue") {
		q := resources().Get(id + ".Properties")
		if q.Get("RedrivePolicy").Exists() == dead[id] {
			t.Errorf("%s has no dead-letter queue, and is none", id)
		}
		if q.Get("MessageRetentionPeriod").Int() != 14*24*3600 {
			t.Errorf("%s doesn't keep messages for as long as SQS can", id)
		}
		first := resources().Get(id + "Policy.Properties.PolicyDocument.Statement.0")
		if first.Get("Effect").String() != "Deny" || first.Get("Condition.Bool.aws:SecureTransport").String() != "false" ||
			resources().Get(id+"Policy.Properties.Queues.0.Ref").String() != id || first.Get("Resource.Fn::GetAtt.0").String() != id {
			t.Errorf("%s can be reached without TLS", id)
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	rules := slices.DeleteFunc(ofType("AWS::Events::Rule"), func(id string) bool { return id == "Asks" }) // which sends to people
	if len(rules) == 0 {
		t.Error("no rules")
	}
	for _, id := range rules {
		r := resources().Get(id + ".Properties")
		queue := "Signals"
		if r.Get("ScheduleExpression").Exists() {
			queue = "Looks"
		}
		if target := r.Get("Targets.0"); target.Get("Arn.Fn::GetAtt.0").String() != queue || target.Get("DeadLetterConfig.Arn.Fn::GetAtt.0").String() != queue+"Dead" {
			t.Errorf("%s doesn't send to the queue %s, with its dead-letter queue: %s", id, queue, target.Raw)
		}
		if strings.HasPrefix(id, "Launch") && r.Get("EventPattern.detail").Exists() {
			t.Errorf("%s filters on the detail; whether a cancelled launch has which StatusCode isn't known", id)
		}
		for _, policy := range []string{"SignalsPolicy", "SignalsDeadPolicy", "LooksPolicy", "LooksDeadPolicy"} {
			may := strings.Contains(strings.ReplaceAll(resources().Get(policy).Raw, " ", ""), `{"Fn::GetAtt":["`+id+`","Arn"]}`)
			if should := strings.HasPrefix(policy, queue); may != should {
				t.Errorf("%s in %s: %v, want %v", id, policy, may, should)
			}
		}
	}
}

func TestEveryLogGroupIsRetained(t *testing.T) {
	t.Parallel()
	groups := map[string]bool{}
	for _, id := range ofType("AWS::Logs::LogGroup") {
		g := resources().Get(id)
		groups[g.Get("Properties.LogGroupName").String()] = true
		if g.Get("DeletionPolicy").String() != "Retain" || g.Get("UpdateReplacePolicy").String() != "Retain" || g.Get("Properties.RetentionInDays.Ref").String() != "RetentionInDays" {
			t.Errorf("%s isn't kept: %s", id, g.Raw)
		}
	}
	for _, id := range ofType("AWS::Lambda::Function") {
		if name := "/aws/lambda/" + resources().Get(id+".Properties.FunctionName").String(); !groups[name] {
			t.Errorf("log group %s isn't in the template: Lambda would make it, for ever and unprotected", name)
		}
	}
}

// A customer's key encrypts what is kept, and SQS's own where there is none: SQS
// refuses both at once.
func TestEncryption(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d"} {
		var none any
		wantKey, wantOwn := none, any(true)
		if key != "" {
			wantKey, wantOwn = key, none
		}
		seen := 0
		for _, r := range deployed(t, map[string]string{"EncryptionKey": key}) {
			switch r.Type {
			case "AWS::SQS::Queue":
				seen++
				if r.Properties["KmsMasterKeyId"] != wantKey || r.Properties["SqsManagedSseEnabled"] != wantOwn {
					t.Errorf("%s with key %q: %v", r.LogicalID, key, r.Properties)
				}
			case "AWS::Logs::LogGroup":
				seen++
				if r.Properties["KmsKeyId"] != wantKey || r.Properties["DeletionProtectionEnabled"] != true {
					t.Errorf("%s with key %q: %v", r.LogicalID, key, r.Properties)
				}
			}
		}
		if seen != 10 {
			t.Errorf("%d queues and log groups", seen)
		}
	}
}

// A role that may do kms:* could do what nobody thought of.
func TestNoRoleHasWildcardActions(t *testing.T) {
	t.Parallel()
	p := map[string]string{"Scope": "all", "Accounts": "444455556666", "GroupAccounts": "444455556666", "DedicatedRoleSuffix": "x", "ForeignKey": "copy", "ResumeSuspended": "20"}
	seen := 0
	for _, r := range deployed(t, p) {
		if r.Type != "AWS::IAM::Role" {
			continue
		}
		for _, s := range r.Properties["Policies"].([]any)[0].(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			seen++
			action, _ := s.(map[string]any)["Action"].(string)
			if !strings.Contains(action, ":") || strings.ContainsAny(action, "*?") {
				t.Errorf("%s may do %q", r.LogicalID, action)
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d statements seen", seen)
	}
}

// In an account that only owns keys, the roles that others need are all there is.
func TestRolesOnly(t *testing.T) {
	t.Parallel()
	got := slices.Sorted(maps.Keys(deployed(t, map[string]string{"RolesOnly": "yes", "GroupAccounts": "444455556666", "ForeignKey": "copy"})))
	if want := []string{"KeyReaderRole", "PolicyWriterRole"}; !slices.Equal(got, want) {
		t.Errorf("made %v, want %v", got, want)
	}
}

// TestATerminalKnowsTheSwitch: a person's --apply reads the switch of a Keymend that
// is deployed as it is shipped.
func TestATerminalKnowsTheSwitch(t *testing.T) {
	t.Parallel()
	if got := gjson.GetBytes(template.Account(), "Parameters.SwitchParameter.Default").String(); got != settings.DefaultSwitch {
		t.Errorf("the template's switch is %q, a terminal reads %q", got, settings.DefaultSwitch)
	}
}

// text is a variable's value; "" = it isn't there.
func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
