package conformance_test

import (
	"encoding/json"
	"os/exec"
	"testing"
)

// The CDK's CLI deploys the stacks of the account that makes the StackSets in the home
// Region, whatever the credentials' own is, though nobody bootstrapped it. moto makes
// nothing of a StackSet.
func TestDeployWave(t *testing.T) {
	p := newProject(t)
	arguments := []string{"deploy", "keymend-lister", "keymend-organization-canary", "--no-previous-parameters", "--require-approval", "never"}
	for _, setting := range []string{
		"organizationId=o-a1b2c3d4e5", "hubAccount=999900001111", "managementAccount=000011112222", "administrator=management",
		"regions=eu-west-1,us-east-1", "canaryUnits=ou-a1b2-11111111",
	} {
		arguments = append(arguments, "--context", "keymend:"+setting)
	}
	p.cdk(arguments...)
	cmd := exec.Command(p.cli, "cloudformation", "describe-stacks", "--endpoint-url", p.url, "--region", "eu-west-1", "--output", "json")
	cmd.Env = p.environment()
	var there struct {
		Stacks []struct{ StackName, StackStatus string }
	}
	if err := json.Unmarshal([]byte(p.must(cmd)), &there); err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for _, s := range there.Stacks {
		made[s.StackName] = s.StackStatus
	}
	if len(made) != 2 || made["keymend-lister"] != "CREATE_COMPLETE" || made["keymend-organization-canary"] != "CREATE_COMPLETE" {
		t.Errorf("%v", made)
	}
}
