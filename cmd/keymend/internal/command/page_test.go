package command

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestCommandsPage holds docs/commands.md to the program.
func TestCommandsPage(t *testing.T) {
	t.Parallel()
	file, page := filepath.Join("..", "..", "..", "..", "docs", "commands.md"), commandsPage(model(t))
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := os.ReadFile(file); err != nil || string(is) != page {
		t.Errorf("docs/commands.md is stale: go test ./cmd/keymend/internal/command -run Page -update (%v)", err)
	}
}

// commandsPage tells of every command what its --help tells.
func commandsPage(k *kong.Kong) string {
	page := &strings.Builder{}
	page.WriteString("# Commands\n\nThis page is made from the program (`go test ./cmd/keymend/internal/command -run Page -update`); `keymend help COMMAND` says the same.\n\n| command | what it does |\n|---|---|\n")
	for _, node := range shown(k) {
		fmt.Fprintf(page, "| [%s](#%s) | %s |\n", node.Name, node.Name, node.Help)
	}
	page.WriteString("\nCredentials and Region come as for the AWS CLI. `--output json` writes one object a line, as [schemas](schemas) has it. Each setting that is a flag is in [settings.md](settings.md).\n\n## Flags of every command\n\n")
	flagTable(page, k.Model.Flags)
	for _, node := range shown(k) {
		section(page, node)
	}
	return page.String()
}

func section(page *strings.Builder, node *kong.Node) {
	fmt.Fprintf(page, "\n## %s\n\n%s\n\n```\n%s\n```\n", node.Name, node.Help, usage(node))
	if node.Detail != "" {
		fmt.Fprintf(page, "\n%s\n", node.Detail)
	}
	if len(node.Positional) > 0 || len(node.Flags) > 0 {
		page.WriteByte('\n')
		flagTable(page, node.Flags, node.Positional...)
	}
	command, ok := node.Target.Addr().Interface().(helped)
	if !ok {
		return
	}
	fmt.Fprintf(page, "\n```\n%s\n```\n\n| exit code | |\n|---|---|\n", strings.Join(command.about().examples, "\n"))
	e := command.about().ends.whole()
	for _, code := range slices.Sorted(maps.Keys(e)) {
		fmt.Fprintf(page, "| %d | %s |\n", code, e[code])
	}
}

func usage(node *kong.Node) string { return "keymend " + node.Summary() }

// flagTable leaves the settings to their own page, and names them.
func flagTable(page *strings.Builder, flags []*kong.Flag, args ...*kong.Positional) {
	var settings []string
	page.WriteString("| | |\n|---|---|\n")
	for _, arg := range args {
		fmt.Fprintf(page, "| `%s` | %s |\n", arg.Summary(), cell(arg.Help))
	}
	for _, f := range flags {
		switch {
		case f.Hidden:
		case f.Group != nil && f.Group.Key == "settings":
			settings = append(settings, "`--"+f.Name+"`")
		default:
			fmt.Fprintf(page, "| `%s` | %s |\n", cell(f.String()), cell(f.Help+byDefault(f.Value)))
		}
	}
	if len(settings) > 0 {
		fmt.Fprintf(page, "| [settings](settings.md) | %s |\n", strings.Join(settings, ", "))
	}
}

// cell keeps a text within its cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
