package scripts_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the screens that the scripts compare with")

// built is the directory of the built programs, by what the sandbox calls them.
var built string //nolint:gochecknoglobals // TestMain builds them once for every script

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "keymend-scripts")
	if err != nil {
		panic(err)
	}
	built = dir
	for name, from := range map[string]string{
		"keymend": "keymend/cmd/keymend", "diagnose/bootstrap": "keymend/functions/diagnose", "remediate/bootstrap": "keymend/functions/remediate",
	} {
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w -X main.version=v0.0.0-test", "-o", filepath.Join(dir, name), from)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", name, err, text)
			os.Exit(1)
		}
	}
	debug.SetGCPercent(400) // the garbage of sandboxes takes long, and memory is there
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// TestScripts runs each script in a directory of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update, RequireUniqueNames: true, Setup: prepare,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox": startSandbox, "advance": advance, "aws": callAWS, "control": control, "group": group, "log": log, "screen": screen, "schema": schema,
		},
	})
}

// prepare gives a script a home of its own, and the credentials of an administrator.
func prepare(env *testscript.Env) error {
	env.Values[kept{}] = &kept{}
	home := filepath.Join(env.WorkDir, "home")
	env.Setenv("PATH", built+string(os.PathListSeparator)+os.Getenv("PATH"))
	env.Setenv("HOME", home)
	env.Setenv("AWS_ACCESS_KEY_ID", "111122223333")
	env.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	env.Setenv("AWS_REGION", "eu-west-1")
	env.Setenv("AWS_DEFAULT_REGION", "eu-west-1")
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("BUILT", built)
	docs, err := filepath.Abs(filepath.Join("..", "..", "..", "docs"))
	if err != nil {
		return err
	}
	env.Setenv("DOCS", docs)
	return os.Mkdir(home, 0o700)
}
