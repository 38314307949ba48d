package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"keymend/cmd/keymend/internal/screen"
)

// columns is how wide help is at most.
const columns = 80

// newParser returns the parser of the program's arguments. exit is called where an
// argument itself, like --help, was the whole task.
func newParser(ctx context.Context, c *commands, around Surroundings, exit func()) (*kong.Kong, error) {
	parser, err := kong.New(c,
		kong.Name("keymend"),
		kong.Description("Finds and fixes KMS access that stops Auto Scaling groups from launching."),
		kong.Vars{"version": around.version(), "logGroup": logGroup(), "auditFile": defaultFile, "findings": findingsGroup(), "standings": standings(),
			"outputs": strings.Join(around.outputs, ","), "outputForms": strings.Join(around.outputs, "|")},
		kong.Writers(around.Out, around.Err),
		kong.Exit(func(int) { exit() }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.ExplicitGroups([]kong.Group{
			{Key: "change", Title: "What would be changed:"},
			{Key: "offline", Title: "On files, with --offline:"},
			{Key: "place", Title: "Where it acts:"},
			{Key: "settings", Title: "Settings, which the environment has, too: --own-key is KEYMEND_OWN_KEY (docs/settings.md):"},
			{Key: "output", Title: "Output and help:"},
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: columns, FlagsLast: true}),
		kong.ValueFormatter(func(v *kong.Value) string { return v.Help + byDefault(v) }),
		kong.Help(printHelp(around.Getenv)),
		kong.PostBuild(describe),
	)
	if err != nil {
		return nil, fmt.Errorf("make the parser: %w", err)
	}
	return parser, nil
}

// describe gives commands what they say of themselves, and the flags of settings what the
// table of settings says. It has --help stand beside --version.
func describe(k *kong.Kong) error {
	known := bySettingFlag()
	for _, node := range append(k.Model.Children, k.Model.Node) {
		if command, ok := node.Target.Addr().Interface().(helped); ok {
			node.Detail = command.about().says
		}
		for _, flag := range node.Flags {
			if flag.Name == "help" {
				flag.Help, flag.Group = "Show this, and end.", k.Model.Flags[len(k.Model.Flags)-1].Group
			}
			s, ok := known[flag.Name]
			if !ok {
				continue
			}
			flag.Help = strings.TrimSpace(s.Help + " " + flag.Help)
			if len(s.Choices) > 0 {
				flag.PlaceHolder = strings.Join(s.Choices, "|")
			}
		}
	}
	k.Model.Flags = append(k.Model.Flags[1:], k.Model.Flags[0])
	return nil
}

// byDefault tells what counts where a flag isn't given; "" = nothing does.
func byDefault(v *kong.Value) string {
	is := v.Default
	if v.Flag != nil && v.Flag.Group != nil && v.Flag.Group.Key == "settings" {
		is = bySettingFlag()[v.Name].Default
	}
	if is == "" {
		return ""
	}
	return " Default: " + is + "."
}

// printHelp adds to what the parser says of a command what only the command knows.
func printHelp(getenv func(string) string) kong.HelpPrinter {
	return func(options kong.HelpOptions, parsed *kong.Context) error {
		if err := kong.DefaultHelpPrinter(options, parsed); err != nil {
			return err //nolint:wrapcheck // of the writer
		}
		page := screen.New(parsed.Stdout, false).Within(min(columns, screen.Columns(parsed.Stdout, getenv)))
		return more(page, parsed.Selected())
	}
}

// more is what only the command knows: examples and exit codes.
func more(page *screen.Page, node *kong.Node) error {
	e := ofGroups()
	if node != nil {
		command, ok := node.Target.Addr().Interface().(helped)
		if !ok {
			return nil
		}
		e = command.about().ends
		page.Text(screen.Plain, "")
		page.Text(screen.Plain, "Examples:")
		for _, line := range command.about().examples {
			page.Text(screen.Plain, "  "+line)
		}
	}
	page.Text(screen.Plain, "")
	page.Text(screen.Plain, "Exit codes:")
	e = e.whole()
	for _, code := range slices.Sorted(maps.Keys(e)) {
		page.Wrapped(fmt.Sprintf("  %d  ", code), len("  0  "), e[code])
	}
	return page.Flush()
}

// helpCmd is there for the list of commands: the package's Run takes it for --help.
type helpCmd struct {
	Command string `arg:"" optional:"" help:"A command."`
}

func (helpCmd) about() about {
	return about{
		examples: []string{"keymend help diagnose"},
		ends:     done("it is shown"),
	}
}

// Run does nothing.
func (helpCmd) Run() error { return nil }
