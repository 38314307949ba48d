package doctor_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"keymend/infra/template"
	"keymend/pkg/blueprint"
	"keymend/pkg/coverage"
	"keymend/pkg/doctor"
	"keymend/pkg/quote"
	"keymend/pkg/sandbox/cloudformation"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// collected are resources that the sandbox's CloudFormation made of a template: it fills in
// what pkg/blueprint does, too.
type collected struct {
	all  []cloudformation.Resource
	made map[string]string
}

// Make implements cloudformation.Maker.
func (c *collected) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	name := r.LogicalID
	for _, property := range []string{"RoleName", "FunctionName", "AlarmName", "LogGroupName", "Name"} {
		if text, ok := r.Properties[property].(string); ok && r.Type != "AWS::Lambda::EventSourceMapping" {
			name = text
		}
	}
	at := cloudformation.Made{Ref: name, Attributes: map[string]string{"RoleId": "AROAONE"}}
	in := ":" + region + ":" + account + ":"
	switch r.Type {
	case "AWS::SQS::Queue":
		name = r.Properties["QueueName"].(string)
		at.Ref, at.Attributes["Arn"] = "https://sqs.eu-west-1.amazonaws.com/"+account+"/"+name, "arn:aws:sqs"+in+name
	case "AWS::IAM::Role":
		at.Attributes["Arn"] = "arn:aws:iam::" + account + ":role/" + name
	case "AWS::Events::Rule":
		at.Attributes["Arn"] = "arn:aws:events" + in + "rule/" + name
	case "AWS::Lambda::Function":
		at.Attributes["Arn"] = "arn:aws:lambda" + in + "function:" + name
	case "AWS::Logs::LogGroup":
		at.Attributes["Arn"] = "arn:aws:logs" + in + "log-group:" + name + ":*"
	}
	c.all, c.made[r.LogicalID] = append(c.all, r), at.Ref
	return at, nil
}

func text(t *testing.T, v any) string {
	t.Helper()
	line, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

// well are the facts of a deployment in which all stands, with these parameters.
func well(t *testing.T, given map[string]string) *doctor.Facts {
	t.Helper()
	_, params, err := cloudformation.Given(template.Account(), given)
	if err != nil {
		t.Fatal(err)
	}
	c := &collected{made: map[string]string{}}
	if err := cloudformation.Load(template.Account(), account, region, given, c); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	f := &doctor.Facts{
		Who: "arn:aws:iam::" + account + ":user/me", Account: account, Region: region, Partition: "aws", Version: "v1", Now: now, Placed: func(task quote.Task) string { return task.Command },
		Reads: []doctor.Read{{Call: "kms:ListAliases", For: "to read keys", Answer: coverage.Answer[bool]{Is: true}}},
		Roles: map[string]coverage.Answer[*blueprint.Role]{}, Queues: map[string]coverage.Answer[*doctor.Queue]{}, Functions: map[string]coverage.Answer[*doctor.Function]{},
		Sources: map[string]coverage.Answer[string]{}, Parameters: map[string]coverage.Answer[string]{}, LogGroups: coverage.Answer[map[string]int]{Is: map[string]int{}},
		Swept: coverage.Answer[int]{Is: 4}, Newest: coverage.Answer[doctor.Newest]{Is: doctor.Newest{At: now, Version: "v1"}},
	}
	f.Trails.Is = []coverage.Trail{{ARN: "arn:aws:cloudtrail:us-east-1:" + account + ":trail/all", Home: "us-east-1", Logging: coverage.Answer[bool]{Is: true},
		Selectors: coverage.Answer[coverage.Selectors]{Is: coverage.Selectors{Basic: []coverage.BasicSelector{{ReadWriteType: "All"}}}}}}
	s := doctor.Stack{Name: "keymend", Status: "UPDATE_COMPLETE", Given: params, Since: now.Add(-24 * time.Hour)}
	for _, r := range c.all {
		s.Made = append(s.Made, doctor.Made{ID: r.LogicalID, Type: r.Type, Name: c.made[r.LogicalID]})
		stand(t, f, r, c.made[r.LogicalID])
	}
	for _, r := range c.all {
		if r.Type == "AWS::SQS::QueuePolicy" {
			url := r.Properties["Queues"].([]any)[0].(string)
			f.Queues[url].Is.Policy = text(t, r.Properties["PolicyDocument"])
		}
	}
	f.Stacks.Is = []doctor.Stack{s}
	return f
}

// stand has a resource be there as the template makes it.
func stand(t *testing.T, f *doctor.Facts, r cloudformation.Resource, name string) {
	t.Helper()
	p := r.Properties
	switch r.Type {
	case "AWS::IAM::Role":
		f.Roles[name] = coverage.Answer[*blueprint.Role]{Is: &blueprint.Role{Trust: text(t, p["AssumeRolePolicyDocument"]), Policy: text(t, p["Policies"].([]any)[0].(map[string]any)["PolicyDocument"])}}
	case "AWS::SQS::Queue":
		f.Queues[name] = coverage.Answer[*doctor.Queue]{Is: &doctor.Queue{}}
	case "AWS::Lambda::Function":
		env := map[string]string{}
		for variable, v := range p["Environment"].(map[string]any)["Variables"].(map[string]any) {
			env[variable] = fmt.Sprint(v)
		}
		f.Functions[name] = coverage.Answer[*doctor.Function]{Is: &doctor.Function{State: "Active", Env: env}}
	case "AWS::Lambda::EventSourceMapping":
		f.Sources[name] = coverage.Answer[string]{Is: "Enabled"}
	case "AWS::SSM::Parameter":
		f.Parameters[name] = coverage.Answer[string]{Is: "on"}
	case "AWS::Logs::LogGroup":
		f.LogGroups.Is[name] = 365
	case "AWS::CloudWatch::Alarm":
		f.Alarms.Is = append(f.Alarms.Is, doctor.Alarm{Name: name, State: "OK", Description: p["AlarmDescription"].(string)})
	case "AWS::Events::Rule":
		one := blueprint.Rule{Name: name, State: "ENABLED"}
		if p["EventPattern"] != nil {
			one.Pattern = text(t, p["EventPattern"])
		}
		one.Schedule, _ = p["ScheduleExpression"].(string)
		for _, to := range p["Targets"].([]any) {
			target := to.(map[string]any)
			one.Targets = append(one.Targets, blueprint.Target{ID: target["Id"].(string), ARN: target["Arn"].(string)})
		}
		f.Rules.Is = append(f.Rules.Is, one)
	}
}

// said are the checks that aren't OK, as "state check about: says".
func said(f *doctor.Facts) (all []string, checks []doctor.Check) {
	for _, c := range doctor.Examine(*f) {
		if c.State != doctor.OK {
			all, checks = append(all, strings.TrimSpace(string(c.State)+" "+c.Check+" "+c.About)+": "+c.Says), append(checks, c)
		}
	}
	return all, checks
}

// All that the template can make is well where it stands, by whichever settings.
func TestAllIsWell(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]map[string]string{
		"as shipped":        nil,
		"other accounts":    {"Accounts": "444455556666", "GroupAccounts": "444455556666,777788889999", "AllKeys": ""},
		"copies, dedicated": {"ForeignKey": "copy", "CopyKey": "alias/copies", "DedicatedRoleSuffix": "payments", "ResumeSuspended": "3"},
		"roles only":        {"RolesOnly": "yes", "GroupAccounts": "444455556666"},
		"topics, own key":   {"AlarmTopic": "arn:aws:sns:eu-west-1:111122223333:a", "ActionTopic": "arn:aws:sns:eu-west-1:111122223333:b", "EncryptionKey": "arn:aws:kms:eu-west-1:111122223333:key/1"},
	} {
		delete(given, "AllKeys")
		if got, _ := said(well(t, given)); got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func rule(f *doctor.Facts, name string) *blueprint.Rule {
	for i := range f.Rules.Is {
		if f.Rules.Is[i].Name == name {
			return &f.Rules.Is[i]
		}
	}
	return nil
}

func alarm(f *doctor.Facts, name string) *doctor.Alarm {
	for i := range f.Alarms.Is {
		if f.Alarms.Is[i].Name == name {
			return &f.Alarms.Is[i]
		}
	}
	return nil
}

const queues = "https://sqs.eu-west-1.amazonaws.com/" + account + "/"

func TestWhatIsNotWell(t *testing.T) {
	t.Parallel()
	type facts = doctor.Facts
	for name, tc := range map[string]struct {
		change    func(*facts)
		want      string // the one thing that is said; "" = nothing is
		do, page  string
		unlimited bool // more is said, too
	}{
		"clock":             {func(f *facts) { f.Skew.Is = -3 * time.Minute }, "not-ok clock: this machine's clock is 3m0s off", "", "what-doctor-asks", false},
		"clock unseen":      {func(f *facts) { f.Skew.Problem = "no" }, "unknown clock: no", "", "", false},
		"a read":            {func(f *facts) { f.Reads[0].Problem, f.Reads[0].Refused = "AccessDenied", true }, "not-ok reads kms:ListAliases: to read keys is refused: AccessDenied", "", "what-doctor-asks", false},
		"a read fails":      {func(f *facts) { f.Reads[0].Problem = "timeout" }, "unknown reads kms:ListAliases: to read keys: timeout", "", "", false},
		"stacks unseen":     {func(f *facts) { f.Stacks.Problem = "AccessDenied" }, "unknown stack: whether Keymend is deployed here: AccessDenied", "", "", false},
		"not deployed":      {func(f *facts) { f.Stacks.Is = nil }, "", "", "", false},
		"a member":          {func(f *facts) { f.Stacks.Is, f.Member.Is = nil, "abc" }, "", "", "", false},
		"perhaps a member":  {func(f *facts) { f.Stacks.Is, f.Member.Problem = nil, "AccessDenied" }, "unknown stack: whether an organization's Keymend is here: AccessDenied", "", "", false},
		"stack fails":       {func(f *facts) { f.Stacks.Is[0].Status, f.Stacks.Is[0].Reason = "UPDATE_ROLLBACK_COMPLETE", "no" }, "not-ok stack keymend: its last change went wrong (UPDATE_ROLLBACK_COMPLETE: no)", "describe-stack-events", "upgrading", false},
		"stack changes":     {func(f *facts) { f.Stacks.Is[0].Status = "UPDATE_IN_PROGRESS" }, "not-ok stack keymend: it is being changed (UPDATE_IN_PROGRESS)", "", "upgrading", false},
		"another version's": {func(f *facts) { f.Stacks.Is[0].Made[0].ID = "Other" }, "not-ok stack keymend: it was deployed by another version: it lacks ", "make deploy", "upgrading", true},
		"no function":       {func(f *facts) { f.Functions["keymend-diagnose"] = coverage.Answer[*doctor.Function]{} }, "not-ok functions keymend-diagnose: it isn't there any more", "REVERT_DRIFT", "", false},
		"function fails":    {func(f *facts) { f.Functions["keymend-diagnose"].Is.State = "Failed" }, "not-ok functions keymend-diagnose: it is Failed", "get-function-configuration", "a-function-fails", false},
		"function unseen": {func(f *facts) {
			f.Functions["keymend-diagnose"] = coverage.Answer[*doctor.Function]{Problem: "AccessDenied"}
		}, "unknown functions keymend-diagnose: AccessDenied", "", "", false},
		"bad settings":       {func(f *facts) { f.Functions["keymend-diagnose"].Is.Env["KEYMEND_MODE"] = "enforced" }, "not-ok settings keymend-diagnose: its settings are invalid", "make deploy", "settings-invalid", false},
		"no role":            {func(f *facts) { f.Roles["keymend-granter"] = coverage.Answer[*blueprint.Role]{} }, "not-ok roles keymend-granter: it isn't there any more", "REVERT_DRIFT", "", false},
		"trust":              {func(f *facts) { f.Roles["keymend-granter"].Is.Trust = `{"Statement":[]}` }, "not-ok roles keymend-granter: it trusts others than it shall", "REVERT_DRIFT", "", false},
		"policy":             {func(f *facts) { f.Roles["keymend-granter"].Is.Policy = "" }, "not-ok roles keymend-granter: its policy isn't the template's", "REVERT_DRIFT", "", false},
		"boundary":           {func(f *facts) { f.Roles["keymend-granter"].Is.Boundary = "arn:x" }, "not-ok roles keymend-granter: its permissions boundary is arn:x, not none", "REVERT_DRIFT", "", false},
		"rules unseen":       {func(f *facts) { f.Rules.Problem = "AccessDenied" }, "unknown rules: AccessDenied", "", "", false},
		"rule off":           {func(f *facts) { rule(f, "keymend-key-changed").State = "DISABLED" }, "not-ok rules keymend-key-changed: it is DISABLED", "aws events enable-rule --name keymend-key-changed --region eu-west-1", "", false},
		"rule gone":          {func(f *facts) { rule(f, "keymend-key-changed").Name = "x" }, "not-ok rules keymend-key-changed: it isn't there any more", "REVERT_DRIFT", "", false},
		"rule matches":       {func(f *facts) { rule(f, "keymend-key-changed").Pattern = "{}" }, "not-ok rules keymend-key-changed: it matches something else", "REVERT_DRIFT", "", false},
		"rule at another":    {func(f *facts) { rule(f, "keymend-sweep-full").Schedule = "rate(1 day)" }, "not-ok rules keymend-sweep-full: it matches something else", "REVERT_DRIFT", "", false},
		"rule sends nowhere": {func(f *facts) { rule(f, "keymend-key-changed").Targets = nil }, "not-ok rules keymend-key-changed: it doesn't send to arn:aws:sqs:", "REVERT_DRIFT", "", false},
		"rule sends else":    {func(f *facts) { rule(f, "keymend-key-changed").Targets[0].Changed = true }, "not-ok rules keymend-key-changed: it doesn't send to arn:aws:sqs:", "REVERT_DRIFT", "", false},
		"dead letters":       {func(f *facts) { f.Queues[queues+"keymend-changes-dead.fifo"].Is.Waiting = 2 }, "not-ok queues keymend-changes-dead.fifo: it has 2 messages that couldn't be worked on", "aws sqs receive-message --queue-url " + queues + "keymend-changes-dead.fifo", "dead-letters", false},
		"messages wait":      {func(f *facts) { f.Queues[queues+"keymend-signals"].Is.Waiting = 2 }, "", "", "", false},
		"no queue":           {func(f *facts) { f.Queues[queues+"keymend-signals"] = coverage.Answer[*doctor.Queue]{} }, "not-ok queues keymend-signals: it isn't there any more", "REVERT_DRIFT", "", false},
		"queue policy":       {func(f *facts) { f.Queues[queues+"keymend-signals"].Is.Policy = "" }, "not-ok queue-policies keymend-signals: its policy isn't the template's", "REVERT_DRIFT", "", false},
		"mapping off":        {func(f *facts) { f.Sources["DiagnoseLooks"] = coverage.Answer[string]{Is: "Disabled"} }, "not-ok mappings DiagnoseLooks: it is Disabled", "update-event-source-mapping --uuid DiagnoseLooks --enabled", "stopping-it", false},
		"mapping gone":       {func(f *facts) { f.Sources["DiagnoseLooks"] = coverage.Answer[string]{} }, "not-ok mappings DiagnoseLooks: it isn't there any more", "REVERT_DRIFT", "", false},
		"switch off":         {func(f *facts) { f.Parameters["/keymend/switch"] = coverage.Answer[string]{Is: "of\nf"} }, `not-ok switch /keymend/switch: it is of\nf: Keymend looks`, "aws ssm put-parameter --name=/keymend/switch", "stopping-it", false},
		"no switch":          {func(f *facts) { f.Parameters["/keymend/switch"] = coverage.Answer[string]{} }, "not-ok switch /keymend/switch: it isn't there, so that nothing is written", "aws ssm put-parameter", "stopping-it", false},
		"switch unseen":      {func(f *facts) { f.Parameters["/keymend/switch"] = coverage.Answer[string]{Problem: "AccessDenied"} }, "unknown switch /keymend/switch: AccessDenied", "", "", false},
		"alarm": {func(f *facts) {
			a := alarm(f, "keymend-unexplained-writes")
			a.State, a.Since = "ALARM", time.Unix(0, 0)
		}, "not-ok alarms keymend-unexplained-writes: it rings since 1970-01-01 00:00:00 UTC: One of Keymend's roles changed something", "", "a-write-without-a-record", false},
		"alarm, no data":    {func(f *facts) { alarm(f, "keymend-braked").State = "INSUFFICIENT_DATA" }, "unknown alarms keymend-braked: CloudWatch has no data for it", "", "", false},
		"alarm gone":        {func(f *facts) { alarm(f, "keymend-braked").Name = "x" }, "not-ok alarms keymend-braked: it isn't there any more", "REVERT_DRIFT", "", false},
		"log for ever":      {func(f *facts) { f.LogGroups.Is["/aws/lambda/keymend-diagnose"] = 0 }, "not-ok logs /aws/lambda/keymend-diagnose: it keeps lines for 0 days (0: for ever), not 365", "put-retention-policy", "", false},
		"no log":            {func(f *facts) { delete(f.LogGroups.Is, "/aws/lambda/keymend-diagnose") }, "not-ok logs /aws/lambda/keymend-diagnose: it isn't there any more", "REVERT_DRIFT", "", false},
		"no trail":          {func(f *facts) { f.Trails.Is = nil }, "not-ok trail: no trail logs here", "", "what-must-exist-first", false},
		"trail stopped":     {func(f *facts) { f.Trails.Is[0].Logging.Is = false }, "not-ok trail arn:aws:cloudtrail:us-east-1:" + account + ":trail/all: it doesn't log", "aws cloudtrail start-logging", "what-must-exist-first", false},
		"trail without KMS": {func(f *facts) { f.Trails.Is[0].Selectors.Is.Basic[0].ReadWriteType = "ReadOnly" }, "not-ok trail arn:aws:cloudtrail:us-east-1:" + account + ":trail/all: it leaves out", "put-event-selectors", "what-must-exist-first", false},
		"trail unseen":      {func(f *facts) { f.Trails.Is[0].Logging.Problem = "AccessDenied" }, "unknown trail arn:aws:cloudtrail:us-east-1:" + account + ":trail/all: AccessDenied", "", "", false},
		"another's trail":   {func(f *facts) { f.Trails.Is[0].Organization, f.Trails.Is[0].Selectors.Problem = true, "no" }, "unknown trail arn:aws:cloudtrail:us-east-1:" + account + ":trail/all: it is another account's", "", "", false},
		"no sweep":          {func(f *facts) { f.Swept.Is = 0 }, "not-ok sweep: none within the last hour", "aws events enable-rule --name keymend-sweep-recent", "no-sweep", false},
		"no sweep yet":      {func(f *facts) { f.Swept.Is, f.Stacks.Is[0].Since = 0, f.Now }, "unknown sweep: none yet", "", "", false},
		"other version":     {func(f *facts) { f.Version = "v2" }, "not-ok version: the functions are of version v1, this program of v2", "make deploy", "upgrading", false},
		"version unknown":   {func(f *facts) { f.Newest.Is = doctor.Newest{} }, "unknown version: the functions logged nothing", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := well(t, nil)
			tc.change(f)
			got, checks := said(f)
			if tc.want == "" {
				if got != nil {
					t.Error(got)
				}
				return
			}
			i := 0
			for i < len(got) && !strings.HasPrefix(got[i], tc.want) {
				i++
			}
			if i == len(got) || len(got) > 1 && !tc.unlimited {
				t.Fatalf("got %q, want %q", got, tc.want)
			}
			if c := checks[i]; !strings.Contains(strings.Join(c.Do, "\n"), tc.do) || !strings.HasSuffix(c.Page, tc.page) || c.Schema != doctor.Schema {
				t.Errorf("%+v", c)
			}
		})
	}
}

// What isn't deployed says so, a member and a hub point to the whole.
func TestWhereElse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*doctor.Facts)
		want   string
	}{
		"none":   {func(f *doctor.Facts) { f.Stacks.Is = nil }, "Keymend isn't deployed here; make deploy deploys it"},
		"member": {func(f *doctor.Facts) { f.Stacks.Is, f.Member.Is = nil, "abc" }, "this account is a member of an organization that has Keymend (template abc): keymend coverage"},
		"hub": {func(f *doctor.Facts) {
			f.Stacks.Is = []doctor.Stack{{Name: "keymend-hub-eu-west-1", Status: "CREATE_COMPLETE", Given: map[string]string{"ActionTopic": "", "ForeignKey": "grant"}}}
		}, "it was deployed by another version"},
	} {
		f := well(t, nil)
		tc.change(f)
		said := ""
		for _, c := range doctor.Examine(*f) {
			if c.Check == "stack" {
				said += c.Says
			}
		}
		if !strings.Contains(said, tc.want) {
			t.Errorf("%s: %q", name, said)
		}
	}
}

// The pages are sections of docs/deploy.md; those that alarms name are held to it, too.
func TestPagesAreThere(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			anchors[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading)), " ", "-")] = true
		}
	}
	f := well(t, nil)
	for i := range f.Alarms.Is {
		f.Alarms.Is[i].State = "ALARM"
	}
	f.Stacks.Is[0].Status, f.Trails.Is, f.Reads[0].Refused = "ROLLBACK_COMPLETE", nil, true
	f.Functions["keymend-diagnose"].Is.State, f.Functions["keymend-diagnose"].Is.Env["KEYMEND_MODE"] = "Failed", "x"
	f.Sources["DiagnoseLooks"] = coverage.Answer[string]{Is: "Disabled"}
	_, checks := said(f)
	for _, c := range checks {
		if section, ok := strings.CutPrefix(c.Page, "docs/deploy.md#"); c.Page != "" && (!ok || !anchors[section]) {
			t.Errorf("%s isn't there", c.Page)
		}
	}
}

// Commands lead where doctor asked, with its profile and endpoint; make isn't AWS's.
func TestCommandsLeadThere(t *testing.T) {
	t.Parallel()
	f := well(t, nil)
	f.Placed = func(task quote.Task) string { return task.Command + " # " + task.Account }
	rule(f, "keymend-key-changed").State = "DISABLED"
	f.Version = "v2"
	_, checks := said(f)
	if len(checks) != 2 || checks[0].Do[0] != "aws events enable-rule --name keymend-key-changed --region eu-west-1 # "+account || checks[1].Do[0] != "make deploy" {
		t.Errorf("%+v", checks)
	}
}
