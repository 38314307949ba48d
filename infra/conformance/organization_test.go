package conformance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"keymend/infra/template"
	stack "keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/conformance/tool"
)

// A governed is an organization in moto, as its management account sees it. moto deploys
// a StackSet to its units, once; it keeps no automatic deployment, updates nothing, and
// asks no trust and no bus: for that there is Keymend's own sandbox.
type governed struct {
	t       *testing.T
	cfg     aws.Config
	unit    string
	members []string
}

func newGoverned(t *testing.T) governed {
	t.Helper()
	url := tool.StartMoto(t, tool.Moto("a member's templates, as StackSets, by moto"), "", os.Environ())
	g := governed{t: t, cfg: aws.Config{Region: further, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}}
	client, ctx := organizations.NewFromConfig(g.cfg), t.Context()
	_, err := client.CreateOrganization(ctx, &organizations.CreateOrganizationInput{})
	g.must(err)
	roots, err := client.ListRoots(ctx, &organizations.ListRootsInput{})
	g.must(err)
	unit, err := client.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: roots.Roots[0].Id, Name: new("main")})
	g.must(err)
	g.unit = *unit.OrganizationalUnit.Id
	for i := range 3 {
		name := fmt.Sprintf("member-%d", i)
		made, err := client.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: &name, Email: new(name + "@example.com")})
		g.must(err)
		_, err = client.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: made.CreateAccountStatus.AccountId, SourceParentId: roots.Roots[0].Id, DestinationParentId: &g.unit})
		g.must(err)
		g.members = append(g.members, *made.CreateAccountStatus.AccountId)
	}
	return g
}

func (g governed) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// at is an account and Region, as a role there sees it.
func (g governed) at(accountID, region string) aws.Config {
	g.t.Helper()
	out, err := sts.NewFromConfig(g.cfg).AssumeRole(g.t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + accountID + ":role/any"), RoleSessionName: new("test")})
	g.must(err)
	cfg := g.cfg.Copy()
	cfg.Region = region
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg
}

// deploy makes a set, and its instances in these Regions.
func (g governed) deploy(name string, text []byte, regions ...string) {
	g.t.Helper()
	client, ctx := cloudformation.NewFromConfig(g.cfg), g.t.Context()
	_, err := client.CreateStackSet(ctx, &cloudformation.CreateStackSetInput{
		StackSetName: &name, TemplateBody: new(string(text)), PermissionModel: cfntypes.PermissionModelsServiceManaged, Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
		AutoDeployment: &cfntypes.AutoDeployment{Enabled: new(true), RetainStacksOnAccountRemoval: new(false)},
	})
	g.must(err)
	_, err = client.CreateStackInstances(ctx, &cloudformation.CreateStackInstancesInput{
		StackSetName: &name, Regions: regions, DeploymentTargets: &cfntypes.DeploymentTargets{OrganizationalUnitIds: []string{g.unit}}})
	g.must(err)
}

// wanted are what a template says of an account and Region, its references resolved.
type wanted map[string]stack.Resource

func (w wanted) Make(r stack.Resource) (stack.Made, error) {
	w[r.LogicalID] = r
	return stack.Made{Ref: r.LogicalID}, nil
}

func (g governed) wants(text []byte, accountID, region string) wanted {
	g.t.Helper()
	out := wanted{}
	g.must(stack.Load(text, accountID, region, nil, out))
	return out
}

// TestMembersByStackSets: moto takes both templates of a member as service-managed
// StackSets, into three accounts; what is there then is what the templates say. A second
// Region of the roles is none: they are global.
func TestMembersByStackSets(t *testing.T) {
	t.Parallel()
	g := newGoverned(t)
	g.deploy("keymend-roles", template.MemberRoles(), further)
	g.deploy("keymend-regions", template.MemberRegion(), further, region)
	for _, m := range g.members {
		g.wantRoles(m)
		for _, at := range []string{further, region} {
			g.wantRegion(m, at)
		}
	}
	_, err := cloudformation.NewFromConfig(g.cfg).CreateStackInstances(t.Context(), &cloudformation.CreateStackInstancesInput{
		StackSetName: new("keymend-roles"), Regions: []string{region}, DeploymentTargets: &cfntypes.DeploymentTargets{OrganizationalUnitIds: []string{g.unit}}})
	if err == nil || !strings.Contains(err.Error(), "EntityAlreadyExists") {
		t.Errorf("the roles in a second Region: %v", err)
	}
}

func (g governed) wantRoles(m string) {
	g.t.Helper()
	client, ctx := iam.NewFromConfig(g.at(m, further)), g.t.Context()
	want := map[string]any{}
	for _, r := range g.wants(template.MemberRoles(), m, further) {
		want[fmt.Sprint(r.Properties["RoleName"])] = []any{r.Properties["AssumeRolePolicyDocument"], r.Properties["Policies"].([]any)[0].(map[string]any)["PolicyDocument"]}
	}
	got := map[string]any{}
	roles, err := client.ListRoles(ctx, &iam.ListRolesInput{})
	g.must(err)
	for _, r := range roles.Roles {
		if *r.RoleName == "OrganizationAccountAccessRole" {
			continue // Organizations' own
		}
		if r.PermissionsBoundary != nil {
			g.t.Errorf("%s is bounded", *r.RoleName)
		}
		p, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: r.RoleName, PolicyName: new("keymend")})
		g.must(err)
		got[*r.RoleName] = []any{g.document(*r.AssumeRolePolicyDocument), g.document(*p.PolicyDocument)}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		g.t.Errorf("%s: roles (-template +moto):\n%s", m, diff)
	}
}

// document reads a policy as IAM's API shows it. moto shows those of a template as Python
// writes them, with a None where AWS::NoValue was in a list; AWS has nothing there.
func (g governed) document(encoded string) any {
	g.t.Helper()
	text, err := url.QueryUnescape(encoded)
	g.must(err)
	var out map[string]any
	g.must(json.Unmarshal([]byte(strings.NewReplacer("'", `"`, "None", "null").Replace(text)), &out))
	if list, ok := out["Statement"].([]any); ok {
		out["Statement"] = slices.DeleteFunc(list, func(s any) bool { return s == nil })
	}
	return out
}

func (g governed) wantRegion(m, at string) {
	g.t.Helper()
	cfg, ctx := g.at(m, at), g.t.Context()
	rules, parameters := eventbridge.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	want, got := map[string]any{}, map[string]any{}
	for _, r := range g.wants(template.MemberRegion(), m, at) {
		switch r.Type {
		case "AWS::Events::Rule":
			target := r.Properties["Targets"].([]any)[0].(map[string]any)
			want[fmt.Sprint(r.Properties["Name"])] = []any{r.Properties["EventPattern"], target["Arn"], target["RoleArn"]}
		case "AWS::SSM::Parameter":
			p, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: new(fmt.Sprint(r.Properties["Name"]))})
			g.must(err)
			if *p.Parameter.Value != r.Properties["Value"] {
				g.t.Errorf("%s in %s: %s is %q", m, at, *p.Parameter.Name, *p.Parameter.Value)
			}
		}
	}
	listed, err := rules.ListRules(ctx, &eventbridge.ListRulesInput{})
	g.must(err)
	for _, r := range listed.Rules {
		targets, err := rules.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: r.Name})
		g.must(err)
		for _, target := range targets.Targets {
			var pattern any
			g.must(json.Unmarshal([]byte(*r.EventPattern), &pattern))
			got[*r.Name] = []any{pattern, *target.Arn, aws.ToString(target.RoleArn)}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		g.t.Errorf("%s in %s: rules %v (-template +moto):\n%s", m, at, slices.Sorted(maps.Keys(got)), diff)
	}
}
