package endtoend_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"keymend/infra/template"
	"keymend/pkg/coverage"
	"keymend/pkg/permission"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/conformance/tool"
	"keymend/pkg/sandbox/organization"
)

// The members: one of the canary, and one in a unit below the main wave's.
const (
	theCanary = owner
	theMember = late
)

func unitsOf() map[string]string {
	return map[string]string{theCanary: canaryUnit, theMember: innerUnit}
}

// A covered is an organization with Keymend in it, as a person at a terminal reaches it.
type covered struct {
	*world
	home, settings string
}

func newCovered(t *testing.T) *covered {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Start: time.Now().UTC().Add(-time.Hour), Switches: sandbox.DefaultSwitches()})
	must(t, err)
	t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	must(t, err)
	g := &covered{connect(t, box, url, theMember, region), t.TempDir(), ""}
	g.accounts(unitsOf())
	_, err = box.ListenFunctions("127.0.0.1:0")
	must(t, err)
	must(t, box.Deploy(template.HubRoles(), hubAccount, region, nil, nil))
	must(t, box.Deploy(template.Hub(), hubAccount, region, nil, binaries))
	g.deploy()
	g.settings = g.file("cdk.json", settingsOf(t, nil))
	must(t, os.MkdirAll(filepath.Join(g.home, ".aws"), 0o700))
	g.file(".aws/config", "[profile hub]\naws_access_key_id = "+hubAccount+"\naws_secret_access_key = any\n")
	return g
}

// settingsOf is the shipped cdk.json with the settings of the committed templates, and others.
func settingsOf(t *testing.T, others map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "cdk.json"))
	must(t, err)
	var doc map[string]any
	must(t, json.Unmarshal(text, &doc))
	of := doc["context"].(map[string]any)
	for _, values := range []map[string]string{{
		"organizationId": "o-a1b2c3d4e5", "hubAccount": hubAccount, "managementAccount": management, "regions": "eu-west-1,us-east-1", "units": mainUnit,
		"canaryUnits": canaryUnit, "unitsMode": "enforce", "canaryMode": "enforce", "consentGuard": "scp",
	}, others} {
		for name, value := range values {
			of["keymend:"+name] = value
		}
	}
	out, err := json.Marshal(doc)
	must(t, err)
	return string(out)
}

func (g *covered) file(name, text string) string {
	g.t.Helper()
	path := filepath.Join(g.home, name)
	must(g.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// accounts has the organization's accounts be these, some of them suspended.
func (g *covered) accounts(units map[string]string, shut ...string) {
	g.t.Helper()
	o := governed(units)
	for i, a := range o.Accounts {
		if slices.Contains(shut, a.ID) {
			o.Accounts[i].State = organization.Suspended
		}
	}
	must(g.t, g.box.SetOrganizations(o))
	g.box.Advance(5 * time.Minute)
}

func (g *covered) deploy() {
	g.t.Helper()
	must(g.t, g.box.Deploy(template.OrganizationCanary(), administrator, region, nil, nil))
	must(g.t, g.box.Deploy(template.Organization(), administrator, region, nil, nil))
	g.box.Advance(5 * time.Minute)
}

// runs runs keymend as the StackSets administrator, and returns what it says, and how it
// ended.
func (g *covered) runs(args ...string) (out, errs string, code int) {
	g.t.Helper()
	run := exec.CommandContext(g.t.Context(), binaries["keymend"], append(args, "--endpoint-url", g.url)...)
	run.Dir, run.Env = g.home, g.environment(administrator)
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	err := run.Run()
	exit := &exec.ExitError{}
	if err != nil && !errors.As(err, &exit) {
		g.t.Fatal(err)
	}
	return stdout.String(), stderr.String(), run.ProcessState.ExitCode()
}

func (g *covered) environment(as string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + g.home, "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=" + as, "AWS_SECRET_ACCESS_KEY=any", "AWS_PAGER=",
		"AWS_CONFIG_FILE=" + filepath.Join(g.home, ".aws", "config"), "AWS_ENDPOINT_URL=http://127.0.0.1:1",
	}
}

// coverage asks what stands where.
func (g *covered) coverage(args ...string) (coverage.Report, int) {
	g.t.Helper()
	out, errs, code := g.runs(append([]string{"coverage", "--settings", g.settings, "--hub-profile", "hub", "--output", "json"}, args...)...)
	var r coverage.Report
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	if err == nil {
		err = json.Unmarshal([]byte(out), &r)
	}
	if err != nil {
		g.t.Fatalf("%v: exit %d\n%s\n%s", err, code, out, errs)
	}
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/schemas/coverage.schema.json")
	must(g.t, err)
	if err := schema.Validate(doc); err != nil {
		g.t.Errorf("a report isn't as docs/schemas/coverage.schema.json has it: %v\n%s", err, out)
	}
	return r, code
}

// holes are a report's, as "account Region cause: says".
func holes(r coverage.Report) string {
	var all []string
	for _, row := range r.Rows {
		for _, h := range row.Holes {
			all = append(all, row.Account[:4]+" "+row.Region+" "+h.Cause+": "+h.Says)
		}
	}
	return strings.Join(all, "\n")
}

// TestJudgedCoverage breaks one thing after the other: each is told, and what is printed, run by
// the AWS CLI, mends it.
func TestJudgedCoverage(t *testing.T) {
	t.Parallel()
	tool.Tool{Program: "aws", Probe: []string{"--version"}, What: "what is printed for it"}.Need(t)
	g := newCovered(t)
	r, code := g.coverage()
	if code != 0 || !r.Whole || len(r.Rows) != 4 {
		t.Fatalf("exit %d, %d rows\n%s", code, len(r.Rows), holes(r))
	}
	member := func(region string) (*eventbridge.Client, *iam.Client, *ssm.Client, *cloudtrail.Client) {
		cfg := g.cfg.Copy()
		cfg.Region = region
		return eventbridge.NewFromConfig(cfg), iam.NewFromConfig(cfg), ssm.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg)
	}
	events, roles, parameters, _ := member("us-east-1")
	_, _, _, trails := member("us-east-1")
	ctx := t.Context()
	const rule = "keymend-launch-unsuccessful"
	for _, tc := range []struct {
		name   string
		breaks func() error
		want   string // the holes
		mends  func() // where the sandbox can't run what is printed; nil: it runs it
	}{
		{"a rule that is off", func() error {
			_, err := events.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: new(rule)})
			return err
		}, "5555 us-east-1 rule-off: the rule " + rule + " is DISABLED", nil},
		{"a rule that matches something else", func() error {
			_, err := events.PutRule(ctx, &eventbridge.PutRuleInput{Name: new(rule), EventPattern: new(`{"source":["aws.s3"]}`)})
			return err
		}, "5555 us-east-1 rule-other: the rule " + rule + " matches something else", nil},
		{"a rule that sends to nobody", func() error {
			_, err := events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: new(rule), Ids: []string{"hub"}})
			return err
		}, "5555 us-east-1 rule-target: the rule " + rule + " doesn't send to the hub", nil},
		{"a rule that sends elsewhere, too", func() error {
			_, err := events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: new(rule), Targets: []ebtypes.Target{{Id: new("spy"), Arn: new("arn:aws:sns:us-east-1:" + theMember + ":spy")}}})
			return err
		}, "5555 us-east-1 rule-target: the rule " + rule + " sends elsewhere, too", nil},
		{"no rule", func() error {
			if _, err := events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: new(rule), Ids: []string{"hub"}}); err != nil {
				return err
			}
			_, err := events.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: new(rule)})
			return err
		}, "5555 us-east-1 rule-missing: there is no rule " + rule, nil},
		{"no brake", func() error {
			_, err := parameters.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: new("/keymend/switch")})
			return err
		}, "5555 us-east-1 parameter-missing: there is no parameter /keymend/switch: the hub writes nothing here", nil},
		{"another wave", func() error {
			_, err := parameters.PutParameter(ctx, &ssm.PutParameterInput{Name: new("/keymend/wave"), Value: new(`{"mode":"observe"}`), Overwrite: new(true)})
			return err
		}, "5555 us-east-1 wave-other: the parameter /keymend/wave is {\"mode\":\"observe\"}, not WAVE", nil},
		{"a trail that stopped", func() error {
			_, err := trails.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: new("management-events")})
			return err
		}, "5555 eu-west-1 trail: the trail TRAIL doesn't log\n5555 us-east-1 trail: the trail TRAIL doesn't log", nil},
		{"a trail without KMS", func() error {
			_, err := trails.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: new("management-events"), EventSelectors: []cttypes.EventSelector{{ExcludeManagementEventSources: []string{"kms.amazonaws.com"}}}})
			return err
		}, "5555 eu-west-1 trail: the trail TRAIL leaves out writes, or those of KMS\n5555 us-east-1 trail: the trail TRAIL leaves out writes, or those of KMS", nil},
		{"no reader", func() error {
			if _, err := roles.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: new("keymend-reader"), PolicyName: new("keymend")}); err != nil {
				return err
			}
			_, err := roles.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: new("keymend-reader")})
			return err
		}, "5555 eu-west-1 refused: AccessDenied: TAKEN\n5555 us-east-1 refused: AccessDenied: TAKEN", func() {
			must(t, g.box.Deploy(template.MemberRoles(), theMember, region, nil, nil))
		}},
		{"a role of another template", func() error {
			_, err := roles.TagRole(ctx, &iam.TagRoleInput{RoleName: new("keymend-granter"), Tags: []iamtypes.Tag{{Key: new("keymend-template"), Value: new("01234567")}}})
			return err
		}, "5555 eu-west-1 role-other: the role keymend-granter is of the template 01234567, not TEMPLATE\n5555 us-east-1 role-other: the role keymend-granter is of the template 01234567, not TEMPLATE", func() {
			must(t, g.box.Deploy(template.MemberRoles(), theMember, region, nil, nil))
		}},
		{"a role that trusts others", func() error {
			text := strings.Replace(string(template.MemberRoles()), "role/keymend-remediate", "role/keymend-*", 1)
			return g.box.Deploy([]byte(text), theMember, region, nil, nil)
		}, "5555 eu-west-1 role-trust: the role keymend-reader trusts others than it shall\n5555 us-east-1 role-trust: the role keymend-reader trusts others than it shall", func() {
			must(t, g.box.Deploy(template.MemberRoles(), theMember, region, nil, nil))
		}},
		{"no role", func() error {
			if _, err := roles.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: new("keymend-granter"), PolicyName: new("keymend")}); err != nil {
				return err
			}
			_, err := roles.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: new("keymend-granter")})
			return err
		}, "5555 eu-west-1 role-missing: there is no role keymend-granter\n5555 us-east-1 role-missing: there is no role keymend-granter", func() {
			must(t, g.box.Deploy(template.MemberRoles(), theMember, region, nil, nil))
		}},
		{"a role that nobody asked for", func() error {
			trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + hubAccount + `:root"},"Action":"sts:AssumeRole"}]}`
			if _, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: new("keymend-policy-writer"), AssumeRolePolicyDocument: &trust}); err != nil {
				return err
			}
			_, err := roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: new("keymend-policy-writer"), PolicyName: new("keymend"), PolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`)})
			return err
		}, "5555 eu-west-1 role-surplus: there is a role keymend-policy-writer, which the settings don't ask for\n5555 us-east-1 role-surplus: there is a role keymend-policy-writer, which the settings don't ask for", nil},
		{"a StackSet of other settings", func() error {
			return g.box.Deploy([]byte(strings.Replace(string(template.Organization()), `"ParameterValue":"enforce"`, `"ParameterValue":"propose"`, 1)), administrator, region, nil, nil)
		}, "5555 eu-west-1 stack-set-other: the StackSet keymend-regions was deployed with Mode=\"propose\", not \"enforce\"\n5555 eu-west-1 wave-other: the parameter /keymend/wave is {\"mode\":\"propose\",WAVE\n" +
			"5555 us-east-1 stack-set-other: the StackSet keymend-regions was deployed with Mode=\"propose\", not \"enforce\"\n5555 us-east-1 wave-other: the parameter /keymend/wave is {\"mode\":\"propose\",WAVE", g.deploy},
		{"a StackSet that passed an account by", func() error {
			g.accounts(unitsOf(), theMember)
			if r, code := g.coverage(); code != 0 || r.Rows[3].State != "SUSPENDED" || r.Accounts.All != 1 {
				t.Errorf("suspended: exit %d, %+v", code, r.Rows[3])
			}
			g.deploy()
			g.accounts(unitsOf())
			return nil
		}, "5555 eu-west-1 stack-behind: the stack of keymend-roles is OUTDATED\n5555 eu-west-1 stack-behind: the stack of keymend-regions is OUTDATED\n" +
			"5555 us-east-1 stack-behind: the stack of keymend-roles is OUTDATED\n5555 us-east-1 stack-behind: the stack of keymend-regions is OUTDATED", g.deploy},
	} {
		must(t, tc.breaks())
		r, code := g.coverage()
		got := strings.ReplaceAll(holes(r), "arn:aws:cloudtrail:us-east-1:"+theMember+":trail/management-events", "TRAIL")
		got = regexp.MustCompile(`not \{.*\}`).ReplaceAllString(got, "not WAVE")
		got = regexp.MustCompile(`"propose",.*WAVE`).ReplaceAllString(got, `"propose",WAVE`)
		got = regexp.MustCompile(`User: .* on resource: .*`).ReplaceAllString(strings.ReplaceAll(got, r.Template, "TEMPLATE"), "TAKEN")
		if code != 3 || r.Whole || got != tc.want {
			t.Errorf("%s: exit %d\n%s\nwant\n%s", tc.name, code, got, tc.want)
		}
		if tc.mends != nil {
			tc.mends()
		} else {
			g.mend(r)
		}
		if r, code = g.coverage(); code != 0 || !r.Whole {
			t.Errorf("%s, mended: exit %d\n%s", tc.name, code, holes(r))
		}
	}
}

// An account that AWS throttles is said to be, and the others are seen all the same. A bus
// that takes no events is told by what couldn't be sent.
func TestCoverageOfWhatIsIll(t *testing.T) {
	t.Parallel()
	g := newCovered(t)
	must(t, g.box.SetFaults(sandbox.Fault{Account: theCanary, Service: "events", Answer: "throttled"}))
	r, code := g.coverage()
	if code != 3 || r.Accounts != (coverage.Count{Whole: 1, All: 2}) || !strings.HasPrefix(holes(r), "4444 eu-west-1 unread: rules: ThrottlingException") || strings.Contains(holes(r), "5555") {
		t.Errorf("throttled: exit %d\n%s", code, holes(r))
	}
	must(t, g.box.SetFaults())
	_, err := g.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: new("keymend-forwarder"), PolicyName: new("keymend")})
	must(t, err)
	_, err = g.asg.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{AutoScalingGroupName: new("web"), MinSize: new(int32(0)), MaxSize: new(int32(0)), AvailabilityZones: []string{"eu-west-1a"},
		LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: new(g.mappedTemplate("web", g.image())), Version: new("$Latest")}})
	must(t, err)
	g.box.Advance(5 * time.Minute)
	if r, code = g.coverage(); code != 3 || !strings.HasPrefix(holes(r), "5555 eu-west-1 events-lost: ") || !strings.HasPrefix(r.Rows[2].Holes[0].Run[0].Command, "make deploy-hub REGION=eu-west-1 HUB_PROFILE=hub") {
		t.Errorf("lost: exit %d\n%s", code, holes(r))
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"a unit of no wave":    {[]string{"--unit", "ou-a1b2-99999999"}, 2, "no wave of the settings has the unit: ou-a1b2-99999999"},
		"no unit":              {[]string{"--unit", "web"}, 2, "a unit's id is like"},
		"fewer than none":      {[]string{"--sample=-1"}, 2, "at least 1"},
		"no settings":          {[]string{"--settings", "none.json"}, 2, "none.json"},
		"no organization":      {[]string{"--settings", g.file("alone.json", settingsOf(t, map[string]string{"organizationId": "", "hubAccount": "", "managementAccount": "", "regions": "", "units": "", "canaryUnits": "", "unitsMode": "observe", "canaryMode": "observe"}))}, 2, "has no organization"},
		"bad settings":         {[]string{"--settings", g.file("bad.json", settingsOf(t, map[string]string{"regions": "eu-west-1"}))}, 2, "us-east-1"},
		"another hub":          {[]string{"--hub-profile", ""}, 2, "give --hub-profile"},
		"another's, the hub's": {[]string{"--hub-profile", "nobody"}, 2, "nobody"},
	} {
		if _, errs, code := g.runs(append([]string{"coverage", "--settings", g.settings, "--hub-profile", "hub"}, tc.args...)...); code != tc.code || !strings.Contains(errs, tc.says) {
			t.Errorf("%s: exit %d: %s", name, code, errs)
		}
	}
	g.file(".aws/config", "[profile hub]\naws_access_key_id = "+hubAccount+"\naws_secret_access_key = any\n[profile nobody]\naws_access_key_id = "+theMember+"\naws_secret_access_key = any\n[profile management]\naws_access_key_id = "+management+"\naws_secret_access_key = any\n")
	if r, code := g.coverage("--profile", "management", "--unit", canaryUnit); code != 0 || len(r.Rows) != 2 {
		t.Errorf("by the management account: exit %d\n%s", code, holes(r))
	}
	if _, errs, code := g.runs("coverage", "--settings", g.settings, "--hub-profile", "hub", "--profile", "nobody"); code != 1 || !strings.Contains(errs, "list the accounts of unit") {
		t.Errorf("no administrator: exit %d: %s", code, errs)
	}
	if r, code := g.coverage("--unit", canaryUnit); code != 0 || len(r.Rows) != 2 || r.Rows[0].Account != theCanary {
		t.Errorf("one unit: exit %d, %d rows", code, len(r.Rows))
	}
	if r, _ := g.coverage("--sample", "1"); len(r.Rows) != 2 || !r.Sampled {
		t.Errorf("a sample: %d rows", len(r.Rows))
	}
	if out, _, code := g.runs("coverage", "--settings", g.settings, "--hub-profile", "hub"); code != 3 || !strings.HasPrefix(out, "holes     o-a1b2c3d4e5: accounts 1 of 2 · Regions 3 of 4 · 1 events-lost\n") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// mend runs what each hole says.
func (g *covered) mend(r coverage.Report) {
	g.t.Helper()
	done := map[string]bool{}
	for _, row := range r.Rows {
		for _, h := range row.Holes {
			for _, task := range h.Run {
				if done[task.Command] {
					continue
				}
				done[task.Command] = true
				run := exec.CommandContext(g.t.Context(), "sh", "-c", task.Command)
				run.Dir, run.Env = g.home, g.environment(task.Account)
				if out, err := run.CombinedOutput(); err != nil {
					g.t.Errorf("%s: %v\n%s", task.Command, err, out)
				}
			}
		}
	}
}

// Every permission that the reader and the auditor have for this is needed: without it
// something isn't seen, and is said not to be.
func TestEveryPermissionOfCoverageIsNeeded(t *testing.T) {
	t.Parallel()
	g := newCovered(t)
	alone := permission.Place{Partition: "aws", Account: theMember, Region: "*", Prefix: "keymend-", SwitchParameter: "/keymend/switch"}
	member := alone
	member.Organization, member.Hub = organizationID, hubAccount
	seen := 0
	lacks := func(in string, role permission.Role, p permission.Permission, again []byte) {
		g.as(in).revoke(role, p.Action, p.Resource)
		if r, code := g.coverage(); code != 3 || !strings.Contains(holes(r), p.Action) {
			t.Errorf("%s without %s on %s: exit %d\n%s", role, p.Action, p.Resource, code, holes(r))
		}
		must(t, g.box.Deploy(again, in, region, nil, nil))
		seen++
	}
	for _, p := range permission.For(permission.Reader, member) {
		if !has(permission.For(permission.Reader, alone), p) && !strings.HasPrefix(p.Action, "kms:") { // those are for keys elsewhere
			lacks(theMember, permission.Reader, p, template.MemberRoles())
		}
	}
	member.Account = hubAccount
	for _, p := range permission.For(permission.Auditor, member) {
		lacks(hubAccount, permission.Auditor, p, template.HubRoles())
	}
	if r, code := g.coverage(); code != 0 || seen < 11 {
		t.Errorf("exit %d after %d\n%s", code, seen, holes(r))
	}
}
