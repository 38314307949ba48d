// Package tool finds the others' programs that judge the sandbox. Only tests
// import it.
package tool

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// Need returns where the tool is, for a test that it judges: see Judged.
func (tl Tool) Need(t testing.TB) string {
	t.Helper()
	path, missing := "", ""
	if judging {
		path, missing = tl.Find()
	}
	Judged(t, tl.What, missing)
	return path
}

// judging is whether others' programs are to judge, as the targets of make say that name
// them. `make test` goes without, whatever the machine has. It is read before a test can
// change its environment.
var judging = os.Getenv("KEYMEND_JUDGES") == "1" //nolint:gochecknoglobals // see above

// Judged begins a test in which another's program judges something. The test is skipped
// where no such program is to judge, and fails where that is missing. Its name begins
// with TestJudged, by which `make conformance` finds it, unless its package has no other
// tests.
func Judged(t testing.TB, something, missing string) {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	own := []string{"conformance", "differential", "browser", "permission"}
	switch {
	case !strings.HasPrefix(t.Name(), "TestJudged") && !slices.Contains(own, filepath.Base(folder)):
		t.Fatalf("`make conformance` doesn't run %s: its name doesn't begin with TestJudged", t.Name())
	case !judging:
		t.Skip("others' programs judge by other targets of make than test")
	case missing != "":
		t.Fatalf("%s can't be judged: %s; `make ci` installs it", something, missing)
	}
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
