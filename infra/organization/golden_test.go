package organization_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"keymend/infra/account"
	"keymend/infra/cdkcontext"
	"keymend/infra/golden"
	"keymend/infra/organization"
	"keymend/infra/template"
)

var update = flag.Bool("update", false, "write what is synthesised to infra/template")

var root = filepath.Join("..", "..")

// All tests share one jsii kernel: it is a Node process.
func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	_ = os.RemoveAll(assembly())
	os.Exit(code)
}

// settings are those of the committed templates: two Regions, one of them with a hub
// stack, and a unit in each wave.
func settings() map[string]any {
	return map[string]any{
		"organizationId": "o-a1b2c3d4e5", "hubAccount": "999900001111", "managementAccount": "000011112222", "administratorAccount": "333344445555",
		"regions": "eu-west-1,us-east-1", "units": "ou-a1b2-22222222", "canaryUnits": "ou-a1b2-11111111",
		"unitsMode": "enforce", "canaryMode": "enforce", "consentGuard": "scp",
	}
}

// newApp makes the stacks of the shipped cdk.json with these settings.
func newApp(t *testing.T, outdir string) awscdk.App {
	t.Helper()
	text, err := golden.Shipped(root, settings())
	if err != nil {
		t.Fatal(err)
	}
	app := golden.NewApp(outdir)
	if err := organization.NewStacks(app, account.Hub{Organization: *cdkcontext.NewOrganization(text), Props: account.Props{Defaults: text, Code: golden.Code(root)}}); err != nil {
		t.Fatal(err)
	}
	return app
}

var assembly = sync.OnceValue(golden.Assembly)

// The committed templates are what the CDK app makes.
func TestTemplatesAreWhatIsSynthesised(t *testing.T) {
	newApp(t, assembly()).Synth(nil)
	for _, one := range []struct {
		file, stack string
		committed   []byte
	}{
		{"member-roles", "keymend-member-roles", template.MemberRoles()}, {"member-region", "keymend-member-region", template.MemberRegion()},
		{"hub-roles", "keymend-hub-roles", template.HubRoles()}, {"hub", "keymend-hub-eu-west-1", template.Hub()},
		{"organization", "keymend-organization", template.Organization()}, {"organization-canary", "keymend-organization-canary", template.OrganizationCanary()},
		{"lister", "keymend-lister", template.Lister()},
	} {
		text, err := os.ReadFile(filepath.Join(assembly(), one.stack+".template.json"))
		if err != nil {
			t.Fatal(err)
		}
		got := golden.LayOut(text)
		if *update {
			if err := os.WriteFile(filepath.Join("..", "template", one.file+".json"), []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(one.committed), got); diff != "" {
			t.Errorf("infra/template/%s.json isn't what the CDK app makes; `go test ./infra/organization -update` writes it anew (-committed +synthesised):\n%s", one.file, diff)
		}
	}
	if *update {
		t.Fatal("templates rewritten; run again without -update")
	}
}

// What StackSets deploy is what is committed, to the byte.
func TestBodiesAreTheMembersTemplates(t *testing.T) {
	for wave, text := range map[string][]byte{"main": template.Organization(), "canary": template.OrganizationCanary()} {
		var sets struct {
			Resources map[string]struct {
				Properties struct{ TemplateBody string }
			}
		}
		if err := json.Unmarshal(text, &sets); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string][]byte{"Roles": template.MemberRoles(), "Regions": template.MemberRegion()} {
			var line bytes.Buffer
			if err := json.Compact(&line, want); err != nil {
				t.Fatal(err)
			}
			if got := sets.Resources[id].Properties.TemplateBody; got != line.String() {
				t.Errorf("%s, %s deploys something else:\n%s", wave, id, cmp.Diff(line.String(), got))
			}
		}
		if len(sets.Resources) != 2 {
			t.Errorf("%s: %d resources", wave, len(sets.Resources))
		}
	}
}
