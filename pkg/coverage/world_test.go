package coverage_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keymend/infra/cdkcontext"
	"keymend/infra/template"
	"keymend/pkg/blueprint"
	"keymend/pkg/coverage"
	"keymend/pkg/quote"
	"keymend/pkg/sandbox/cloudformation"
)

const (
	account       = "111122223333"
	hub           = "999900001111"
	management    = "000011112222"
	administrator = "333344445555"
)

// A failer is a test, or a property's check.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func must(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settings are those of cdk.json with an organization, and others.
func settings(t failer, others map[string]string) (map[string]string, cdkcontext.Organization) {
	t.Helper()
	context, err := cdkcontext.Read(func(string) string { return "" }, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join("..", "..", name)) })
	must(t, err)
	for name, value := range map[string]string{
		"organizationId": "o-a1b2c3d4e5", "hubAccount": hub, "managementAccount": management, "regions": "eu-central-1,us-east-1,eu-west-1", "hubRegions": "eu-central-1,eu-west-1",
		"units": "ou-a1b2-22222222", "canaryUnits": "ou-a1b2-11111111", "canaryMode": "propose",
	} {
		context[name] = value
	}
	for name, value := range others {
		context[name] = value
	}
	text, err := cdkcontext.Validate(context, cdkcontext.Stack{})
	must(t, err)
	return text, *cdkcontext.NewOrganization(text)
}

func expect(t failer, others map[string]string) *coverage.Expected {
	t.Helper()
	text, o := settings(t, others)
	e, err := coverage.Expect(o, text, coverage.Asks{Partition: "aws", Account: administrator, Again: "keymend coverage", Placed: func(t quote.Task) string { return t.Command }})
	must(t, err)
	return e
}

// collected are resources that the sandbox's CloudFormation made of a template: it fills
// in what pkg/coverage does, too.
type collected map[string]cloudformation.Resource

func (c collected) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	c[r.LogicalID] = r
	return cloudformation.Made{Ref: r.LogicalID}, nil
}

// deployed is what CloudFormation deploys there with these settings.
func deployed(t failer, text map[string]string, o cdkcontext.Organization, a coverage.Account, region string) (rules, roles collected, all map[string]string) {
	t.Helper()
	var doc map[string]any
	must(t, json.Unmarshal(template.MemberRegion(), &doc))
	hubs := map[string]any{}
	for _, r := range o.Regions {
		to := o.Regions[0]
		if slices.Contains(o.HubRegions, r) {
			to = r
		}
		hubs[r] = map[string]string{"Region": to}
	}
	doc["Mappings"] = map[string]any{"Hub": hubs}
	body, err := json.Marshal(doc)
	must(t, err)
	var wave cdkcontext.Wave
	for _, w := range o.Waves {
		if w.Name == a.Wave {
			wave = w
		}
	}
	all = map[string]string{
		"HubAccount": o.Hub, "OrganizationId": o.ID, "Mode": wave.Mode, "OwnKey": wave.OwnKey, "ForeignKey": wave.ForeignKey, "DedicatedRoleSuffix": text["dedicatedRoleSuffix"],
		"ResumeSuspended": text["resumeSuspended"], "ImageParameters": o.ImageParameters, "PermissionsBoundary": o.PermissionsBoundary,
	}
	load := func(body []byte) collected {
		var takes struct{ Parameters map[string]any }
		must(t, json.Unmarshal(body, &takes))
		given := maps.Clone(all)
		maps.DeleteFunc(given, func(name, _ string) bool { return takes.Parameters[name] == nil })
		out := collected{}
		must(t, cloudformation.Load(body, a.ID, region, given, out))
		return out
	}
	return load(body), load(template.MemberRoles()), all
}

// whole are the facts of an account and Region in which all stands.
func whole(t failer, others map[string]string, wave, region string) coverage.Facts {
	t.Helper()
	text, o := settings(t, others)
	a := coverage.Account{ID: account, Name: "web", State: "ACTIVE", Wave: wave, Unit: map[string]string{"canary": "ou-a1b2-11111111", "": "ou-a1b2-22222222"}[wave]}
	f := coverage.Facts{Account: a, Region: region, Parameters: map[string]coverage.Answer[string]{}}
	f.Roles.Is, f.Rules.Is = coverage.Instance{Status: "CURRENT", Stack: "arn:aws:cloudformation:eu-central-1:" + account + ":stack/StackSet-a/1"}, coverage.Instance{Status: "CURRENT"}
	rules, roles, given := deployed(t, text, o, a, region)
	f.Roles.Is.Given, f.Rules.Is.Given = maps.Clone(given), maps.Clone(given)
	f.Members.Is = map[string]blueprint.Role{}
	for _, r := range roles {
		trust, err := json.Marshal(r.Properties["AssumeRolePolicyDocument"])
		must(t, err)
		boundary, _ := r.Properties["PermissionsBoundary"].(string)
		f.Members.Is[r.Properties["RoleName"].(string)] = blueprint.Role{Template: r.Properties["Tags"].([]any)[0].(map[string]any)["Value"].(string), Trust: string(trust), Boundary: boundary}
	}
	for _, r := range rules {
		p := r.Properties
		if r.Type == "AWS::SSM::Parameter" {
			f.Parameters[p["Name"].(string)] = coverage.Answer[string]{Is: p["Value"].(string)}
			continue
		}
		pattern, err := json.Marshal(p["EventPattern"])
		must(t, err)
		rule := blueprint.Rule{Name: p["Name"].(string), State: "ENABLED", Pattern: string(pattern)}
		for _, one := range p["Targets"].([]any) {
			target := one.(map[string]any)
			rule.Targets = append(rule.Targets, blueprint.Target{ID: target["Id"].(string), ARN: target["Arn"].(string), Role: target["RoleArn"].(string)})
		}
		f.Matched.Is = append(f.Matched.Is, rule)
	}
	slices.SortFunc(f.Matched.Is, func(a, b blueprint.Rule) int { return compare(a.Name, b.Name) })
	f.Trails.Is = []coverage.Trail{logs()}
	f.Heard.Is = coverage.Heard{Event: time.Unix(1000, 0), Look: time.Unix(2000, 0), Open: 1, Version: "1.2.3"}
	return f
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// logs is a trail that logs all that is needed.
func logs() coverage.Trail {
	return coverage.Trail{ARN: "arn:aws:cloudtrail:us-east-1:" + account + ":trail/all", Home: "us-east-1", Logging: coverage.Answer[bool]{Is: true},
		Selectors: coverage.Answer[coverage.Selectors]{Is: coverage.Selectors{Basic: []coverage.BasicSelector{{ReadWriteType: "All", IncludeManagementEvents: new(true)}}}}}
}

func causes(r coverage.Row) []string {
	var out []string
	for _, h := range r.Holes {
		out = append(out, h.Cause)
	}
	return out
}

var _ failer = (*testing.T)(nil)
