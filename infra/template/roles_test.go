package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/infra/template"
	"keymend/pkg/permission"
	"keymend/pkg/sandbox/cloudformation"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// collected are a template's resources, their references resolved.
type collected map[string]cloudformation.Resource

func (c collected) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	c[r.LogicalID] = r
	return cloudformation.Made{Ref: r.LogicalID, Attributes: map[string]string{"Arn": "arn:" + r.LogicalID, "StackSetId": r.LogicalID + ":1", "RoleId": "AROASANDBOX"}}, nil
}

func deployed(t *testing.T, params map[string]string) collected {
	t.Helper()
	out := collected{}
	if err := cloudformation.Load(template.Account(), account, region, params, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// parameters returns every way to set those that roles depend on.
func parameters() []map[string]string {
	return every(map[string][]string{
		"Scope": {"tagged", "all"}, "OwnKey": {"auto", "grant"}, "RolesOnly": {"no", "yes"},
		"Accounts": {"", "444455556666, 777788889999"}, "GroupAccounts": {"", "444455556666"},
		"DedicatedRoleSuffix": {"", "payments"}, "ForeignKey": {"grant", "copy"}, "ResumeSuspended": {"0", "20"},
	})
}

// every returns every combination of values.
func every(of map[string][]string) []map[string]string {
	all := []map[string]string{{}}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		var next []map[string]string
		for _, before := range all {
			for _, value := range of[name] {
				set := maps.Clone(before)
				set[name] = value
				next = append(next, set)
			}
		}
		all = next
	}
	return all
}

// place is where the roles are for these parameters.
func place(p map[string]string) permission.Place {
	list := func(text string) []string {
		return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	}
	return permission.Place{
		Partition: "aws", Account: account, Region: region, Prefix: "keymend-", Scope: p["Scope"],
		Signals: "keymend-signals", Changes: "keymend-changes.fifo", Looks: "keymend-looks", Drift: "keymend-drift.fifo", SwitchParameter: "/keymend/switch",
		Suffix: p["DedicatedRoleSuffix"], Accounts: list(p["Accounts"]), Groups: list(p["GroupAccounts"]),
		Copies: p["ForeignKey"] == "copy" && p["RolesOnly"] == "no", Resumes: resumes(p), ImageParameters: "/",
	}
}

func resumes(p map[string]string) bool { return p["ResumeSuspended"] != "0" && p["RolesOnly"] == "no" }

// there says which roles an account needs.
func there(r permission.Role, p map[string]string) bool {
	switch r {
	case permission.KeyReader:
		return p["GroupAccounts"] != ""
	case permission.PolicyWriter:
		return p["OwnKey"] != "grant" || p["GroupAccounts"] != ""
	case permission.GroupWriter:
		return p["DedicatedRoleSuffix"] != "" || resumes(p)
	case permission.Copier:
		return p["RolesOnly"] == "no" && p["ForeignKey"] == "copy"
	default:
		return p["RolesOnly"] == "no"
	}
}

// Whatever the parameters, CloudFormation makes the roles that pkg/permission asks
// for, each with exactly its policies.
func TestRolesAreThoseOfPermission(t *testing.T) {
	t.Parallel()
	for _, p := range parameters() {
		roles := map[string]cloudformation.Resource{}
		for _, r := range deployed(t, p) {
			if r.Type == "AWS::IAM::Role" {
				roles[fmt.Sprint(r.Properties["RoleName"])] = r
			}
		}
		for _, role := range permission.Roles() {
			r, ok := roles["keymend-"+string(role)]
			if ok != there(role, p) {
				t.Errorf("%v: role %s is there: %v", p, role, ok)
			}
			delete(roles, "keymend-"+string(role))
			if ok {
				same(t, fmt.Sprintf("%v: %s", p, role), role, place(p), r.Properties)
			}
		}
		if len(roles) > 0 {
			t.Errorf("%v: roles that pkg/permission doesn't know: %v", p, slices.Collect(maps.Keys(roles)))
		}
	}
}

func same(t *testing.T, name string, role permission.Role, at permission.Place, properties map[string]any) {
	t.Helper()
	policies, _ := properties["Policies"].([]any)
	if len(policies) != 1 {
		t.Fatalf("%s has %d policies", name, len(policies))
	}
	for _, d := range []struct {
		kind  string
		write func(permission.Role, permission.Place) (string, error)
		got   any
	}{
		{"trust", permission.Trust, properties["AssumeRolePolicyDocument"]},
		{"policy", permission.Policy, policies[0].(map[string]any)["PolicyDocument"]},
	} {
		text, err := d.write(role, at)
		if err != nil {
			t.Fatal(err)
		}
		var want any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, d.got); diff != "" {
			t.Fatalf("%s, %s (-permission +template):\n%s", name, d.kind, diff)
		}
	}
	for _, key := range []string{"ManagedPolicyArns", "PermissionsBoundary"} {
		if properties[key] != nil {
			t.Errorf("%s has %s", name, key)
		}
	}
}
