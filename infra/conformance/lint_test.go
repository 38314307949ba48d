package conformance_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"keymend/pkg/sandbox/conformance/tool"
)

// cfn-lint finds no error and nothing to warn of, in any partition.
func TestCfnLint(t *testing.T) {
	lint := tool.Tool{Program: "cfn-lint", Probe: []string{"--version"}, What: "the template by cfn-lint"}.Need(t)
	out, err := exec.Command(lint, "--regions", "us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1",
		"--", filepath.Join("..", "template", "account.json")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
