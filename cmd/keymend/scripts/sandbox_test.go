package scripts_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/infra/template"
	"keymend/pkg/sandbox"
)

// kept is what a script has of its own.
type kept struct{ box *sandbox.Sandbox }

// of returns what the script has of its own.
func of(ts *testscript.TestScript) *kept { return ts.Value(kept{}).(*kept) } //nolint:forcetypeassert // prepare puts it there

// startSandbox starts the script's sandbox, and leads every AWS client there.
func startSandbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! sandbox")
	}
	functions, speed, set := false, 0.0, map[string]string{"VerifyInterval": "1ms"} // which passes in real time
	for len(args) > 1 {
		switch args[0] {
		case "-functions":
			functions = true
		case "-speed":
			var err error
			speed, err = strconv.ParseFloat(args[1], 64)
			ts.Check(err)
			args = args[1:]
		case "-set":
			name, value, _ := strings.Cut(args[1], "=")
			set[name] = value
			args = args[1:]
		default:
			ts.Fatalf("usage: sandbox [-functions] [-set PARAMETER=VALUE] [-speed N] SCENARIO")
		}
		args = args[1:]
	}
	box, err := sandbox.New(sandbox.Options{Switches: sandbox.DefaultSwitches()})
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ts.Defer(func() {
		cancel()
		_ = box.Close()
	})
	url, err := box.Listen("127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("AWS_ENDPOINT_URL", url)
	of(ts).box = box
	if functions {
		_, err := box.ListenFunctions("127.0.0.1:0")
		ts.Check(err)
		ts.Check(box.Deploy(template.Account(), scenario.Account, scenario.Region, set, map[string]string{
			"keymend-diagnose": filepath.Join(built, "diagnose", "bootstrap"), "keymend-remediate": filepath.Join(built, "remediate", "bootstrap"),
		}))
	}
	if len(args) == 1 && args[0] != "empty" {
		ts.Check(scenario.Seed(ctx, args[0], url, box.Advance))
	}
	if speed > 0 {
		go box.Run(ctx, speed)
	}
}

// advance moves the sandbox's time.
func advance(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: advance DURATION")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	if of(ts).box == nil {
		ts.Fatalf("start a sandbox first")
	}
	of(ts).box.Advance(d)
}

// control posts JSON to the sandbox.
func control(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: control PATH JSON")
	}
	answer, err := http.Post(ts.Getenv("AWS_ENDPOINT_URL")+"/_keymend/"+args[0], "application/json", bytes.NewReader([]byte(args[1]))) //nolint:noctx // the script's own time limit counts
	ts.Check(err)
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode >= http.StatusBadRequest {
		ts.Fatalf("%s: %s", answer.Status, text)
	}
}
