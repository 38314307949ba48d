package endtoend_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/sandbox/organization"
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
		"organizationId": organizationID, "hubAccount": hubAccount, "managementAccount": management, "regions": region + "," + far,
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

// TestOrganizationIsChecked: before the hub is there, once it is, and where an
// organization policy denies grants that no AWS service makes. What the check says of that
// comes true, and so does what it says mends it.
func TestOrganizationIsChecked(t *testing.T) {
	t.Parallel()
	o := newOrg(t, stackset.Management)
	o.wantCheck(3, "OK        caller: account "+administrator+" administers StackSets", "TO DO     hub stack: "+region+" has none yet")
	o.deploy(nil)
	o.wantCheck(0, "OK        hub stack: "+region, "OK        policies: none", "All is as the settings say.")

	denied := `{"Version":"2012-10-17","Statement":[{"Sid":"CTKMSPV1","Effect":"Deny","Action":"kms:CreateGrant","Resource":"*","Condition":{"BoolIfExists":{"kms:GrantIsForAWSResource":"false","aws:PrincipalIsAWSService":"false"}}}]}`
	o.bound(denied)
	o.wantCheck(4, `WRONG     policies: grants (p-00000001), statement #0 "CTKMSPV1", denies keymend-granter kms:CreateGrant, for `+owner+", "+third, "-> except arn:*:iam::*:role/keymend-granter in it")
	must(t, o.load(nil))
	o.breaks(owner, region)
	o.breaks(account, region) // in the canary, which it doesn't bind
	o.box.Advance(10 * time.Minute)
	o.wantServing(account, region, 2)
	o.wantServing(owner, region, 0)
	if r := o.last(outcome.NotPermitted); r.Account != owner || !strings.Contains(r.Reason, "service control policy") {
		t.Errorf("%s: %s", r.Account, r.Reason)
	}

	spares, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "policies", "grants-by-services.json"))
	must(t, err)
	o.bound(string(spares))
	o.wantCheck(0, "OK        policies: none")
	o.box.Advance(20 * time.Minute)
	o.wantServing(owner, region, 2)
}

// bound puts a policy on the main wave's unit.
func (o org) bound(text string) {
	o.t.Helper()
	with := governed(three())
	with.Policies = []organization.Policy{{ID: "p-00000001", Name: "grants", Type: organization.ServiceControl, Document: json.RawMessage(text), Targets: []string{mainUnit}}}
	must(o.t, o.box.SetOrganizations(with))
}
