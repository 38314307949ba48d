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

	"keymend/pkg/audit"
	"keymend/pkg/record"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/permission"
	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/settings/variable"
	"keymend/pkg/signal"
)

const (
	organization = "o-a1b2c3d4e5"
	hub          = "999900001111"
	listing      = "333344445555"
)

func load(t *testing.T, text []byte, account, region string, params map[string]string) collected {
	t.Helper()
	out := collected{}
	if err := cloudformation.Load(text, account, region, params, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// ofOrganization is where an organization's roles are for these parameters.
func ofOrganization(account string, p map[string]string) permission.Place {
	out := permission.Place{
		Partition: "aws", Account: account, Region: "*", Functions: []string{"eu-west-1"}, Prefix: "keymend-", SwitchParameter: "/keymend/switch", Signals: "keymend-signals", Changes: "keymend-changes.fifo", Looks: "keymend-looks", Drift: "keymend-drift.fifo",
		Organization: organization, Hub: hub, Bus: "keymend", Listing: listing, Suffix: p["DedicatedRoleSuffix"], Copies: p["ForeignKey"] == "copy", Resumes: p["ResumeSuspended"] == "20", ImageParameters: p["ImageParameters"],
	}
	if account == hub {
		out.SwitchParameter = "/keymend/hub/switch"
	}
	if p["ForeignKey"] == "grant" {
		out.Groups = []string{hub}
	}
	return out
}

// Whatever the parameters, a member has the roles that pkg/permission asks for, each
// with exactly its policies: under the defaults none that may write a key policy.
func TestMembersRolesAreThoseOfPermission(t *testing.T) {
	t.Parallel()
	for _, p := range every(map[string][]string{
		"OwnKey": {"grant", "auto", "policy"}, "ForeignKey": {"report", "grant", "copy"}, "DedicatedRoleSuffix": {"", "payments"},
		"ImageParameters": {"", "/images/"}, "PermissionsBoundary": {"", "bound"}, "ResumeSuspended": {"0", "20"},
	}) {
		want := map[permission.Role]bool{
			permission.Reader: true, permission.Granter: true, permission.Forwarder: true, permission.Notifier: true, permission.Copier: p["ForeignKey"] == "copy",
			permission.PolicyWriter: p["OwnKey"] != "grant" || p["ForeignKey"] == "grant", permission.GroupWriter: p["DedicatedRoleSuffix"] != "" || p["ResumeSuspended"] == "20",
		}
		made := load(t, template.MemberRoles(), account, region, p)
		for _, r := range made {
			role := permission.Role(strings.TrimPrefix(fmt.Sprint(r.Properties["RoleName"]), "keymend-"))
			if boundary, bound := r.Properties["PermissionsBoundary"], p["PermissionsBoundary"] != ""; bound != (boundary != nil) || bound && boundary != "arn:aws:iam::"+account+":policy/bound" {
				t.Errorf("%v: %s is bounded by %v", p, role, boundary)
			}
			delete(r.Properties, "PermissionsBoundary")
			if !want[role] {
				t.Errorf("%v: there is %s", p, role)
			}
			delete(want, role)
			same(t, fmt.Sprintf("%v: %s", p, role), role, ofOrganization(account, p), r.Properties)
		}
		for role, missing := range want {
			if missing {
				t.Errorf("%v: there is no %s", p, role)
			}
		}
	}
}

func TestHubsRolesAreThoseOfPermission(t *testing.T) {
	t.Parallel()
	for _, p := range every(map[string][]string{"ForeignKey": {"report", "grant", "copy"}, "DedicatedRoleSuffix": {"", "payments"}, "ResumeSuspended": {"0", "20"}}) {
		made := load(t, template.HubRoles(), hub, region, p)
		if len(made) != len(permission.Hub()) {
			t.Errorf("%v: %d roles", p, len(made))
		}
		for _, r := range made {
			role := permission.Role(strings.TrimPrefix(fmt.Sprint(r.Properties["RoleName"]), "keymend-"))
			same(t, fmt.Sprintf("%v: %s", p, role), role, ofOrganization(hub, p), r.Properties)
		}
	}
}

// Member and hub have the rules of one account, with the same patterns: the member's
// send to the hub's bus, from each Region to the one that the mapping says, and the
// hub's from there to its queue. Schedules are the hub's.
func TestRulesOfMemberAndHubAreTheAccounts(t *testing.T) {
	t.Parallel()
	params := map[string]string{"ForeignKey": "copy"}
	ofHub := load(t, template.Hub(), hub, "eu-west-1", params)
	for _, at := range []string{"eu-west-1", "us-east-1"} {
		ofMember := load(t, template.MemberRegion(), account, at, params)
		for _, r := range signal.Rules() {
			theirs, there := ofMember[r.ID]
			if there == (r.Schedule != "" || r.Elsewhere) {
				t.Errorf("%s: there is %s in a member: %v", at, r.ID, there)
			}
			if _, there := ofHub[r.ID]; there == r.Elsewhere {
				t.Errorf("there is %s in the hub: %v", r.ID, there)
			}
			if r.Elsewhere {
				continue
			}
			hubs := ofHub[r.ID].Properties
			if r.Schedule != "" {
				if hubs["ScheduleExpression"] != r.Schedule || hubs["EventBusName"] != nil {
					t.Errorf("%s is %v", r.ID, hubs)
				}
				continue
			}
			want := plain(t, r.Pattern("keymend-"))
			if !reflect.DeepEqual(theirs.Properties["EventPattern"], want) || !reflect.DeepEqual(hubs["EventPattern"], want) || hubs["EventBusName"] != "Bus" {
				t.Errorf("%s: the member's pattern is %v, the hub's %v on %v; want %v", r.ID, theirs.Properties["EventPattern"], hubs["EventPattern"], hubs["EventBusName"], want)
			}
			if diff := cmp.Diff([]any{map[string]any{
				"Id": "hub", "Arn": "arn:aws:events:eu-west-1:" + hub + ":event-bus/keymend", "RoleArn": "arn:aws:iam::" + account + ":role/keymend-forwarder",
			}}, theirs.Properties["Targets"]); diff != "" {
				t.Errorf("%s in %s goes elsewhere: %s", r.ID, at, diff)
			}
		}
	}
	if _, copies := load(t, template.MemberRegion(), account, region, nil)["ImageChanged"]; copies {
		t.Error("a member that nobody copies in tells of every image")
	}
}

func plain(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The bus takes events from the forwarders of the organization's accounts, and from
// nobody else.
func TestBusPolicy(t *testing.T) {
	t.Parallel()
	got := load(t, template.Hub(), hub, "eu-west-1", nil)["BusPolicy"].Properties["Statement"]
	if diff := cmp.Diff(map[string]any{
		"Sid": "Members", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "arn:Bus",
		"Condition": map[string]any{
			"StringEquals": map[string]any{"aws:PrincipalOrgID": organization},
			"ArnLike":      map[string]any{"aws:PrincipalArn": "arn:aws:iam::*:role/keymend-forwarder"},
		},
	}, got); diff != "" {
		t.Error(diff)
	}
}

// What StackSets deploy is plain CloudFormation that fits into a request with room, and
// that nothing keeps from being deleted.
func TestMembersAreWhatStackSetsTake(t *testing.T) {
	t.Parallel()
	const most = 40_000 // bytes; CloudFormation takes 51,200
	for name, text := range map[string][]byte{"member-roles": template.MemberRoles(), "member-region": template.MemberRegion()} {
		if line := gjson.GetBytes(text, "@ugly").Raw; len(line) > most {
			t.Errorf("%s has %d bytes", name, len(line))
		}
		for _, no := range []string{"Transform", "Metadata", "DeletionPolicy", "UpdateReplacePolicy", "S3Bucket", "cdk-", "BootstrapVersion", "AWS::Lambda", "AWS::SQS", "AWS::CloudWatch", "AWS::Logs"} {
			if strings.Contains(string(text), no) {
				t.Errorf("%s has %s", name, no)
			}
		}
	}
}

// Without a bucket a template has at most 51,200 bytes as the CDK writes it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
func TestWavesNeedNoBucket(t *testing.T) {
	t.Parallel()
	for name, text := range map[string][]byte{"organization": template.Organization(), "organization-canary": template.OrganizationCanary(), "member-roles": template.MemberRoles(), "member-region": template.MemberRegion()} {
		var indented bytes.Buffer
		if err := json.Indent(&indented, text, "", " "); err != nil {
			t.Fatal(err)
		}
		if indented.Len() > 51200 {
			t.Errorf("%s has %d bytes", name, indented.Len())
		}
	}
}

// Each wave has two sets: roles once an account, rules in each Region of the mapping,
// after them. What they set is all that the members' templates take.
func TestSets(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		wave         []byte
		unit, id     string
		after        string
		member       []byte
		regions      []any
		capabilities any
		tolerance    float64
	}{
		"keymend-canary-roles":   {template.OrganizationCanary(), "ou-a1b2-11111111", "Roles", "", template.MemberRoles(), []any{"eu-west-1"}, []any{"CAPABILITY_NAMED_IAM"}, 0},
		"keymend-canary-regions": {template.OrganizationCanary(), "ou-a1b2-11111111", "Regions", "Roles", template.MemberRegion(), []any{"eu-west-1", "us-east-1"}, nil, 0},
		"keymend-roles":          {template.Organization(), "ou-a1b2-22222222", "Roles", "", template.MemberRoles(), []any{"eu-west-1"}, []any{"CAPABILITY_NAMED_IAM"}, 5},
		"keymend-regions":        {template.Organization(), "ou-a1b2-22222222", "Regions", "Roles", template.MemberRegion(), []any{"eu-west-1", "us-east-1"}, nil, 5},
	} {
		p := load(t, tc.wave, "000011112222", "eu-west-1", nil)[tc.id].Properties
		auto := map[string]any{"Enabled": true, "RetainStacksOnAccountRemoval": false}
		if tc.after != "" {
			auto["DependsOn"] = []any{"arn:aws:cloudformation:eu-west-1:000011112222:stackset/" + tc.after + ":1"}
		}
		for property, want := range map[string]any{
			"StackSetName": name, "PermissionModel": "SERVICE_MANAGED", "CallAs": "DELEGATED_ADMIN", "Capabilities": tc.capabilities, "AutoDeployment": auto, "ManagedExecution": map[string]any{"Active": true},
			"StackInstancesGroup": []any{map[string]any{"DeploymentTargets": map[string]any{"OrganizationalUnitIds": []any{tc.unit}}, "Regions": tc.regions}},
		} {
			if diff := cmp.Diff(want, p[property]); diff != "" {
				t.Errorf("%s, %s: %s", name, property, diff)
			}
		}
		if got := p["OperationPreferences"].(map[string]any)["FailureTolerancePercentage"]; got != tc.tolerance {
			t.Errorf("%s tolerates %v%%", name, got)
		}
		set := map[string]string{}
		for _, one := range p["Parameters"].([]any) {
			set[one.(map[string]any)["ParameterKey"].(string)] = one.(map[string]any)["ParameterValue"].(string)
		}
		takes := gjson.GetBytes(tc.member, "Parameters").Map()
		if got, want := slices.Sorted(maps.Keys(set)), slices.Sorted(maps.Keys(takes)); !slices.Equal(got, want) {
			t.Errorf("%s sets %v; the template takes %v", name, got, want)
		}
		load(t, []byte(p["TemplateBody"].(string)), account, region, set)
	}
	var mapped []string
	for region, to := range gjson.GetBytes(template.MemberRegion(), "Mappings.Hub").Map() {
		mapped = append(mapped, region)
		if to.Get("Region").String() != "eu-west-1" {
			t.Errorf("%s goes to %s", region, to)
		}
	}
	if slices.Sort(mapped); !slices.Equal(mapped, []string{"eu-west-1", "us-east-1"}) {
		t.Errorf("the mapping has %v", mapped)
	}
}

// The hub's functions get every setting that there is, but for the approver's role: there
// is none.
func TestHubsFunctionsGetTheSettings(t *testing.T) {
	t.Parallel()
	for _, f := range []string{"Diagnose", "Remediate"} {
		variables := load(t, template.Hub(), hub, region, nil)[f].Properties["Environment"].(map[string]any)["Variables"].(map[string]any)
		if got, want := append(slices.Collect(maps.Keys(variables)), variable.ApproverRoleID), variablesRead(); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%s has the variables %v, settings reads %v", f, got, want)
		}
		for name, want := range map[string]string{
			variable.Accounts: "organization", variable.Scope: "tagged", variable.OwnKey: "grant", variable.ForeignKey: "report", variable.ForeignStatements: "least", variable.SwitchParameter: "/keymend/hub/switch",
			variable.Governed: "eu-west-1,us-east-1", variable.ListingAccount: listing,
		} {
			if variables[name] != want {
				t.Errorf("%s: %s is %v, want %s", f, name, variables[name], want)
			}
		}
	}
}

// The lister is what pkg/permission asks for, and all that there is in its stack.
func TestListersRoleIsThatOfPermission(t *testing.T) {
	t.Parallel()
	made := load(t, template.Lister(), listing, region, nil)
	if len(made) != 1 || made["ListerRole"].Properties["RoleName"] != "keymend-lister" {
		t.Fatalf("%v", made)
	}
	same(t, "lister", permission.Lister, ofOrganization(listing, nil), made["ListerRole"].Properties)
}

// The hub has the account's alarms and one more, which rings on the metric of a sweep
// whose accounts couldn't be listed, and sends whoever it wakes to a section.
func TestAlarmOfTheHub(t *testing.T) {
	t.Parallel()
	var more []string
	account := load(t, template.Account(), hub, region, nil)
	for id, r := range load(t, template.Hub(), hub, region, nil) {
		if _, there := account[id]; r.Type == "AWS::CloudWatch::Alarm" && !there {
			more = append(more, id)
		}
	}
	if !slices.Equal(more, []string{"AccountsUnlistedAlarm"}) {
		t.Fatalf("%v", more)
	}
	var written bytes.Buffer
	w := &audit.Writer{Out: &written, Now: time.Now}
	if err := w.Write(t.Context(), record.Record{Phase: record.Swept, Sweep: &record.SweepOf{Unlisted: true}}); err != nil {
		t.Fatal(err)
	}
	line := gjson.ParseBytes(written.Bytes()[bytes.IndexByte(written.Bytes(), '\n'):])
	p := gjson.GetBytes(template.Hub(), "Resources.AccountsUnlistedAlarm.Properties")
	if p.Get("Namespace").String() != "Keymend" || p.Get("Dimensions").Exists() || line.Get(p.Get("MetricName").String()).Int() != 1 ||
		line.Get("_aws.CloudWatchMetrics.0.Dimensions.0").Raw != "[]" || !strings.Contains(line.Get("_aws.CloudWatchMetrics.0.Metrics").Raw, p.Get("MetricName").Raw) {
		t.Errorf("%s\n%s", p.Raw, line.Raw)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	if section := regexp.MustCompile(`docs/deploy\.md, "(.+)"\.$`).FindStringSubmatch(p.Get("AlarmDescription").String()); section == nil || !strings.Contains(string(text), "\n### "+section[1]+"\n") {
		t.Errorf("docs/deploy.md has no section for %q", p.Get("AlarmDescription"))
	}
}
