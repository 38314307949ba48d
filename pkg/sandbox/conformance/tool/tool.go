// Package tool finds the others' programs that judge the sandbox. Only tests
// import it.
package tool

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A Tool is another's program that judges the sandbox.
type Tool struct {
	Program string   // its file name
	Probe   []string // arguments that print its version
	What    string   // what isn't judged without it
}

// Boto3 is a Python that has boto3.
func Boto3() Tool {
	return Tool{"python3", []string{"-c", "import boto3; print(boto3.__version__)"}, "boto3 against the Go SDK, and the field's procedures by boto3"}
}

// Need returns where the tool is, or skips the test and says so; under
// KEYMEND_REQUIRE_TOOLS=1 it fails.
func (tl Tool) Need(t *testing.T) string {
	t.Helper()
	path, missing := tl.Find()
	if missing != "" {
		tl.Report(t, missing)
		t.SkipNow()
	}
	return path
}

// Report says that the tool is missing.
func (tl Tool) Report(t *testing.T, missing string) {
	t.Helper()
	NotRun(t, tl.What, missing, "ci")
}

// NotRun says what isn't run for want of a tool, and which of make's targets installs it;
// under KEYMEND_REQUIRE_TOOLS=1 the test fails. `make test` prints it.
func NotRun(t *testing.T, what, missing, target string) {
	t.Helper()
	format := "not run here: %s (%s; `make %s` installs it)"
	if os.Getenv("KEYMEND_REQUIRE_TOOLS") == "1" {
		t.Fatalf(format, what, missing, target)
	}
	t.Logf(format, what, missing, target)
}

// found remembers what was found: a probe of Python costs half a second.
var found sync.Map //nolint:gochecknoglobals // a memory

type finding struct{ path, missing string }

// Find returns the tool's path, or why it can't be used.
func (tl Tool) Find() (path, missing string) {
	if f, ok := found.Load(tl.Program); ok {
		return f.(finding).path, f.(finding).missing
	}
	path, missing = tl.look()
	found.Store(tl.Program, finding{path, missing})
	return path, missing
}

// look tries what .ci/run installs before what the machine has.
func (tl Tool) look() (path, missing string) {
	path, err := filepath.Abs(filepath.Join(Installed("venv"), "bin", tl.Program))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		if path, err = exec.LookPath(tl.Program); err != nil {
			return "", tl.Program + " is not installed"
		}
	}
	out, err := exec.Command(path, tl.Probe...).CombinedOutput() //nolint:gosec // a test asks a tool for its version
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "", tl.Program + " does not work: " + lines[len(lines)-1]
	}
	return path, ""
}

// root is the module's folder: a test runs in its package's.
func root() string {
	for at := "."; ; at = filepath.Join("..", at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil || strings.Count(at, "..") > 9 {
			return at
		}
	}
}
