package endtoend_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keymend/pkg/sandbox/stackset"
)

// check runs check-organization as the account that deploys, with a profile of the hub's
// and the settings of the committed templates.
func (o org) check(args ...string) (code int, screen string) {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "cdk.json"))
	must(o.t, err)
	var project struct {
		Context map[string]any `json:"context"`
	}
	must(o.t, json.Unmarshal(text, &project))
	for key, value := range map[string]string{
		"organizationId": organizationID, "hubAccount": hubAccount, "managementAccount": management, "administratorAccount": administrator, "regions": region + "," + far,
		"units": mainUnit, "canaryUnits": canaryUnit, "unitsMode": "enforce", "canaryMode": "enforce", "consentGuard": "accepted",
	} {
		project.Context["keymend:"+key] = value
	}
	text, err = json.Marshal(project)
	must(o.t, err)
	dir := o.t.TempDir()
	settings, config := filepath.Join(dir, "cdk.json"), filepath.Join(dir, "config")
	must(o.t, os.WriteFile(settings, text, 0o600))
	must(o.t, os.WriteFile(config, []byte("[profile hub]\naws_access_key_id = "+hubAccount+"\naws_secret_access_key = any\n"), 0o600))
	code, screen = o.run(administrator, []string{"AWS_CONFIG_FILE=" + config}, append([]string{"check-organization", "--settings", settings, "--hub-profile", "hub"}, args...)...)
	return code, strings.ReplaceAll(screen, "\n          ", " ")
}

func (o org) wantCheck(code int, says ...string) {
	o.t.Helper()
	got, screen := o.check()
	if got != code {
		o.t.Errorf("exit code %d, want %d\n%s", got, code, screen)
	}
	for _, line := range says {
		if !strings.Contains(screen, line) {
			o.t.Errorf("doesn't say %q:\n%s", line, screen)
		}
	}
}

// TestOrganizationIsChecked: before the hub is there, and once it is. Where a policy denies
// grants, see TestGrantsByServices.
func TestOrganizationIsChecked(t *testing.T) {
	t.Parallel()
	o := newOrg(t, stackset.Management)
	o.wantCheck(3, "ok        caller: account "+administrator+" administers StackSets", "to do     hub stack: "+region+" has none yet")
	o.deploy(nil)
	o.wantCheck(0, "ok        hub stack: "+region, "ok        policies: none", "All is as the settings say.")
}
