package coverage_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"keymend/pkg/blueprint"
	"keymend/pkg/coverage"
)

// What is expected is what CloudFormation deploys, whatever the settings: the sandbox's
// own reading of the same templates says what that is.
func TestWhatIsDeployedIsWhatIsExpected(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		one := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
		others := map[string]string{
			"unitsOwnKey": one("own", "grant", "auto", "policy"), "unitsForeignKey": one("foreign", "report", "grant", "copy"), "dedicatedRoleSuffix": one("suffix", "", "payments"),
			"resumeSuspended": one("resume", "0", "20"), "imageParameters": one("images", "", "/images/"), "permissionsBoundary": one("boundary", "", "bound"),
			"hubRegions": one("hubs", "eu-central-1", "eu-central-1,us-east-1", "eu-central-1,us-east-1,eu-west-1"), "copyKey": "alias/copies", "unitsMode": one("mode", "observe", "propose"),
		}
		wave, region := one("wave", "", "canary"), one("region", "eu-central-1", "us-east-1", "eu-west-1")
		row := expect(t, others).Row(whole(t, others, wave, region))
		if len(row.Holes) > 0 {
			t.Fatalf("%v in %s: %+v", others, region, row.Holes)
		}
		roles, rules, _ := strings.Cut(row.Roles+" "+row.Rules, " ")
		for _, of := range []string{roles, rules} {
			if a, b, _ := strings.Cut(of, "/"); a != b || a == "0" {
				t.Fatalf("%s", of)
			}
		}
	})
}

// change changes a role.
func change(f *coverage.Facts, name string, how func(*blueprint.Role)) {
	r := f.Members.Is[name]
	how(&r)
	f.Members.Is[name] = r
}

// breaks are ways in which what stands may differ, each with the cause that is told.
func breaks() map[string]struct {
	cause string
	do    func(*coverage.Facts)
} {
	const rule = 3 // any
	mode := func(f *coverage.Facts, change func(string) string) {
		for name, a := range f.Parameters {
			if name != "/keymend/switch" {
				f.Parameters[name] = coverage.Answer[string]{Is: change(a.Is)}
			}
		}
	}
	type facts = *coverage.Facts
	return map[string]struct {
		cause string
		do    func(*coverage.Facts)
	}{
		"no StackSet":        {"stack-missing", func(f facts) { f.Roles.Is = coverage.Instance{NoSet: true} }},
		"no roles' stack":    {"stack-missing", func(f facts) { f.Roles.Is = coverage.Instance{} }},
		"no rules' stack":    {"stack-missing", func(f facts) { f.Rules.Is = coverage.Instance{} }},
		"stack behind":       {"stack-behind", func(f facts) { f.Rules.Is.Status, f.Rules.Is.Reason = "OUTDATED", "a policy denies it" }},
		"stack out of reach": {"stack-inoperable", func(f facts) { f.Rules.Is.Status, f.Rules.Is.Stack = "INOPERABLE", "arn:stack" }},
		"StackSets unseen":   {"unread", func(f facts) { f.Roles.Problem = "throttled" }},
		"refused": {"refused", func(f facts) {
			f.Members = coverage.Answer[map[string]blueprint.Role]{Problem: "AccessDenied: no", Refused: true}
		}},
		"refused, no stack": {"refused", func(f facts) {
			f.Roles.Is.Stack = ""
			f.Members = coverage.Answer[map[string]blueprint.Role]{Problem: "AccessDenied: no", Refused: true}
		}},
		"throttled": {"unread", func(f facts) {
			f.Members = coverage.Answer[map[string]blueprint.Role]{Problem: "Throttling: slow down"}
		}},
		"no granter":       {"role-missing", func(f facts) { delete(f.Members.Is, "keymend-granter") }},
		"an older granter": {"role-other", func(f facts) { change(f, "keymend-granter", func(r *blueprint.Role) { r.Template = "01234567" }) }},
		"a wider trust": {"role-trust", func(f facts) {
			change(f, "keymend-granter", func(r *blueprint.Role) { r.Trust = strings.Replace(r.Trust, "remediate", "*", 1) })
		}},
		"no trust": {"role-trust", func(f facts) { change(f, "keymend-forwarder", func(r *blueprint.Role) { r.Trust = "" }) }},
		"a boundary": {"role-other", func(f facts) {
			change(f, "keymend-granter", func(r *blueprint.Role) { r.Boundary = "arn:aws:iam::111122223333:policy/else" })
		}},
		"a policy writer":    {"role-surplus", func(f facts) { f.Members.Is["keymend-policy-writer"] = blueprint.Role{Template: "0a1b2c3d"} }},
		"another hub":        {"stack-set-other", func(f facts) { f.Roles.Is.Given["HubAccount"] = account }},
		"another mode":       {"stack-set-other", func(f facts) { f.Rules.Is.Given["Mode"] = "enforce" }},
		"an untagged reader": {"role-other", func(f facts) { change(f, "keymend-reader", func(r *blueprint.Role) { r.Template = "" }) }},
		"no rule":            {"rule-missing", func(f facts) { f.Matched.Is = slices.Delete(f.Matched.Is, rule, rule+1) }},
		"a rule that is off": {"rule-off", func(f facts) { f.Matched.Is[rule].State = "DISABLED" }},
		"another pattern":    {"rule-other", func(f facts) { f.Matched.Is[rule].Pattern = `{"source":["aws.s3"]}` }},
		"no JSON":            {"rule-other", func(f facts) { f.Matched.Is[rule].Pattern = `{` }},
		"no target":          {"rule-target", func(f facts) { f.Matched.Is[rule].Targets = nil }},
		"another bus":        {"rule-target", func(f facts) { f.Matched.Is[rule].Targets[0].ARN += "2" }},
		"another role":       {"rule-target", func(f facts) { f.Matched.Is[rule].Targets[0].Role += "2" }},
		"another text":       {"rule-target", func(f facts) { f.Matched.Is[rule].Targets[0].Changed = true }},
		"one target more": {"rule-target", func(f facts) {
			f.Matched.Is[rule].Targets = append(f.Matched.Is[rule].Targets, blueprint.Target{ID: "-x;y", ARN: "arn:b"})
		}},
		"rules unseen":         {"refused", func(f facts) { f.Matched.Problem, f.Matched.Refused = "AccessDenied", true }},
		"events lost":          {"events-lost", func(f facts) { f.Lost.Is = 3 }},
		"losses unseen":        {"unread", func(f facts) { f.Lost.Problem = "throttled" }},
		"no trail":             {"trail", func(f facts) { f.Trails.Is = nil }},
		"a trail that stopped": {"trail", func(f facts) { f.Trails.Is[0].Logging.Is = false }},
		"a trail of reads":     {"trail", func(f facts) { f.Trails.Is[0].Selectors.Is.Basic[0].ReadWriteType = "ReadOnly" }},
		"trails unseen":        {"unread", func(f facts) { f.Trails.Problem = "throttled" }},
		"a trail unseen":       {"unread", func(f facts) { f.Trails.Is[0].Logging.Problem = "throttled" }},
		"selectors unseen":     {"unread", func(f facts) { f.Trails.Is[0].Selectors.Problem = "throttled" }},
		"no brake":             {"parameter-missing", func(f facts) { f.Parameters["/keymend/switch"] = coverage.Answer[string]{} }},
		"brake unseen":         {"unread", func(f facts) { f.Parameters["/keymend/switch"] = coverage.Answer[string]{Problem: "throttled"} }},
		"no wave":              {"parameter-missing", func(f facts) { mode(f, func(string) string { return "" }) }},
		"another wave":         {"wave-other", func(f facts) { mode(f, func(is string) string { return strings.Replace(is, "observe", "enforce", 1) }) }},
		"records unseen":       {"unread", func(f facts) { f.Heard.Problem = "throttled" }},
	}
}

// Whatever breaks is told, by its cause, with commands that a shell reads as they are
// meant; one fault hides no other.
func TestEveryFaultIsToldWithWhatMendsIt(t *testing.T) {
	t.Parallel()
	e, all := expect(t, nil), breaks()
	names := slices.Sorted(maps.Keys(all))
	for _, name := range names {
		f := whole(t, nil, "", "eu-west-1")
		all[name].do(&f)
		row := e.Row(f)
		if got := causes(row); len(got) != 1 || got[0] != all[name].cause || row.Holes[0].Says == "" {
			t.Errorf("%s: %+v", name, row.Holes)
		}
		valid(t, e.Report([]coverage.Row{row}, time.Unix(0, 0), "1"))
		for _, h := range row.Holes {
			for _, task := range h.Run {
				if len(task.Account) != 12 {
					t.Errorf("%s: nobody runs %s", name, task.Command)
				}
				if out, err := exec.CommandContext(t.Context(), "sh", "-nc", task.Command).CombinedOutput(); err != nil {
					t.Errorf("%s: %s: %v %s", name, task.Command, err, out)
				}
				if strings.HasPrefix(task.Command, "aws ") != strings.Contains(task.Command, " --region ") {
					t.Errorf("%s: %s names no Region", name, task.Command)
				}
			}
			if len(h.Run) == 0 {
				t.Errorf("%s: nothing mends it", name)
			}
		}
	}
	// What isn't read because the account refuses, or breaks the same, can't be told beside it.
	apart := map[string]bool{}
	for name := range all {
		switch all[name].cause {
		case "role-missing", "rule-off", "rule-other", "events-lost", "stack-behind", "parameter-missing":
			apart[all[name].cause] = true
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := whole(t, nil, "", "eu-west-1")
		want := map[string]bool{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 4, rapid.ID).Draw(t, "breaks") {
			if c := all[name].cause; apart[c] && !strings.Contains(name, "JSON") {
				all[name].do(&f)
				want[c] = true
			}
		}
		got := causes(e.Row(f))
		for c := range want {
			if !slices.Contains(got, c) {
				t.Fatalf("%v: %v", want, got)
			}
		}
	})
}

// In an account that isn't active nothing is looked at, and nothing is amiss.
func TestAccountsThatAreNotActive(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"SUSPENDED", "PENDING_CLOSURE", "CLOSED", ""} {
		row := expect(t, nil).Row(coverage.Facts{Account: coverage.Account{ID: account, State: state}, Region: "eu-west-1"})
		if len(row.Holes) > 0 || row.State != state || row.Wave != "main" {
			t.Errorf("%s: %+v", state, row)
		}
	}
}

// Where the template is another, its rules are, too: nothing is put right by hand then.
func TestAnotherTemplateIsDeployedAnew(t *testing.T) {
	t.Parallel()
	f := whole(t, nil, "", "eu-west-1")
	for name := range f.Members.Is {
		change(&f, name, func(r *blueprint.Role) { r.Template = "01234567" })
	}
	f.Matched.Is = f.Matched.Is[:3]
	f.Matched.Is[0].Pattern, f.Matched.Is[1].Targets = `{}`, nil
	row := expect(t, nil).Row(f)
	for _, h := range row.Holes {
		if len(h.Run) != 1 || h.Run[0].Command != "make deploy-organization WAVE=main" {
			t.Errorf("%+v", h)
		}
	}
	if len(row.Holes) < 5 {
		t.Errorf("%+v", row.Holes)
	}
}

// IAM may give a trust's lists in another order, and a list of one as its member.
func TestTrustsAreComparedByWhatTheyMean(t *testing.T) {
	t.Parallel()
	f := whole(t, nil, "", "eu-west-1")
	change(&f, "keymend-reader", func(r *blueprint.Role) {
		var doc map[string]any
		must(t, json.Unmarshal([]byte(r.Trust), &doc))
		statement := doc["Statement"].([]any)[0].(map[string]any)
		by := statement["Condition"].(map[string]any)["ArnEquals"].(map[string]any)
		slices.Reverse(by["aws:PrincipalArn"].([]any))
		doc["Statement"] = statement
		line, err := json.Marshal(doc)
		must(t, err)
		r.Trust = string(line)
	})
	if row := expect(t, nil).Row(f); len(row.Holes) > 0 {
		t.Errorf("%+v", row.Holes)
	}
}

// A role that the settings ask for no more goes with the next deployment; by hand goes one
// that they never asked for.
func TestARoleTooMany(t *testing.T) {
	t.Parallel()
	for was, want := range map[string]string{"grant": "aws iam delete-role-policy", "auto": "make deploy-organization"} {
		f := whole(t, nil, "", "eu-west-1")
		f.Roles.Is.Given["OwnKey"] = was
		f.Members.Is["keymend-policy-writer"] = blueprint.Role{}
		row := expect(t, nil).Row(f)
		i := slices.IndexFunc(row.Holes, func(h coverage.Hole) bool { return h.Cause == "role-surplus" })
		if i < 0 || !strings.HasPrefix(row.Holes[i].Run[0].Command, want) {
			t.Errorf("deployed with %s: %+v", was, row.Holes)
		}
	}
}

// What the owner sets the switch to is the owner's word.
func TestABrakeThatIsOffIsNoHole(t *testing.T) {
	t.Parallel()
	f := whole(t, nil, "", "eu-west-1")
	f.Parameters["/keymend/switch"] = coverage.Answer[string]{Is: "off"}
	if row := expect(t, nil).Row(f); len(row.Holes) > 0 || row.Switch != "off" || row.Mode != "observe" {
		t.Errorf("%+v", row)
	}
}

// A report counts what is whole, and what isn't active not at all.
func TestReport(t *testing.T) {
	t.Parallel()
	e := expect(t, nil)
	row := func(id, region, state string, broken bool) coverage.Row {
		f := whole(t, nil, "", region)
		f.Account.State = state
		f.Matched.Problem, f.Matched.Refused = map[bool]string{true: "AccessDenied"}[broken], broken
		out := e.Row(f)
		out.Account = id
		return out
	}
	r := e.Report([]coverage.Row{
		row(account, "eu-west-1", "ACTIVE", false), row(account, "us-east-1", "ACTIVE", true), row("222222222222", "us-east-1", "ACTIVE", false), row("333333333333", "us-east-1", "SUSPENDED", true),
	}, time.Unix(0, 0), "1")
	if r.Whole || r.Accounts != (coverage.Count{Whole: 1, All: 2}) || r.Pairs != (coverage.Count{Whole: 2, All: 3}) || len(r.Template) != 8 {
		t.Errorf("%+v", r)
	}
	if g := r.Groups(); len(g) == 0 || g[len(g)-1].Says == "" {
		t.Errorf("%+v", g)
	}
	if r := e.Report(nil, time.Unix(0, 0), "1"); r.Whole || len(r.Groups()) != 0 {
		t.Errorf("%+v", r)
	}
	valid(t, r)
}

// valid holds a report to its schema.
func valid(t *testing.T, r coverage.Report) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/schemas/coverage.schema.json")
	must(t, err)
	line, err := json.Marshal(r)
	must(t, err)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(line)))
	must(t, err)
	if err := schema.Validate(doc); err != nil {
		t.Errorf("a report isn't as docs/schemas/coverage.schema.json has it: %v\n%s", err, line)
	}
}

// A command leads where this asks: with what its place adds. That which asks again does.
func TestCommandsLeadWhereItIsAsked(t *testing.T) {
	t.Parallel()
	text, o := settings(t, nil)
	e, err := coverage.Expect(o, text, coverage.Asks{Partition: "aws", Account: administrator, Again: "keymend coverage", Placed: placed})
	must(t, err)
	for _, name := range slices.Sorted(maps.Keys(breaks())) {
		f := whole(t, nil, "canary", "eu-west-1")
		if breaks()[name].cause == "wave-other" {
			continue // the canary's mode is another
		}
		breaks()[name].do(&f)
		for _, h := range e.Row(f).Holes {
			for _, task := range h.Run {
				if strings.HasSuffix(task.Command, " # "+task.Account) == strings.HasPrefix(task.Command, "keymend ") {
					t.Errorf("%s: %s", name, task.Command)
				}
			}
		}
	}
}
