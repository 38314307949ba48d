package conformance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A tool is another's program that judges the sandbox.
type tool struct {
	program string   // its file name
	probe   []string // arguments that print its version
	what    string   // what isn't judged without it
}

var (
	boto3 = tool{"python3", []string{"-c", "import boto3; print(boto3.__version__)"},
		"boto3 against the Go SDK, and the field's procedure by boto3"}
	awsCLI = tool{"aws", []string{"--version"}, "the AWS CLI, once per service"}
	moto   = tool{"moto_server", []string{"-h"}, "the sandbox against moto"}
)

// venv is where .ci/run installs the tools; a test runs in its own folder.
var venv = filepath.Join("..", "..", "..", ".tools", "venv", "bin")

// TestTools says which tools are missing; `make test` prints what it says.
func TestTools(t *testing.T) {
	for _, tl := range []tool{boto3, awsCLI, moto} {
		if path, missing := tl.find(); missing != "" {
			tl.report(t, missing)
		} else {
			t.Logf("%s: %s", filepath.Base(path), tl.what)
		}
	}
}

// need returns where the tool is, or skips the test and says so.
func (tl tool) need(t *testing.T) string {
	t.Helper()
	path, missing := tl.find()
	if missing != "" {
		tl.report(t, missing)
		t.SkipNow()
	}
	return path
}

func (tl tool) report(t *testing.T, missing string) {
	t.Helper()
	format := "not run here: %s (%s; `make ci` installs it)"
	if os.Getenv("KEYMEND_REQUIRE_TOOLS") == "1" {
		t.Fatalf(format, tl.what, missing)
	}
	t.Logf(format, tl.what, missing)
}

// found remembers what was found: a probe of Python costs half a second.
var found sync.Map

type finding struct{ path, missing string }

// find returns the tool's path, or why it can't be used.
func (tl tool) find() (path, missing string) {
	if f, ok := found.Load(tl.program); ok {
		return f.(finding).path, f.(finding).missing
	}
	path, missing = tl.look()
	found.Store(tl.program, finding{path, missing})
	return path, missing
}

func (tl tool) look() (path, missing string) {
	path, err := filepath.Abs(filepath.Join(venv, tl.program))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		if path, err = exec.LookPath(tl.program); err != nil {
			return "", tl.program + " is not installed"
		}
	}
	if out, err := exec.Command(path, tl.probe...).CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "", tl.program + " does not work: " + lines[len(lines)-1]
	}
	return path, ""
}
