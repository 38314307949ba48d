package command

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/settings"
)

// model is the program's arguments as the parser has them; of a command, where one is named.
func model(t *testing.T, command ...string) *kong.Kong {
	t.Helper()
	k, err := newParser(t.Context(), &commands{}, Surroundings{Version: "test", outputs: outputsOf(command), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// shown are the commands that people see.
func shown(k *kong.Kong) []*kong.Node { return k.Model.Leaves(true) }

// Every command has a help that says what it is for, lines to copy that the parser takes,
// and what it ends with.
func TestEveryCommandHasItsHelp(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("build", 0o700); err != nil { // which the demo takes by default
		t.Fatal(err)
	}
	for _, node := range shown(model(t)) {
		command, ok := node.Target.Addr().Interface().(helped)
		if !ok || !strings.HasSuffix(node.Help, ".") || len(command.about().examples) == 0 {
			t.Errorf("%s needs help, and the method about with examples", node.Name)
			continue
		}
		of := command.about()
		for _, line := range of.examples {
			given, _, _ := strings.Cut(line, " <") // the shell's
			words := strings.Fields(given)
			if words[0] != "keymend" || words[1] != node.Name && node.Name != "help" {
				t.Errorf("%q is no example of %s", line, node.Name)
			}
			if _, err := model(t, node.Name).Parse(words[1:]); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
		for code, means := range of.ends {
			if means == "" || code < report.Healed || code > report.NotOurs {
				t.Errorf("%s: exit code %d means %q", node.Name, code, means)
			}
		}
		if of.ends[report.Healed] == "" {
			t.Errorf("%s doesn't say what it ends with where all is well", node.Name)
		}
	}
}

// Help fits on a screen, and has the default of each flag that has one.
func TestHelpFits(t *testing.T) {
	t.Setenv("COLUMNS", "200")
	k := model(t)
	for _, name := range append([]string{""}, names(k)...) {
		out := &bytes.Buffer{}
		if code := Run(strings.Fields(name+" --help"), Surroundings{Version: "test", outputs: outputsOf([]string{"scan"}), Out: out, Err: out, Getenv: func(string) string { return "" }}); code != 0 {
			t.Errorf("%s --help: exit code %d", name, code)
		}
		for line := range strings.Lines(out.String()) {
			if len([]rune(strings.TrimRight(line, "\n"))) > columns && !strings.HasPrefix(line, "  keymend ") {
				t.Errorf("%s --help: over %d columns: %s", name, columns, line)
			}
		}
		flat := strings.Join(strings.Fields(out.String()), " ")
		for _, flag := range k.Model.Flags {
			if flag.HasDefault && flag.Default != "" && !strings.Contains(flat, strings.TrimSpace(byDefault(flag.Value))) {
				t.Errorf("%s --help: no default of %s", name, flag.Name)
			}
		}
		if !strings.Contains(out.String(), "Exit codes:\n  0  ") {
			t.Errorf("%s --help doesn't say what it ends with", name)
		}
	}
}

func names(k *kong.Kong) []string {
	var out []string
	for _, node := range shown(k) {
		out = append(out, node.Name)
	}
	return out
}

// Every setting has a flag with the commands that look at groups, or a reason why not;
// and no flag there is taken for a setting that isn't.
func TestEverySettingHasAFlag(t *testing.T) {
	t.Parallel()
	for _, node := range shown(model(t)) {
		flags := map[string]*kong.Flag{}
		for _, flag := range node.Flags {
			if flags[flag.Name] = flag; flag.Group != nil && flag.Group.Key == "settings" && bySettingFlag()[flag.Name].Variable == "" {
				t.Errorf("%s: --%s is no setting", node.Name, flag.Name)
			}
		}
		for _, s := range settings.Table() {
			flag := flags[s.Flag()]
			switch {
			case flag == nil && s.NoFlag == "" && (node.Name == "diagnose" || node.Name == "replay" || node.Name == "export"):
				t.Errorf("%s has no --%s, and no reason", node.Name, s.Flag())
			case flag != nil && s.NoFlag != "" && flag.Group != nil && flag.Group.Key == "settings":
				t.Errorf("%s has --%s, though %s", node.Name, s.Flag(), s.NoFlag)
			}
		}
	}
}

// Flags count before the environment, also where they are empty; what was given is given
// again, and undo gets what it takes.
func TestGiven(t *testing.T) {
	t.Parallel()
	parsed, err := model(t).Parse([]string{"diagnose", "web", "--role-prefix", "keymend-", "--accounts=", "--copy-key", "alias/own"})
	if err != nil {
		t.Fatal(err)
	}
	g := givenBy(parsed)
	get := g.over(func(name string) string { return "of " + name })
	for name, want := range map[string]string{
		"KEYMEND_ACCOUNTS": "", "KEYMEND_ROLE_PREFIX": "keymend-", "KEYMEND_COPY_KEY": "alias/own", "KEYMEND_FOREIGN_KEY": "copy", "KEYMEND_OWN_KEY": "of KEYMEND_OWN_KEY",
	} {
		if got := get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := strings.Join(g.settings, " ") + " | " + strings.Join(g.reaching, " "); got != "--accounts= --copy-key=alias/own --role-prefix=keymend- | --role-prefix=keymend-" {
		t.Error(got)
	}
}

// TestAgain: a printed command has the flags that were given, a path whole, and no other.
func TestAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"diagnose web --key arn:1 --apply --scope tagged --key arn:2": "--key=arn:1 --key=arn:2 --scope=tagged",
		"export web --format cli --own-key grant --key arn:1":         "--key=arn:1 --own-key=grant",
		"scan": "",
		"scan --all-regions --resume x --role reader --accounts 444455556666": "--all-regions --role=reader --accounts=444455556666",
		"scan --organization --all-regions=false":                             "--organization",
		"report -o page.html --force --since 7d --log-group a --log-group b":  "--since=7d --log-group=a --log-group=b",
		"report -o page.html --file records.jsonl":                            "--file=" + here + "/records.jsonl",
		"coverage": "--settings=" + here + "/cdk.json",
		"coverage --settings o.json --hub-profile hub --unit r-a1b2 --sample 20": "--settings=" + here + "/o.json --hub-profile=hub --unit=r-a1b2 --sample=20",
		"check --default-encryption on --foreign-key grant --show-policy":        "--foreign-key=grant",
	} {
		parsed, err := model(t).Parse(strings.Fields(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := strings.Join(givenBy(parsed).again(), " "); got != want {
			t.Errorf("%s: again with %s, want %s", line, got, want)
		}
	}
}

// Ends returns what a command may end with, for the tests of this package's users.
func Ends(t *testing.T, name string) map[report.Code]string {
	t.Helper()
	for _, node := range shown(model(t)) {
		if command, ok := node.Target.Addr().Interface().(helped); ok && node.Name == name {
			return command.about().ends.whole()
		}
	}
	return nil
}
