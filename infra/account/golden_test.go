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

	"keymend/infra/account"
	"keymend/infra/golden"
	"keymend/infra/template"
)

var update = flag.Bool("update", false, "write what is synthesised to infra/template/account.json")

var root = filepath.Join("..", "..")

// All tests share one jsii kernel: it is a Node process.
func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	_ = os.RemoveAll(assembly())
	os.Exit(code)
}

// newStack makes the stack of the shipped cdk.json, with files in place of the
// functions so that it is the same whatever they hold.
func newStack(t *testing.T, outdir string) (awscdk.App, awscdk.Stack) {
	t.Helper()
	defaults, err := golden.Shipped(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	app := golden.NewApp(outdir)
	stack, err := account.NewStack(app, "keymend", account.Props{Defaults: defaults, Code: golden.Code(root)})
	if err != nil {
		t.Fatal(err)
	}
	return app, stack
}

// assembly is what the shipped cdk.json synthesises to: a directory.
var assembly = sync.OnceValue(golden.Assembly)

// synthesised returns the template, in the form of account.json.
func synthesised(t *testing.T) string {
	t.Helper()
	file := filepath.Join(assembly(), "keymend.template.json")
	if _, err := os.Stat(file); err != nil {
		app, _ := newStack(t, assembly())
		app.Synth(nil)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return golden.LayOut(text)
}

// The committed template, which the sandbox deploys, is what the CDK app makes.
func TestTemplateIsWhatIsSynthesised(t *testing.T) {
	got := synthesised(t)
	if *update {
		if err := os.WriteFile(filepath.Join("..", "template", "account.json"), []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Fatal("account.json rewritten; run again without -update")
	}
	if diff := cmp.Diff(string(template.Account()), got); diff != "" {
		t.Errorf("infra/template/account.json isn't what the CDK app makes; `go test ./infra/account -update` writes it anew (-committed +synthesised):\n%s", diff)
	}
}

// Laying out changes no value.
func TestLayOut(t *testing.T) {
	var before, after any
	text := synthesised(t)
	raw, err := os.ReadFile(filepath.Join(assembly(), "keymend.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if json.Unmarshal(raw, &before) != nil || json.Unmarshal([]byte(text), &after) != nil || !cmp.Equal(before, after) {
		t.Error("the template reads otherwise once it is laid out")
	}
}
