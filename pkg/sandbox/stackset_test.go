package sandbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/stackset"
)

// The organization of the committed templates.
const (
	management    = "000011112222"
	administrator = "333344445555"
	canary        = "ou-a1b2-11111111"
	main          = "ou-a1b2-22222222"
	inner         = "ou-a1b2-33333333"
)

// members is an organization with these accounts by their units, beside the hub, the
// management account and the account that administers StackSets.
func members(units map[string]string) organization.Organization {
	o := organization.Of(ours, management, administrator, hub)
	o.Root, o.Services, o.Administrators = "r-a1b2", []string{stackset.Principal}, map[string][]string{stackset.Principal: {administrator}}
	o.Units = []organization.Unit{{ID: canary, Parent: o.Root}, {ID: main, Parent: o.Root}, {ID: inner, Parent: main}}
	for _, id := range slices.Sorted(maps.Keys(units)) {
		o.Accounts = append(o.Accounts, organization.Account{ID: id, Unit: units[id]})
	}
	return o
}

// organized is a world with the hub, and members that have nothing yet.
func organized(t *testing.T, units map[string]string, change func(*sandbox.Switches)) *world {
	t.Helper()
	w := newWorld(t, change)
	must(t, w.box.SetOrganizations(members(units)))
	must(t, w.box.Deploy(template.HubRoles(), hub, "eu-west-1", nil, nil))
	must(t, w.box.Deploy(without(t, template.Hub(), "AWS::Lambda::"), hub, "eu-west-1", nil, nil))
	return w
}

// deploySets deploys the canary wave, and then the main one.
func (w *world) deploySets(params map[string]string) error {
	if err := w.box.Deploy(template.OrganizationCanary(), administrator, "eu-west-1", params, nil); err != nil {
		return err
	}
	return w.box.Deploy(template.Organization(), administrator, "eu-west-1", params, nil)
}

// instances returns a set's instances as "account Region status detail".
func (w *world) instances(set string) string {
	w.t.Helper()
	out, err := cloudformation.NewFromConfig(w.as(administrator, "eu-west-1")).ListStackInstances(w.t.Context(), &cloudformation.ListStackInstancesInput{
		StackSetName: &set, CallAs: cfntypes.CallAsDelegatedAdmin})
	must(w.t, err)
	var all []string
	for _, i := range out.Summaries {
		all = append(all, fmt.Sprintf("%s %s %s %s", *i.Account, *i.Region, i.Status, i.StackInstanceStatus.DetailedStatus))
	}
	return strings.Join(all, ", ")
}

// roles returns how many roles of Keymend an account has.
func (w *world) roles(of string) int {
	w.t.Helper()
	out, err := iam.NewFromConfig(w.as(of, "eu-west-1")).ListRoles(w.t.Context(), &iam.ListRolesInput{})
	must(w.t, err)
	n := 0
	for _, r := range out.Roles {
		if strings.HasPrefix(*r.RoleName, "keymend-") {
			n++
		}
	}
	return n
}

// The committed stack deploys both waves: to accounts of units below, too; not to the
// management account, nor to accounts elsewhere. Whoever joins gets everything, in order;
// whoever leaves loses it; a suspended account is left as it is.
func TestStackSetsFollowTheOrganization(t *testing.T) {
	t.Parallel()
	const first, second, third = account, "444455556666", "555566667777"
	w := organized(t, map[string]string{first: canary, second: inner}, nil)
	must(t, w.deploySets(nil))
	whole := func(accounts ...string) string {
		var all []string
		for _, a := range accounts {
			all = append(all, a+" eu-west-1 CURRENT SUCCEEDED", a+" us-east-1 CURRENT SUCCEEDED")
		}
		return strings.Join(all, ", ")
	}
	want := func(when, set, want string) {
		t.Helper()
		if got := w.instances(set); got != want {
			t.Errorf("%s: %s: %s, want %s", when, set, got, want)
		}
	}
	want("at first", "keymend-canary-roles", first+" eu-west-1 CURRENT SUCCEEDED")
	want("at first", "keymend-canary-regions", whole(first))
	want("at first", "keymend-regions", whole(second))
	if m, a := w.roles(management), w.roles(administrator); m+a > 0 {
		t.Errorf("the management account has %d roles, the administrator %d", m, a)
	}
	w.failed(second, "us-east-1", "web-prod")
	if got := w.heard(); len(got) != 1 || got[0].Get("account").String() != second {
		t.Errorf("heard %v", got)
	}

	move := func(units map[string]string, suspended ...string) {
		t.Helper()
		o := members(units)
		for i := range o.Accounts {
			for _, s := range suspended {
				if o.Accounts[i].ID == s {
					o.Accounts[i].State = organization.Suspended
				}
			}
		}
		must(t, w.box.SetOrganizations(o))
		w.box.Advance(2 * time.Minute)
	}
	move(map[string]string{first: canary, second: inner, third: main, outsider: main}, outsider)
	want("joined", "keymend-regions", whole(second, third))
	w.failed(third, "eu-west-1", "web-prod")
	if got := w.heard(); len(got) != 1 || got[0].Get("account").String() != third {
		t.Errorf("heard %v", got)
	}
	move(map[string]string{first: main, third: main})
	want("moved and left", "keymend-canary-regions", "")
	want("moved and left", "keymend-regions", whole(first, third))
	if w.roles(second) != 0 || w.roles(first) == 0 {
		t.Errorf("left: %d roles, moved: %d", w.roles(second), w.roles(first))
	}
	move(map[string]string{first: main, third: main}, third)
	must(t, w.deploySets(nil))
	want("suspended", "keymend-regions", whole(first)+", "+strings.ReplaceAll(whole(third), "CURRENT SUCCEEDED", "OUTDATED SKIPPED_SUSPENDED_ACCOUNT"))
	must(t, w.box.DeleteStackSet(administrator, "eu-west-1", "keymend-regions"))
	must(t, w.box.DeleteStackSet(administrator, "eu-west-1", "keymend-roles"))
	if n := w.roles(first); n != 0 {
		t.Errorf("%d roles of a set that is gone", n)
	}
	if err := w.box.DeleteStackSet(administrator, "eu-west-1", "keymend-roles"); err == nil {
		t.Error("deleted twice")
	}
}

// A roll-out overwrites nothing that a person set where the template says the same as
// before.
func TestARollOutKeepsTheOwnersBrake(t *testing.T) {
	t.Parallel()
	w := organized(t, map[string]string{account: main}, nil)
	must(t, w.deploySets(nil))
	client := ssm.NewFromConfig(w.cfg)
	_, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: new("/keymend/switch"), Value: new("off"), Overwrite: new(true)})
	must(t, err)
	changed := strings.ReplaceAll(string(template.Organization()), "No filter on StatusCode", "Whatever the StatusCode")
	must(t, w.box.Deploy([]byte(changed), administrator, "eu-west-1", nil, nil))
	got, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: new("/keymend/switch")})
	must(t, err)
	if *got.Parameter.Value != "off" {
		t.Errorf("the switch is %s", *got.Parameter.Value)
	}
	if got := w.instances("keymend-regions"); strings.Count(got, "CURRENT SUCCEEDED") != 2 {
		t.Error(got)
	}
}

// An update that fails leaves the stack as it was; what isn't in the template any more
// goes.
func TestAStackIsChangedAsAWhole(t *testing.T) {
	t.Parallel()
	w := organized(t, map[string]string{account: main}, nil)
	rules := func() string {
		t.Helper()
		got, err := eventbridge.NewFromConfig(w.cfg).ListRules(t.Context(), &eventbridge.ListRulesInput{})
		must(t, err)
		var all []string
		for _, r := range got.Rules {
			targets, err := eventbridge.NewFromConfig(w.cfg).ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: r.Name})
			must(t, err)
			all = append(all, fmt.Sprint(*r.Name, " ", *r.Description, " ", *r.EventPattern, " ", len(targets.Targets)))
		}
		return strings.Join(all, "\n")
	}
	must(t, w.deploySets(nil))
	before := rules()
	bad := strings.NewReplacer("No filter on StatusCode", "Whatever the StatusCode", `[\"EC2 Auto Scaling Instance Refresh Failed\"]`, `\"x\"`).Replace(string(template.Organization()))
	err := w.box.Deploy([]byte(bad), administrator, "eu-west-1", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "RefreshFailed (AWS::Events::Rule): InvalidEventPatternException") || rules() != before {
		t.Errorf("%v; rules\n%s", err, rules())
	}
	if got := w.instances("keymend-regions"); strings.Count(got, "OUTDATED FAILED") != 2 {
		t.Error(got)
	}
	copies := strings.ReplaceAll(string(template.Organization()), `"ParameterKey":"ForeignKey","ParameterValue":"report"`, `"ParameterKey":"ForeignKey","ParameterValue":"copy"`)
	must(t, w.box.Deploy([]byte(copies), administrator, "eu-west-1", nil, nil))
	if !strings.Contains(rules(), "keymend-image-changed") {
		t.Errorf("rules\n%s", rules())
	}
	must(t, w.deploySets(nil))
	if rules() != before {
		t.Errorf("rules\n%s", rules())
	}
}

// Rules before the hub: no bus takes their events, and the instance says so. The stack is
// put back as a whole; loaded a second time, it is there.
func TestRulesBeforeTheHub(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	must(t, w.box.SetOrganizations(members(map[string]string{account: canary, "444455556666": main})))
	err := w.deploySets(nil)
	if err == nil || !strings.Contains(err.Error(), "StackSet keymend-canary-regions: "+account+" in eu-west-1: ") || !strings.Contains(err.Error(), "event-bus/keymend doesn't take events") {
		t.Fatal(err)
	}
	list, err := cloudformation.NewFromConfig(w.as(management, "eu-west-1")).ListStackInstances(t.Context(), &cloudformation.ListStackInstancesInput{StackSetName: new("keymend-canary-regions"),
		Filters: []cfntypes.StackInstanceFilter{{Name: cfntypes.StackInstanceFilterNameDetailedStatus, Values: new("FAILED")}}})
	must(t, err)
	if len(list.Summaries) != 2 || !strings.Contains(*list.Summaries[0].StatusReason, "it isn't there") || list.Summaries[0].Status != cfntypes.StackInstanceStatusOutdated {
		t.Errorf("instances %+v", list.Summaries)
	}
	if _, err := ssm.NewFromConfig(w.cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: new("/keymend/switch")}); err == nil {
		t.Error("a stack that failed left a parameter")
	}
	ops, err := cloudformation.NewFromConfig(w.as(management, "eu-west-1")).ListStackSetOperations(t.Context(), &cloudformation.ListStackSetOperationsInput{StackSetName: new("keymend-canary-regions")})
	must(t, err)
	if len(ops.Summaries) != 1 || ops.Summaries[0].Status != cfntypes.StackSetOperationStatusFailed || *ops.Summaries[0].OperationId != *list.Summaries[0].LastOperationId {
		t.Errorf("operations %+v", ops.Summaries)
	}
	must(t, w.box.Deploy(template.HubRoles(), hub, "eu-west-1", nil, nil))
	must(t, w.box.Deploy(without(t, template.Hub(), "AWS::Lambda::"), hub, "eu-west-1", nil, nil))
	must(t, w.deploySets(nil))
	for _, set := range []string{"keymend-canary-regions", "keymend-regions"} {
		if got := w.instances(set); strings.Count(got, "CURRENT SUCCEEDED") != 2 {
			t.Errorf("%s: %s", set, got)
		}
	}
}

// A failure counts against the tolerance of its Region: within it the operation goes on
// and succeeds, past it the rest is cancelled. Roles collide in a second Region.
func TestTolerance(t *testing.T) {
	t.Parallel()
	units := map[string]string{}
	for i := range 4 {
		units[fmt.Sprintf("50000000000%d", i)] = main
	}
	for _, tolerance := range []int{0, 25, 100} {
		w := organized(t, units, nil)
		_, err := iam.NewFromConfig(w.as("500000000001", "eu-west-1")).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("keymend-reader"),
			AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
		must(t, err)
		properties := one(t, "Roles")
		properties["OperationPreferences"] = map[string]any{"FailureTolerancePercentage": tolerance}
		err = w.deploySet(properties)
		if failed := tolerance == 0; failed != (err != nil) || failed && !strings.Contains(err.Error(), "500000000001 in eu-west-1: load template: resource ReaderRole (AWS::IAM::Role): keymend-reader already exists") {
			t.Errorf("tolerance %d: %v", tolerance, err)
		}
		got := w.instances("keymend-roles")
		if strings.Count(got, "CURRENT SUCCEEDED") != map[int]int{0: 1, 25: 3, 100: 3}[tolerance] || strings.Count(got, "OUTDATED CANCELLED") != map[int]int{0: 2}[tolerance] {
			t.Errorf("tolerance %d: %s", tolerance, got)
		}
		if tolerance == 100 {
			properties["StackInstancesGroup"] = []any{map[string]any{"DeploymentTargets": map[string]any{"OrganizationalUnitIds": []string{main}}, "Regions": []string{"eu-west-1", "us-east-1"}}}
			must(t, w.deploySet(properties))
			if got := w.instances("keymend-roles"); strings.Count(got, " us-east-1 OUTDATED FAILED") != 4 {
				t.Errorf("a second Region: %s", got)
			}
		}
	}
}

// one returns the properties of a StackSet of the committed stack that depends on none.
func one(t *testing.T, id string) map[string]any {
	t.Helper()
	properties, ok := gjson.GetBytes(template.Organization(), "Resources."+id+".Properties").Value().(map[string]any)
	if !ok {
		t.Fatalf("no %s", id)
	}
	return properties
}

func (w *world) deploySet(properties map[string]any) error {
	w.t.Helper()
	text, err := json.Marshal(map[string]any{"Resources": map[string]any{"X": map[string]any{"Type": "AWS::CloudFormation::StackSet", "Properties": properties}}})
	must(w.t, err)
	return w.box.Deploy(text, administrator, "eu-west-1", nil, nil)
}

// StackSets refuse what AWS refuses, and the sandbox what it doesn't have.
func TestStackSetsRefuse(t *testing.T) {
	t.Parallel()
	w := organized(t, map[string]string{account: main}, nil)
	for says, change := range map[string]func(map[string]any){
		"less than or equal to 51200": func(p map[string]any) { p["TemplateBody"] = p["TemplateBody"].(string) + strings.Repeat(" ", 51_200) },
		"CAPABILITY_NAMED_IAM":        func(p map[string]any) { delete(p, "Capabilities") },
		"macros or transforms":        func(p map[string]any) { p["TemplateBody"] = `{"Transform":"x"}` },
		"Template format error":       func(p map[string]any) { p["TemplateBody"] = "x" },
		`unknown field "TemplateURL"`: func(p map[string]any) { p["TemplateURL"] = "https://x" },
		`unknown field "AccountFilterType`: func(p map[string]any) {
			p["StackInstancesGroup"].([]any)[0].(map[string]any)["DeploymentTargets"].(map[string]any)["AccountFilterType"] = "UNION"
		},
		"SERVICE_MANAGED":            func(p map[string]any) { p["PermissionModel"] = "SELF_MANAGED" },
		"You must be the management": func(p map[string]any) { p["CallAs"] = "SELF" },
		`no parameter "Extra"`: func(p map[string]any) {
			p["Parameters"] = append(p["Parameters"].([]any), map[string]any{"ParameterKey": "Extra", "ParameterValue": "x"})
		},
		"DependsOn: StackSet arn:x": func(p map[string]any) { p["AutoDeployment"].(map[string]any)["DependsOn"] = []string{"arn:x"} },
		"AWS::SQS::Queue in StackSets are": func(p map[string]any) {
			p["TemplateBody"], p["Parameters"] = `{"Resources":{"Q":{"Type":"AWS::SQS::Queue"}}}`, []any{}
		},
	} {
		properties := one(t, "Roles")
		change(properties)
		if err := w.deploySet(properties); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	for says, o := range map[string]func(*organization.Organization){
		"not a delegated administrator":        func(o *organization.Organization) { o.Administrators = nil },
		"must enable organizations access":     func(o *organization.Organization) { o.Services = nil },
		"must enable organizations access to ": func(o *organization.Organization) { o.Accounts[1].ID = outsider },
	} {
		changed := members(nil)
		o(&changed)
		must(t, w.box.SetOrganizations(changed))
		if err := w.deploySet(one(t, "Roles")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// The organization's policies bind what StackSets do, too. The ready one that keeps
// members' administrators from Keymend's roles lets StackSets make, change and delete them.
func TestPoliciesBindStackSets(t *testing.T) {
	t.Parallel()
	ready, err := os.ReadFile(filepath.Join("..", "..", "docs", "policies", "members.json"))
	must(t, err)
	w := organized(t, map[string]string{account: main}, nil)
	bounded := func(document string) {
		t.Helper()
		o := members(map[string]string{account: main})
		o.Policies = []organization.Policy{{ID: "p-00000001", Type: organization.ServiceControl, Document: json.RawMessage(document), Targets: []string{o.Root}}}
		must(t, w.box.SetOrganizations(o))
	}
	bounded(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*"}]}`)
	if err := w.deploySets(nil); err == nil || !strings.Contains(err.Error(), "role/stacksets-exec-") || !strings.Contains(err.Error(), "explicit deny in a service control policy") {
		t.Error(err)
	}
	bounded(string(ready))
	must(t, w.deploySets(nil))
	if w.roles(account) == 0 {
		t.Error("no roles")
	}
	_, err = iam.NewFromConfig(w.cfg).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("keymend-granter"), PolicyName: new("wider"), PolicyDocument: new(`{"Version":"2012-10-17","Statement":[]}`)})
	if err == nil || !strings.Contains(err.Error(), "service control policy") {
		t.Errorf("an administrator of the member: %v", err)
	}
	must(t, w.box.DeleteStackSet(administrator, "eu-west-1", "keymend-regions"))
	must(t, w.box.DeleteStackSet(administrator, "eu-west-1", "keymend-roles"))
	if n := w.roles(account); n != 0 {
		t.Errorf("%d roles", n)
	}
}

// Whose account the ARN of a delegated administrator's set names is not settled: the
// template has a parameter for it, and the wrong one is refused, visibly.
func TestStackSetARNs(t *testing.T) {
	t.Parallel()
	for position, right := range map[stackset.Switch]string{stackset.Management: management, stackset.Administrator: administrator} {
		w := organized(t, map[string]string{account: main}, func(sw *sandbox.Switches) { sw.StackSetARNAccount = position })
		wrong := map[string]string{management: administrator, administrator: management}[right]
		if err := w.deploySets(map[string]string{"ManagementAccount": wrong}); err == nil || !strings.Contains(err.Error(), "DependsOn: StackSet arn:aws:cloudformation:eu-west-1:"+wrong+":stackset/keymend-canary-roles:") {
			t.Errorf("%s: %v", position, err)
		}
		must(t, w.deploySets(map[string]string{"ManagementAccount": right}))
		got, err := cloudformation.NewFromConfig(w.as(administrator, "eu-west-1")).DescribeStackSet(t.Context(), &cloudformation.DescribeStackSetInput{
			StackSetName: new("keymend-roles"), CallAs: cfntypes.CallAsDelegatedAdmin})
		must(t, err)
		if !strings.HasPrefix(*got.StackSet.StackSetARN, "arn:aws:cloudformation:eu-west-1:"+right+":stackset/keymend-roles:") {
			t.Errorf("%s: %s", position, *got.StackSet.StackSetARN)
		}
	}
}

// Who sees StackSets: the management account and a delegated administrator. Another
// account sees none, and may not act as an administrator.
func TestWhoSeesStackSets(t *testing.T) {
	t.Parallel()
	w := organized(t, map[string]string{account: main}, nil)
	must(t, w.deploySets(nil))
	for _, tc := range []struct {
		account, as string
		sets        int
		refused     bool
	}{
		{management, "SELF", 4, false}, {management, "DELEGATED_ADMIN", 0, true}, {administrator, "DELEGATED_ADMIN", 4, false}, {administrator, "SELF", 0, false},
		{account, "DELEGATED_ADMIN", 0, true}, {account, "SELF", 0, false},
	} {
		client := cloudformation.NewFromConfig(w.as(tc.account, "eu-west-1"))
		got, err := client.ListStackSets(t.Context(), &cloudformation.ListStackSetsInput{CallAs: cfntypes.CallAs(tc.as)})
		if tc.refused != (err != nil) || err == nil && len(got.Summaries) != tc.sets {
			t.Errorf("%s as %s: %v, %v", tc.account, tc.as, got, err)
		}
		if _, err = client.DescribeStackSet(t.Context(), &cloudformation.DescribeStackSetInput{StackSetName: new("keymend-roles"), CallAs: cfntypes.CallAs(tc.as)}); (tc.sets == 0) != (err != nil) {
			t.Errorf("%s as %s: %v", tc.account, tc.as, err)
		}
	}
}
