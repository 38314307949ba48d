package conformance_test

import (
	"path/filepath"
	"testing"

	"keymend/pkg/sandbox/conformance/tool"
)

var (
	boto3  = tool.Boto3()
	awsCLI = tool.Tool{Program: "aws", Probe: []string{"--version"}, What: "the AWS CLI, once per service"}
	moto   = tool.Moto("the sandbox against moto")
)

// TestTools says which tools are missing; `make test` prints what it says.
func TestTools(t *testing.T) {
	for _, tl := range []tool.Tool{boto3, awsCLI, moto} {
		if path, missing := tl.Find(); missing != "" {
			tl.Report(t, missing)
		} else {
			t.Logf("%s: %s", filepath.Base(path), tl.What)
		}
	}
}
