package tool

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Installed is a folder of .tools, where make installs others' programs.
func Installed(folder string) string { return filepath.Join(root(), ".tools", folder) }

// NodeLacks says what is missing to run a program of Node's with modules of a folder of
// .tools; "" = nothing.
func NodeLacks(folder string, modules ...string) string {
	if _, err := exec.LookPath("node"); err != nil {
		return "node is not installed"
	}
	for _, module := range modules {
		if _, err := os.Stat(filepath.Join(Installed(folder), "node_modules", module, "package.json")); err != nil {
			return module + " is not installed"
		}
	}
	return ""
}

// A Node is a process of Node's: a line asks, and a line answers.
type Node struct {
	In  io.WriteCloser
	Out *bufio.Scanner
}

// StartNode runs a script of the package's testdata, until the test ends.
func StartNode(t *testing.T, script string, arguments ...string) Node {
	t.Helper()
	cmd := exec.Command("node", append([]string{filepath.Join("testdata", script)}, arguments...)...) //nolint:gosec // a test's own script
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Errorf("%s: %v", script, err)
		}
	})
	n := Node{In: in, Out: bufio.NewScanner(out)}
	n.Out.Buffer(nil, 1<<20)
	return n
}
