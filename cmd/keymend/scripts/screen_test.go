package scripts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A replacement is of a text that differs from run to run.
type replacement struct{ text, by string }

// changing are the replacements, in their order.
func changing() []replacement {
	return []replacement{
		{`http://127\.0\.0\.1:\d+`, "http://SANDBOX"},
		{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "KEY-ID"},
		{`\b(r|i|lt|ami|vol|snap|keymend)-[0-9a-f]{16,17}\b`, "$1-ID"},
		{`\b[0-9a-f]{64}\b`, "HASH"},
		{`\bAROA[0-9A-Z]{17}\b`, "AROA-ID"},
		{`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?UTC|Z)?`, "TIME"},
		{`\b\d{4}-\d\d-\d\d\b`, "DAY"},
		{`\b\d\d:\d\d(:\d\d)?\b`, "CLOCK"},
		{`\b\d+ (s|min|h|days)\b`, "N $1"},
	}
}

// A line may be longer than the screen if it is a command, which is pasted whole, or has
// a word that is as long as an ARN.
var long = regexp.MustCompile(`^[a-z A-Z]{0,12}(keymend|aws|export) |\S{50}`)

// screen writes the last output to the file screen.
func screen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: screen [stderr]")
	}
	text := last(ts, args)
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); len([]rune(line)) > 80 && !long.MatchString(line) {
			ts.Fatalf("over 80 columns: %s", line)
		}
	}
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK")
	for _, c := range changing() {
		text = regexp.MustCompile(c.text).ReplaceAllString(text, c.by)
	}
	ts.Check(os.WriteFile(ts.MkAbs("screen"), []byte(text), 0o600))
}

// last is the output, or errors, of the last program.
func last(ts *testscript.TestScript, args []string) string {
	if len(args) == 1 && args[0] == "stderr" {
		return ts.ReadFile("stderr")
	}
	return ts.ReadFile("stdout")
}

// schema holds each line of the last output to a schema of docs/schemas.
func schema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: schema NAME [stderr]")
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	by, err := c.Compile(filepath.Join("..", "..", "..", "docs", "schemas", args[0]+".schema.json"))
	ts.Check(err)
	lines := 0
	for line := range strings.Lines(last(ts, args[1:])) {
		var value any
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			ts.Fatalf("no JSON: %v\n%s", err, line)
		}
		if err := by.Validate(value); err != nil {
			ts.Fatalf("%v\n%s", err, line)
		}
		lines++
	}
	if lines == 0 {
		ts.Fatalf("there is no line to hold to %s", args[0])
	}
}
