package endtoend_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	role    = "arn:aws:iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

// binaries are the built functions, by the names the template gives them, and
// the program for the terminal.
var binaries map[string]string //nolint:gochecknoglobals // TestMain builds them once for every test

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "keymend-functions")
	if err != nil {
		panic(err)
	}
	binaries = map[string]string{}
	for name, path := range map[string]string{
		"diagnose": "keymend/functions/diagnose", "remediate": "keymend/functions/remediate", "keymend": "keymend/cmd/keymend",
	} {
		out := filepath.Join(dir, name)
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w", "-o", out, path)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", name, err, text)
			os.Exit(1)
		}
		binaries[name] = out
	}
	// The garbage of many worlds is a fifth of the time, and memory is there.
	debug.SetGCPercent(400)
	// Much of it is waiting for processes: three tests for each processor, unless a flag says otherwise.
	if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
