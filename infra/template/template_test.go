package template_test

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"keymend/infra/template"
	"keymend/pkg/activity"
	"keymend/pkg/permission"
	"keymend/pkg/settings"
)

var update = flag.Bool("update", false, "fill in the roles' policies from pkg/permission")

// place is where the template deploys.
func place(scope string, more ...func(*permission.Place)) permission.Place {
	p := permission.Place{
		Partition: "${AWS::Partition}", Account: "${AWS::AccountId}", Region: "${AWS::Region}",
		Prefix: "keymend-", Scope: scope, Signals: "keymend-signals", Changes: "keymend-changes.fifo",
		SwitchParameter: "${SwitchParameter}",
	}
	for _, m := range more {
		m(&p)
	}
	return p
}

// others, dedicated and copies are what parts of the roles hang on.
func others(p *permission.Place) {
	p.Accounts, p.Groups = []string{"${Accounts}"}, []string{"${GroupAccounts}"}
}

func dedicated(p *permission.Place) { p.Suffix = "${DedicatedRoleSuffix}" }

func copies(p *permission.Place) { p.Copies = true }

// only: what the whole of a role is for.
var only = map[permission.Role]func(*permission.Place){permission.GroupWriter: dedicated, permission.Copier: copies}

func logicalID(r permission.Role) string {
	return map[permission.Role]string{
		permission.Reader: "ReaderRole", permission.Granter: "GranterRole", permission.PolicyWriter: "PolicyWriterRole", permission.Copier: "CopierRole",
		permission.Diagnose: "DiagnoseRole", permission.Remediate: "RemediateRole",
		permission.GroupWriter: "GroupWriterRole",
	}[r]
}

// substitute writes strings with placeholders as CloudFormation wants them.
func substitute(t *testing.T, v any) any {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "${") {
			return map[string]any{"Fn::Sub": v}
		}
	case []any:
		if len(v) == 1 && (v[0] == "${Accounts}" || v[0] == "${GroupAccounts}") {
			return map[string]any{"Ref": strings.Trim(v[0].(string), "${}")} // a list itself
		}
		for i := range v {
			v[i] = substitute(t, v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = substitute(t, v[k])
		}
	}
	return v
}

// wanted is a document with its references. What is only there with other accounts,
// with a dedicated role or with copies hangs on a condition of the template's; of a
// role that is there for one of these alone, all does.
func wanted(t *testing.T, scope, elsewhere string, of permission.Role, document func(permission.Role, permission.Place) (string, error)) any {
	t.Helper()
	read := func(more ...func(*permission.Place)) map[string]any {
		if own := only[of]; own != nil {
			more = append(more, own)
		}
		text, err := document(of, place(scope, more...))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		return substitute(t, v).(map[string]any)
	}
	has := func(document map[string]any, s any) bool {
		statements, _ := document["Statement"].([]any)
		return slices.ContainsFunc(statements, func(p any) bool { return cmp.Equal(p, s) })
	}
	all := read(others, dedicated, copies)
	without := map[string]map[string]any{
		elsewhere: read(dedicated, copies), "Dedicated": read(others, copies), "Copies": read(others, dedicated),
	}
	statements := all["Statement"].([]any)
	for i, s := range statements {
		for hangsOn, rest := range without {
			if !has(rest, s) {
				statements[i] = map[string]any{"Fn::If": []any{hangsOn, s, map[string]any{"Ref": "AWS::NoValue"}}}
			}
		}
	}
	return all
}

// policies maps the path of each policy in the template to what it must be.
func policies(t *testing.T, scope string) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, r := range permission.Roles() {
		at := "Resources." + logicalID(r) + ".Properties."
		out[at+"Policies.0.PolicyDocument"] = wanted(t, scope, "OtherAccounts", r, permission.Policy)
		out[at+"AssumeRolePolicyDocument"] = wanted(t, scope, "GroupsElsewhere", r, permission.Trust)
	}
	return out
}

func TestRolesAreThoseOfPermission(t *testing.T) {
	if *update {
		rewrite(t)
		t.Skip("account.json rewritten; run again without -update")
	}
	forAll, err := template.AccountForAllKeys()
	if err != nil {
		t.Fatal(err)
	}
	for scope, text := range map[string][]byte{"tagged": template.Account(), "all": forAll} {
		for path, want := range policies(t, scope) {
			if diff := cmp.Diff(want, dropEmpty(gjson.GetBytes(text, path).Value())); diff != "" {
				t.Errorf("scope %s, %s (-permission +template):\n%s", scope, path, diff)
			}
		}
	}
}

// dropEmpty takes a Condition without operators away: IAM treats it as none.
func dropEmpty(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = dropEmpty(v[i])
		}
	case map[string]any:
		for k := range v {
			if m, ok := v[k].(map[string]any); ok && k == "Condition" && len(m) == 0 {
				delete(v, k)
				continue
			}
			v[k] = dropEmpty(v[k])
		}
	}
	return v
}

func rewrite(t *testing.T) {
	t.Helper()
	text := string(template.Account())
	for path, want := range policies(t, "tagged") {
		document := want.(map[string]any)
		var lines []string
		for _, s := range document["Statement"].([]any) {
			line, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, "          "+string(line))
		}
		raw := "{\n        \"Version\": \"2012-10-17\", \"Statement\": [\n" + strings.Join(lines, ",\n") + "\n        ]\n      }"
		var err error
		if text, err = sjson.SetRaw(text, path, raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("account.json", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFunctionsGetOnlySettingsThatExist(t *testing.T) {
	for _, f := range []string{"Diagnose", "Remediate"} {
		variables := gjson.GetBytes(template.Account(), "Resources."+f+".Properties.Environment.Variables").Map()
		for _, name := range settings.Names() {
			if _, ok := variables[name]; !ok && name != settings.EnvChangesQueueURL {
				t.Errorf("%s lacks %s", f, name)
			}
			delete(variables, name)
		}
		if len(variables) > 0 {
			t.Errorf("%s has variables that settings doesn't read: %v", f, reflect.ValueOf(variables).MapKeys())
		}
	}
}

// AWS asks for six times the function's timeout, five receives, and a FIFO
// dead-letter queue for a FIFO queue.
func TestQueues(t *testing.T) {
	resources := gjson.GetBytes(template.Account(), "Resources")
	for queue, function := range map[string]string{"Signals": "Diagnose", "Changes": "Remediate"} {
		q, f := resources.Get(queue+".Properties"), resources.Get(function+".Properties")
		if q.Get("VisibilityTimeout").Int() < 6*f.Get("Timeout").Int() || f.Get("Timeout").Int() == 0 {
			t.Errorf("%s: visibility timeout is shorter than six timeouts of %s", queue, function)
		}
		if q.Get("RedrivePolicy.maxReceiveCount").Int() < 5 {
			t.Errorf("%s: fewer than five receives", queue)
		}
		dead := resources.Get(q.Get("RedrivePolicy.deadLetterTargetArn.Fn::GetAtt.0").String() + ".Properties")
		if dead.Get("FifoQueue").Bool() != q.Get("FifoQueue").Bool() || !dead.Exists() {
			t.Errorf("%s: its dead-letter queue is of another kind", queue)
		}
	}
	if resources.Get("RemediateSource.Properties.BatchSize").Int() != 1 {
		t.Error("one message an invocation: remediate's batch size must be 1")
	}
	for _, rule := range []string{"LaunchUnsuccessful", "LaunchSuccessful", "ImageChanged"} {
		if resources.Get(rule + ".Properties.EventPattern.detail").Exists() {
			t.Errorf("%s filters on the detail; whether a cancelled launch has which StatusCode isn't known", rule)
		}
	}
}

// The rule for writes sees every write that a role may make: by its name, and by
// the calls of each of its permissions. The copier's use of keys changes nothing;
// the tags that it sets and the role that is passed are part of other calls.
func TestOwnWrites(t *testing.T) {
	pattern := gjson.GetBytes(template.Account(), "Resources.OwnWrites.Properties.EventPattern")
	list := func(path string) []string {
		var out []string
		for _, v := range pattern.Get(path).Array() {
			out = append(out, v.String())
		}
		slices.Sort(out)
		return out
	}
	calls, sources, names := []string{"RetireGrant"}, []string{}, []string{} // its grants name the granter for that
	for _, r := range []permission.Role{permission.Granter, permission.PolicyWriter, permission.GroupWriter, permission.Copier} {
		names = append(names, "keymend-"+string(r))
		for _, p := range permission.For(r, place("tagged", others, dedicated, copies)) {
			service, call, _ := strings.Cut(p.Action, ":")
			if p.Action == "iam:PassRole" || p.Action == "ec2:CreateTags" || r == permission.Copier && service == "kms" {
				continue
			}
			calls, sources = append(calls, call), append(sources, "aws."+service)
		}
	}
	for path, want := range map[string][]string{
		"source": sources, "detail.eventName": calls, "detail.userIdentity.sessionContext.sessionIssuer.userName": names,
	} {
		slices.Sort(want)
		if diff := cmp.Diff(slices.Compact(want), list(path)); diff != "" {
			t.Errorf("%s (-permissions +rule):\n%s", path, diff)
		}
	}
	for _, call := range list("detail.eventName") {
		decoded := 0
		for _, source := range list("source") {
			service := strings.TrimPrefix(source, "aws.")
			f, err := activity.Decode([]byte(`{"source":"` + source + `","detail-type":"AWS API Call via CloudTrail","account":"111122223333","region":"eu-west-1","detail":{"eventSource":"` + service + `.amazonaws.com","eventName":"` + call + `","userIdentity":{"arn":"arn:aws:sts::111122223333:assumed-role/a/b","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/a"}}}}}`))
			if err == nil && f.Write != nil {
				decoded++
			}
		}
		if decoded != 1 {
			t.Errorf("%s is understood as a call of %d services", call, decoded)
		}
	}
}

// In an account that only owns keys, the roles that others need are all there is.
func TestRolesOnly(t *testing.T) {
	var always []string
	for id, resource := range gjson.GetBytes(template.Account(), "Resources").Map() {
		switch condition := resource.Get("Condition").String(); condition {
		case "":
			always = append(always, id)
		case "WithFunctions":
		case "Dedicated":
			if id != "GroupWriterRole" {
				t.Errorf("%s is there only if %s", id, condition)
			}
		case "Copies":
			if id != "CopierRole" && id != "ImageChanged" {
				t.Errorf("%s is there only with copies", id)
			}
		default:
			t.Errorf("%s is there only if %s", id, condition)
		}
	}
	slices.Sort(always)
	if want := []string{"PolicyWriterRole", "ReaderRole"}; !slices.Equal(always, want) {
		t.Errorf("there in any case: %v, want %v", always, want)
	}
}
