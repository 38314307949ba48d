package template_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/infra/template"
	"keymend/pkg/permission"
	"keymend/pkg/settings/variable"
)

// whole are parameters with which there is everything that a stack can have.
func whole() map[string]string {
	return map[string]string{
		"Accounts": "444455556666", "ForeignKey": "copy", "CopyKey": "alias/ebs", "DedicatedRoleSuffix": "payments", "ResumeSuspended": "20", "AccountRegions": "eu-west-1,us-east-1",
		"ActionTopic": "arn:aws:sns:eu-west-1:111122223333:people", "AlarmTopic": "arn:aws:sns:eu-west-1:111122223333:alarms",
		"EncryptionKey": "arn:aws:kms:eu-west-1:111122223333:key/mrk-1a2b",
	}
}

// A further Region has all that the account's stack has, but roles and dashboard. Its
// functions have the account's, by their names.
func TestAFurtherRegionHasAllButRolesAndDashboard(t *testing.T) {
	t.Parallel()
	params := whole()
	home := load(t, template.AccountOfRegions("us-east-1"), account, region, params)
	params["ApproverRoleId"] = "AROASANDBOX"
	further := load(t, template.AccountRegion(), account, region, params)
	for _, id := range slices.Sorted(maps.Keys(home)) {
		kind := home[id].Type
		got, there := further[id]
		if no := kind == "AWS::IAM::Role" || kind == "AWS::CloudWatch::Dashboard"; there == no {
			t.Errorf("%s (%s): there is one: %v", id, kind, there)
		}
		if !there {
			continue
		}
		if kind == "AWS::Lambda::Function" {
			if role := "arn:aws:iam::" + account + ":role/keymend-" + strings.ToLower(id); got.Properties["Role"] != role {
				t.Errorf("%s runs as %v, want %s", id, got.Properties["Role"], role)
			}
			for _, of := range []map[string]any{got.Properties, home[id].Properties} {
				delete(of, "Role")
				delete(of, "Code")
			}
		}
		if diff := cmp.Diff(home[id].Properties, got.Properties); diff != "" {
			t.Errorf("%s (-home +further):\n%s", id, diff)
		}
	}
	for id := range further {
		if _, there := home[id]; !there {
			t.Errorf("home has no %s", id)
		}
	}
	if got := further["Remediate"].Properties["Environment"].(map[string]any)["Variables"].(map[string]any)[variable.ApproverRoleID]; got != "AROASANDBOX" {
		t.Errorf("who may approve is %v", got)
	}
}

// With further Regions the roles are as pkg/permission has them for any Region.
func TestRolesOfAnAccountServeAllItsRegions(t *testing.T) {
	t.Parallel()
	for id, r := range load(t, template.AccountOfRegions("us-east-1"), account, region, whole()) {
		if r.Type != "AWS::IAM::Role" {
			continue
		}
		place := permission.Place{
			Partition: "aws", Account: account, Region: "*", Functions: []string{region, "us-east-1"}, Prefix: "keymend-", Scope: "tagged", SwitchParameter: "/keymend/switch",
			Signals: "keymend-signals", Changes: "keymend-changes.fifo", Looks: "keymend-looks", Drift: "keymend-drift.fifo",
			Suffix: "payments", Accounts: []string{"444455556666"}, Copies: true, Resumes: true, ImageParameters: "/",
		}
		same(t, id, permission.Role(strings.TrimPrefix(r.Properties["RoleName"].(string), "keymend-")), place, r.Properties)
	}
}
