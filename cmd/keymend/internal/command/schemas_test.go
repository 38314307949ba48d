package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemas = "../../../../docs/schemas"

// schemaNames are those of the files.
func schemaNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(schemas, "*.json"))
	must(t, err)
	var out []string
	for _, f := range files {
		name, ok := strings.CutSuffix(filepath.Base(f), ".schema.json")
		if !ok {
			t.Errorf("%s isn't named NAME.schema.json", f)
		}
		out = append(out, name)
	}
	return out
}

// bySchema holds each line to a schema, and returns how many there are.
func bySchema(t *testing.T, name, lines string) int {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	by, err := c.Compile(filepath.Join(schemas, name+".schema.json"))
	must(t, err)
	n := 0
	for line := range strings.Lines(lines) {
		var value any
		must(t, json.Unmarshal([]byte(line), &value))
		if err := by.Validate(value); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
		n++
	}
	return n
}

// TestSchemas: each is one by the draft that it names, and nothing else beside it.
func TestSchemas(t *testing.T) {
	t.Parallel()
	for _, name := range schemaNames(t) {
		text, err := os.ReadFile(filepath.Join(schemas, name+".schema.json"))
		must(t, err)
		var head struct {
			Schema      string `json:"$schema"`
			Title       string `json:"title"`
			Description string `json:"description"`
		}
		must(t, json.Unmarshal(text, &head))
		if head.Schema != "https://json-schema.org/draft/2020-12/schema" || head.Title == "" || head.Description == "" {
			t.Errorf("%s: %+v", name, head)
		}
		bySchema(t, name, "") // the compiler holds it to the draft's own schema
	}
}

// textOnly are the commands that have nothing to say to programs.
var textOnly = []string{"help", "completion"}

// TestEveryCommandHasASchema: what a command writes with --output json is described, or
// it refuses; and what is described is held by a script or by another test.
func TestEveryCommandHasASchema(t *testing.T) {
	t.Parallel()
	names := schemaNames(t)
	help := run(t, "", "--help").out
	commands := regexp.MustCompile(`(?m)^  ([a-z][a-z-]*)( |$)`).FindAllStringSubmatch(help, -1)
	if len(commands) < 10 {
		t.Fatalf("%q in %s", commands, help)
	}
	for _, c := range commands {
		switch {
		case slices.Contains(textOnly, c[1]):
			s := run(t, "", c[1], "--output", "json").want(t, 2, "", `"keymend.error/1"`)
			bySchema(t, "error", s.err)
		case !slices.Contains(names, c[1]):
			t.Errorf("%s has no %s/%s.schema.json", c[1], schemas, c[1])
		}
	}
	scripts, err := filepath.Glob("../../scripts/testdata/*.txtar")
	must(t, err)
	held := ""
	for _, s := range scripts {
		text, err := os.ReadFile(s)
		must(t, err)
		held += string(text)
	}
	for _, name := range names {
		elsewhere := slices.Contains([]string{"audit", "events", "coverage", "check-organization", "export"}, name) // by the tests of what writes them
		if !elsewhere && !regexp.MustCompile(`(?m)^schema `+name+`( |$)`).MatchString(held) {
			t.Errorf("no script holds %s: schema %s", name, name)
		}
	}
}

// TestErrorsAsJSON: one object, whatever is wrong, on standard error, with the exit code.
func TestErrorsAsJSON(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"no command":      {[]string{"--output", "json"}, "expected one of"},
		"no such command": {[]string{"frobnicate", "--output=json"}, "frobnicate"},
		"no such flag":    {[]string{"--output=json", "grants", "--force"}, "--force"},
		"no group":        {[]string{"diagnose", "--output", "json"}, "group"},
		"help":            {[]string{"help", "diagnose", "--output", "json"}, "text for people"},
		"a file's name":   {[]string{"replay", "--output", "json", "no\x1b[2J\nkeymend: done"}, `no\\x1b[2J; keymend: done`},
		"not an id":       {[]string{"undo", "--output", "json", "web\u202eprod"}, `web\\u202eprod`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := run(t, "", tc.args...).want(t, 2, "", tc.says)
			if n := bySchema(t, "error", s.err); n != 1 || s.out != "" || !strings.Contains(s.err, `"exit":2`) {
				t.Errorf("%d lines on standard error: %s\nand on standard output: %s", n, s.err, s.out)
			}
		})
	}
	// What follows -- are names.
	run(t, "", "undo", "--", "--output=json").want(t, 2, "", "keymend: \"--output=json\" is no remediation's id")
}
