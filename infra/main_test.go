package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// app builds the app, once.
var app = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "keymend-app")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "app")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return path, fmt.Errorf("build the app: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, _ := app(); path != "" {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// run runs the app in a directory with the shipped cdk.json and functions, and
// returns what it said and its exit code.
func run(t *testing.T, context map[string]string, functions bool, env ...string) (dir, said string, code int) {
	t.Helper()
	path, err := app()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var project map[string]any
	if err := json.Unmarshal(text, &project); err != nil {
		t.Fatal(err)
	}
	for key, value := range context {
		project["context"].(map[string]any)[key] = value
	}
	if text, err = json.Marshal(project); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	files := map[string]string{"cdk.json": string(text)}
	if functions {
		files["dist/diagnose.zip"], files["dist/remediate.zip"] = "one", "two"
	}
	for name, content := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(path)
	c.Dir, c.Env = dir, append(append(os.Environ(), "CDK_OUTDIR=out", "CDK_CONTEXT_JSON="), env...)
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return dir, string(out), c.ProcessState.ExitCode()
}

func TestSynth(t *testing.T) {
	dir, said, code := run(t, map[string]string{"keymend:mode": "observe", "keymend:accounts": "444455556666"}, true)
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, said)
	}
	text, err := os.ReadFile(filepath.Join(dir, "out", "keymend.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var stack struct {
		Parameters map[string]struct{ Default string }
		Resources  map[string]struct {
			Properties struct{ Code struct{ S3Key string } }
		}
	}
	if err := json.Unmarshal(text, &stack); err != nil {
		t.Fatal(err)
	}
	if stack.Parameters["Mode"].Default != "observe" || stack.Parameters["Accounts"].Default != "444455556666" || stack.Parameters["Scope"].Default != "tagged" {
		t.Errorf("defaults %+v", stack.Parameters)
	}
	one, two := stack.Resources["Diagnose"].Properties.Code.S3Key, stack.Resources["Remediate"].Properties.Code.S3Key
	if one == two || !strings.HasSuffix(one, ".zip") {
		t.Errorf("code %s and %s", one, two)
	}
	if strings.Contains(string(text), "aws:cdk:path") || strings.Contains(string(text), "AWS::CDK::Metadata") || strings.Contains(string(text), "BootstrapVersion") {
		t.Error("the template has the CDK's own metadata")
	}
	if strings.Contains(said, "WARNING") {
		t.Errorf("the CDK warns:\n%s", said)
	}
}

// With an organization there are its stacks beside the account's, which is as it was.
func TestSynthOrganization(t *testing.T) {
	of := map[string]string{
		"keymend:organizationId": "o-a1b2c3d4e5", "keymend:hubAccount": "999900001111", "keymend:managementAccount": "000011112222",
		"keymend:regions": "eu-west-1,us-east-1", "keymend:hubRegions": "eu-west-1,us-east-1", "keymend:units": "ou-a1b2-22222222", "keymend:canaryUnits": "ou-a1b2-11111111",
	}
	alone, with := synthesised(t, nil), synthesised(t, of)
	want := []string{"keymend", "keymend-hub-eu-west-1", "keymend-hub-roles", "keymend-hub-us-east-1", "keymend-lister", "keymend-member-region", "keymend-member-roles", "keymend-organization", "keymend-organization-canary"}
	if got := slices.Sorted(maps.Keys(with)); !slices.Equal(got, want) {
		t.Errorf("synthesised %v, want %v", got, want)
	}
	const dashboard = "AWS::CloudWatch::Dashboard"
	if home := with["keymend-hub-eu-west-1"]; !strings.Contains(home, dashboard) || !strings.Contains(home, `\"region\":\"us-east-1\"`) || strings.Contains(with["keymend-hub-us-east-1"], dashboard) {
		t.Error("there isn't one dashboard, of home, that shows both hub Regions")
	}
	if len(alone) != 1 || alone["keymend"] != with["keymend"] {
		t.Errorf("without an organization: %v; the account's stack is the same: %v", slices.Sorted(maps.Keys(alone)), alone["keymend"] == with["keymend"])
	}
}

// synthesised returns the templates, by stack.
func synthesised(t *testing.T, context map[string]string) map[string]string {
	t.Helper()
	dir, said, code := run(t, context, true)
	if code != 0 || strings.Contains(said, "[WARNING]") {
		t.Fatalf("exit code %d:\n%s", code, said)
	}
	files, err := filepath.Glob(filepath.Join(dir, "out", "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".template.json")] = string(text)
	}
	return out
}

// A problem ends the app with 1 and one line for each, before anything is written.
func TestNothingIsSynthesisedOnAProblem(t *testing.T) {
	dir, said, code := run(t, map[string]string{"keymend:mode": "on", "keymend:Accounts": "", "keymend:verifyReads": "0"}, false)
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if code != 1 || len(lines) != 6 {
		t.Errorf("exit code %d, %d lines:\n%s", code, len(lines), said)
	}
	for _, want := range []string{
		"keymend:Accounts is no setting; did you mean keymend:accounts?", `keymend:mode is "on"`, `keymend:verifyReads is "0"`,
		"dist/diagnose.zip", "dist/remediate.zip", "keymend: nothing was synthesised",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("doesn't say %s:\n%s", want, said)
		}
	}
	if strings.Contains(said, "goroutine") {
		t.Errorf("a stack trace:\n%s", said)
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was synthesised: %v", err)
	}
}

func TestWithoutNode(t *testing.T) {
	_, said, code := run(t, nil, true, "PATH=/nowhere", "JSII_NODE=")
	if code != 1 || !strings.Contains(said, "install Node 22 or later") || strings.Contains(said, "goroutine") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}
