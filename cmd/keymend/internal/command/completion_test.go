package command

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	k := model(t)
	for typed, want := range map[string]string{
		"diag":                                 "diagnose",
		"--ver":                                "--version",
		"help demo":                            "demo",
		"undo --log":                           "--log-group",
		"grants --own":                         "",
		"diagnose --output ":                   "text json",
		"diagnose --output j":                  "json",
		"diagnose --output=j":                  "--output=json",
		"diagnose --output = j":                "json", // as bash has it
		"diagnose --output =":                  "text json",
		"diagnose web --own-key ":              "auto policy grant",
		"diagnose web --own-key grant --scope": "--scope",
		"diagnose --region=eu-west-1 --appl":   "--apply",
		"--region eu-west-1 ":                  strings.Join(names(k), " "),
		"--region eu-west-1 grants --col":      "--color",
		"diagnose --apply ":                    "",
		"diagnose ":                            "",
		"replay ev":                            "",
		"completion ":                          "bash zsh fish",
		"frobnicate --out":                     "",
		"diagnose --frobnicate=":               "",
		"":                                     strings.Join(names(k), " "),
	} {
		var got []string
		for _, line := range candidates(k, strings.Split(typed, " ")) {
			name, _, _ := strings.Cut(line, "\t")
			got = append(got, name)
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	if got := candidates(k, nil); len(got) != len(names(k)) {
		t.Errorf("of no word: %q", got)
	}
}

// TestShellsReadTheirScripts: of those shells that are there. cmd/keymend/scripts has bash
// complete.
func TestShellsReadTheirScripts(t *testing.T) {
	t.Parallel()
	for shell, check := range map[string]string{"bash": "-n", "zsh": "-n", "fish": "--no-execute"} {
		out, file := &bytes.Buffer{}, filepath.Join(t.TempDir(), shell)
		if code := Run([]string{"completion", shell}, Surroundings{Out: out, Err: out, Getenv: func(string) string { return "" }}); code != 0 {
			t.Fatalf("%s: exit code %d: %s", shell, code, out)
		}
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("%s isn't installed", shell)
			continue
		}
		if text, err := exec.CommandContext(t.Context(), shell, check, file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, text)
		}
	}
}
