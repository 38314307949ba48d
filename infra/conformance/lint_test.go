package conformance_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"keymend/pkg/sandbox/conformance/tool"
)

// cfn-lint finds no error and nothing to warn of: in any partition in the template of an
// account, where StackSets take an organization in the others, and in what these deploy,
// which cfn-lint doesn't look into by itself.
func TestCfnLint(t *testing.T) {
	lint := tool.Tool{Program: "cfn-lint", Probe: []string{"--version"}, What: "the templates by cfn-lint"}.Need(t)
	at := func(name string) string { return filepath.Join("..", "template", name+".json") }
	everywhere := []string{"us-east-1", "eu-west-1", "us-gov-west-1"}
	found := func(regions, files []string) {
		out, err := exec.Command(lint, append(append([]string{"--regions"}, regions...), append([]string{"--"}, files...)...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	found(append(everywhere, "cn-north-1"), []string{at("account"), at("account-region")})
	// A mapping has the Regions that are governed, and no others.
	found([]string{"eu-west-1", "us-east-1"}, append(append(bodies(t, at("organization")), bodies(t, at("organization-canary"))...), at("member-region")))
	found(everywhere, []string{at("member-roles"), at("hub-roles"), at("hub"), at("organization"), at("organization-canary"), at("lister")})
}

// bodies writes what each StackSet deploys into a file of its own.
func bodies(t *testing.T, organization string) []string {
	t.Helper()
	text, err := os.ReadFile(organization)
	if err != nil {
		t.Fatal(err)
	}
	var sets struct {
		Resources map[string]struct {
			Properties struct{ TemplateBody string }
		}
	}
	if err := json.Unmarshal(text, &sets); err != nil {
		t.Fatal(err)
	}
	var out []string
	for id, set := range sets.Resources {
		file := filepath.Join(t.TempDir(), id+".json")
		if err := os.WriteFile(file, []byte(set.Properties.TemplateBody), 0o600); err != nil {
			t.Fatal(err)
		}
		out = append(out, file)
	}
	if len(out) != 2 {
		t.Errorf("%d StackSets", len(out))
	}
	return out
}
