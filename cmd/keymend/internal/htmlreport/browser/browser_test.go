package browser_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"keymend/pkg/sandbox/conformance/tool"
)

// chromium returns the browser's program, or what is missing to drive one.
func chromium() (program, missing string) {
	if missing := tool.NodeLacks("browser", "playwright-core", "axe-core"); missing != "" {
		return "", missing
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

// A browser is the process that has Chromium.
type browser struct{ tool.Node }

// start starts the browser, and ends it with the test.
func start(t *testing.T) *browser {
	t.Helper()
	program, missing := chromium()
	tool.Judged(t, "the HTML report in Chromium", missing)
	return &browser{tool.StartNode(t, "run.mjs", tool.Installed("browser"), program)}
}

// ask has a page looked at.
func (b *browser) ask(t *testing.T, l look) verdict {
	t.Helper()
	line, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.In.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	if !b.Out.Scan() {
		t.Fatalf("the browser stopped: %v", b.Out.Err())
	}
	var v verdict
	if err := json.Unmarshal(b.Out.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s", err, b.Out.Text())
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
