package browser_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// home is where .ci/chromium installs the driver; a test runs in its own folder.
var home = filepath.Join("..", "..", "..", "..", "..", ".tools", "browser")

// TestTools says what is missing to run a browser; `make test` prints it.
func TestTools(t *testing.T) {
	program, missing := chromium()
	switch format := "not run here: the HTML report in Chromium (%s; `make test-report` installs it)"; {
	case missing == "":
		t.Log("Chromium is " + program)
	case os.Getenv("KEYMEND_REQUIRE_TOOLS") == "1":
		t.Fatalf(format, missing)
	default:
		t.Logf(format, missing)
	}
}

// chromium returns the browser's program, or what is missing to drive one.
func chromium() (program, missing string) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", "node is not installed"
	}
	for _, module := range []string{"playwright-core", "axe-core"} {
		if _, err := os.Stat(filepath.Join(home, "node_modules", module, "package.json")); err != nil {
			return "", module + " is not installed"
		}
	}
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	if own := os.Getenv("CHROME_BIN"); own != "" {
		names = []string{own}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, ""
		}
	}
	return "", names[0] + " is not installed"
}

// A look is how a page is opened, and what is checked there: a file's name in
// testdata/checks.
type look struct {
	Check    string `json:"check"`
	Page     string `json:"page"`   // its file
	Scheme   string `json:"scheme"` // light or dark
	Width    int    `json:"width"`  // in pixels
	NoScript bool   `json:"noScript,omitempty"`
	Open     bool   `json:"open,omitempty"`  // with all its details open
	Than     string `json:"than,omitempty"`  // the file of a page with fewer groups
	From     string `json:"from,omitempty"`  // the selector of what a picture begins with
	Until    string `json:"until,omitempty"` // of what it ends with, its details open
	To       string `json:"to,omitempty"`    // the picture's file
}

// A verdict is what the browser says of a look.
type verdict struct {
	Error string   `json:"error"` // what the check found; "" = nothing
	Heard []string `json:"heard"` // requests, dialogs, console, errors of scripts: a page is silent
}

// A browser is the process that has Chromium: one line asks, one answers.
type browser struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

// start starts the browser, and ends it with the test. It skips the test where the
// tools are missing; TestTools has said so.
func start(t *testing.T) *browser {
	t.Helper()
	program, missing := chromium()
	if missing != "" {
		t.Skip("not run here: " + missing)
	}
	cmd := exec.Command("node", filepath.Join("testdata", "run.mjs"), home, program)
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
			t.Errorf("the browser: %v", err)
		}
	})
	b := &browser{in: in, out: bufio.NewScanner(out)}
	b.out.Buffer(nil, 1<<20)
	return b
}

// ask has a page looked at.
func (b *browser) ask(t *testing.T, l look) verdict {
	t.Helper()
	line, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	if !b.out.Scan() {
		t.Fatalf("the browser stopped: %v", b.out.Err())
	}
	var v verdict
	if err := json.Unmarshal(b.out.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s", err, b.out.Text())
	}
	return v
}

// passes fails the test where the check finds something, or the page is heard.
func (b *browser) passes(t *testing.T, l look) {
	t.Helper()
	v := b.ask(t, l)
	if v.Error != "" {
		t.Error(v.Error)
	}
	for _, what := range v.Heard {
		t.Error("the page is heard: " + what)
	}
}
