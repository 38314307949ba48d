package account_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"keymend/infra/account"
	"keymend/infra/cdkcontext"
	"keymend/infra/golden"
	"keymend/infra/template"
)

var update = flag.Bool("update", false, "write what is synthesised to infra/template")

var root = filepath.Join("..", "..")

// All tests share one jsii kernel: it is a Node process.
func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	_ = os.RemoveAll(assembly())
	_ = os.RemoveAll(several())
	os.Exit(code)
}

// newStacks makes the stacks of the shipped cdk.json, one more for each further Region,
// with files in place of the functions so that they are the same whatever they hold.
func newStacks(t *testing.T, outdir, regions string) (awscdk.App, []awscdk.Stack) {
	t.Helper()
	defaults, err := golden.Shipped(root, map[string]any{"accountRegions": regions})
	if err != nil {
		t.Fatal(err)
	}
	app, props := golden.NewApp(outdir), account.Props{Defaults: defaults, Code: golden.Code(root)}
	stack, err := account.NewStack(app, "keymend", props)
	if err != nil {
		t.Fatal(err)
	}
	made := []awscdk.Stack{stack}
	for _, region := range cdkcontext.FurtherRegions(defaults) {
		stack, err := account.NewRegion(app, "keymend-in-"+region, region, props)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, stack)
	}
	return app, made
}

// assembly is what the shipped cdk.json synthesises to, and several what it does with a
// further Region: directories.
var assembly, several = sync.OnceValue(golden.Assembly), sync.OnceValue(golden.Assembly)

// synthesised returns a template, in the form of the committed ones.
func synthesised(t *testing.T, outdir, stack, regions string) string {
	t.Helper()
	file := filepath.Join(outdir, stack+".template.json")
	if _, err := os.Stat(file); err != nil {
		app, _ := newStacks(t, outdir, regions)
		app.Synth(nil)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return golden.LayOut(text)
}

// The committed templates, which the sandbox deploys, are what the CDK app makes.
func TestTemplateIsWhatIsSynthesised(t *testing.T) {
	for _, one := range []struct {
		file, got string
		committed []byte
	}{
		{"account", synthesised(t, assembly(), "keymend", ""), template.Account()},
		{"account-region", synthesised(t, several(), "keymend-in-us-east-1", "eu-west-1,us-east-1"), template.AccountRegion()},
	} {
		if *update {
			if err := os.WriteFile(filepath.Join("..", "template", one.file+".json"), []byte(one.got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(one.committed), one.got); diff != "" {
			t.Errorf("infra/template/%s.json isn't what the CDK app makes; `go test ./infra/account -update` writes it anew (-committed +synthesised):\n%s", one.file, diff)
		}
	}
	if *update {
		t.Fatal("templates rewritten; run again without -update")
	}
}

// With a further Region the account's stack is as it was, but for the Regions that its
// roles serve and that its dashboard shows: nothing is made anew.
func TestAFurtherRegionChangesRolesAndDashboardOnly(t *testing.T) {
	read := func(text string) map[string]any {
		var out map[string]any
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	got, want := read(synthesised(t, several(), "keymend", "eu-west-1,us-east-1")), read(string(template.AccountOfRegions("us-east-1")))
	for _, of := range []map[string]any{got, want} {
		delete(of["Resources"].(map[string]any), "Dashboard")
		delete(of["Parameters"].(map[string]any)["AccountRegions"].(map[string]any), "Default")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	before := read(string(template.Account()))["Resources"].(map[string]any)
	for id, r := range got["Resources"].(map[string]any) {
		if kind := r.(map[string]any)["Type"]; kind != "AWS::IAM::Role" && !cmp.Equal(r, before[id]) {
			t.Errorf("%s (%s) changes:\n%s", id, kind, cmp.Diff(before[id], r))
		}
	}
}

// One dashboard shows all Regions: each its own tables and graphs.
func TestTheDashboardShowsEachRegion(t *testing.T) {
	text := gjson.Get(synthesised(t, several(), "keymend", "eu-west-1,us-east-1"), "Resources.Dashboard.Properties.DashboardBody.Fn::Sub").String()
	seen := map[string]int{}
	for _, w := range gjson.Get(text, "widgets").Array() {
		seen[w.Get("type").String()+" "+w.Get("properties.region").String()]++
	}
	want := map[string]int{"text ": 3, "log ${AWS::Region}": 4, "metric ${AWS::Region}": 6, "log us-east-1": 4, "metric us-east-1": 6}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("widgets (-want +got):\n%s", diff)
	}
	if gjson.GetBytes(template.AccountRegion(), "Resources.Dashboard").Exists() {
		t.Error("the further Region has a dashboard of its own")
	}
}

// Laying out changes no value.
func TestLayOut(t *testing.T) {
	var before, after any
	text := synthesised(t, assembly(), "keymend", "")
	raw, err := os.ReadFile(filepath.Join(assembly(), "keymend.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if json.Unmarshal(raw, &before) != nil || json.Unmarshal([]byte(text), &after) != nil || !cmp.Equal(before, after) {
		t.Error("the template reads otherwise once it is laid out")
	}
}
