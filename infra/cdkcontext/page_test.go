package cdkcontext_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keymend/infra/cdkcontext"
	"keymend/pkg/settings"
)

var update = flag.Bool("update", false, "write docs/settings.md")

// TestSettingsPage holds docs/settings.md to the tables that it is made from.
func TestSettingsPage(t *testing.T) {
	t.Parallel()
	file, page := filepath.Join("..", "..", "docs", "settings.md"), settingsPage(t)
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := os.ReadFile(file); err != nil || string(is) != page {
		t.Errorf("docs/settings.md is stale: go test ./infra/cdkcontext -update (%v)", err)
	}
}

const settingsHead = `# Settings

This page is made from the program's own tables (` + "`go test ./infra/cdkcontext -update`" + `).

A deployment takes its settings from ` + "`cdk.json`" + `, or for one run ` + "`make deploy CDKFLAGS='--context keymend:mode=observe'`" + `. A setting that is missing, misspelt or not valid ends ` + "`make synth` and `make deploy`" + ` with a line for each problem, before anything is synthesised. Each setting is a parameter of the template by the same name, with the value as its default, and reaches the functions as an environment variable.

At a terminal ` + "`keymend diagnose`, `replay` and `undo`" + ` take them as flags, or from the same environment variables: a flag counts before a variable, a variable before the default. A bad value is wrong usage (exit code 2), and the error names the flag or the variable that it came from. Commands that Keymend prints repeat the flags that it was given.

Of a function's environment a bad value means that Keymend only observes, and says so in a record at each run.
`

func settingsPage(t *testing.T) string {
	t.Helper()
	shipped, page := shipped(t), &strings.Builder{}
	page.WriteString(settingsHead)
	page.WriteString("\n## For functions and terminal\n")
	for _, s := range settings.Table() {
		flag, key, is := "none: "+s.NoFlag, "", ""
		if s.NoFlag == "" {
			flag = "`--" + s.Flag() + "`"
		}
		if s.Context != "" {
			key, is = "`keymend:"+s.Context+"`", fmt.Sprint(shipped[s.Context])
		}
		title := cmp.Or(key, "`"+s.Variable+"`")
		fmt.Fprintf(page, "\n### %s\n\n%s\n\n| | |\n|---|---|\n", title, linked(s.Help))
		if key == "" {
			row(page, "`cdk.json`", "hasn't it: the deployment sets it by itself")
		}
		row(page, "flag", flag)
		row(page, "variable", "`"+s.Variable+"`")
		row(page, "values", s.Allowed())
		row(page, "default", cmp.Or(quoted(s.Default), "none"))
		if is != "" && is != s.Default && s.Default != "keep" {
			row(page, "`cdk.json`", "has "+quoted(is))
		}
	}
	deployment(page, "For the deployment only", cdkcontext.OfDeployment())
	deployment(page, "For an organization", cdkcontext.OfOrganization())
	return page.String()
}

func deployment(page *strings.Builder, title string, all []settings.Setting) {
	fmt.Fprintf(page, "\n## %s\n\nIn `cdk.json`; they are neither variables nor flags.\n\n| key | values | default | |\n|---|---|---|---|\n", title)
	for _, s := range all {
		fmt.Fprintf(page, "| `keymend:%s` | %s | %s | %s |\n", s.Context, s.Allowed(), cmp.Or(quoted(s.Default), "none"), linked(s.Help))
	}
}

func row(page *strings.Builder, name, is string) { fmt.Fprintf(page, "| %s | %s |\n", name, is) }

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// linked makes links of the pages that a text names.
func linked(text string) string {
	return regexp.MustCompile(`docs/([a-z]+)(\.md|/[a-z-]+\.json)(#[a-z-]+)?`).ReplaceAllString(text, "[$1$2]($1$2$3)")
}

// TestTheDefaultsAreThoseThatAreShipped: what the page calls a default is in cdk.json.
func TestTheDefaultsAreThoseThatAreShipped(t *testing.T) {
	t.Parallel()
	is := shipped(t)
	for _, s := range slices.Concat(cdkcontext.OfDeployment(), cdkcontext.OfOrganization()) {
		if is[s.Context] != s.Default {
			t.Errorf("cdk.json has %q for %s, the table %q", is[s.Context], s.Context, s.Default)
		}
	}
}
