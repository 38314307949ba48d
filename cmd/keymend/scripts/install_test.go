package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInstalled: make install says where the program is, and what a shell lacks to find it.
func TestInstalled(t *testing.T) {
	t.Parallel()
	gobin, gopath, first := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{gobin, first} {
		if err := os.WriteFile(filepath.Join(dir, "keymend"), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	machine := os.Getenv("PATH")
	for name, tc := range map[string]struct{ env, path, says, never string }{
		"found":     {"GOBIN=" + gobin, gobin + ":" + machine, "installed " + gobin + "/keymend, version v1\n", "PATH"},
		"not found": {"GOBIN=" + gobin, machine, "export PATH=\"$PATH:" + gobin + "\"\n", "comes first"},
		"by GOPATH": {"GOPATH=" + gopath + ":/elsewhere", machine, "installed " + gopath + "/bin/keymend, version v1\n", "elsewhere"},
		"another":   {"GOBIN=" + gobin, first + ":" + gobin + ":" + machine, "but keymend is " + first + "/keymend, which comes first on PATH\n", "export"},
	} {
		run := exec.CommandContext(t.Context(), "sh", filepath.Join("..", "..", "..", ".ci", "installed"), "v1")
		run.Env = append(os.Environ(), "GOBIN=", tc.env, "PATH="+tc.path)
		out, err := run.CombinedOutput()
		if err != nil || !strings.Contains(string(out), tc.says) || strings.Contains(string(out), tc.never) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
