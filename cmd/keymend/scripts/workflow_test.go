package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A step is one of a workflow's job.
type step struct{ name, uses, run string }

// stepsOf reads the steps of a GitHub Actions workflow, of which the layout is checked as far
// as YAML's goes here: spaces, two for each level, and a key or an item on each line.
func stepsOf(t *testing.T, workflow string) []step {
	t.Helper()
	var (
		out   []step
		block int // columns of what a | holds; 0 = in none
		level = -2
	)
	line := regexp.MustCompile(`^( *)(- )?([a-z_-]+): ?(.*)$|^( *)- (".*")$`)
	for i, text := range strings.Split(strings.TrimSuffix(workflow, "\n"), "\n") {
		indent := len(text) - len(strings.TrimLeft(text, " "))
		if block > 0 && (indent >= block || strings.TrimSpace(text) == "") {
			out[len(out)-1].run += strings.TrimPrefix(text, strings.Repeat(" ", block)) + "\n"
			continue
		}
		block = 0
		if trimmed := strings.TrimSpace(text); trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		m := line.FindStringSubmatch(text)
		if m == nil || indent%2 != 0 || indent > level+4 || strings.ContainsRune(text, '\t') {
			t.Fatalf("line %d is no key or item in its place: %q", i+1, text)
		}
		if level = indent; m[2] != "" {
			out = append(out, step{})
		}
		switch key, value := m[3], m[4]; {
		case len(out) == 0:
		case key == "name":
			out[len(out)-1].name = value
		case key == "uses":
			out[len(out)-1].uses = value
		case key == "run" && value == "|":
			block = indent + 2
			if m[2] != "" {
				block += 2
			}
		case key == "run":
			out[len(out)-1].run = value + "\n"
		}
	}
	return out
}

// TestWorkflow runs what the example of a workflow runs, on the example's files: it passes,
// and where a policy is changed it doesn't, and says why.
func TestWorkflow(t *testing.T) {
	t.Parallel()
	docs := filepath.Join("..", "..", "..", "docs", "examples")
	text, err := os.ReadFile(filepath.Join(docs, "check.yml"))
	must(t, err)
	for _, key := range []string{"name", "on", "permissions", "jobs"} {
		if !regexp.MustCompile(`(?m)^` + key + `:`).Match(text) {
			t.Errorf("it has no %s", key)
		}
	}
	steps := stepsOf(t, string(text))
	ran := 0
	for _, s := range steps {
		if (s.uses == "") == (s.run == "") {
			t.Errorf("step %+v neither uses an action nor runs a command, or does both", s)
		}
		if s.uses != "" && !regexp.MustCompile(`^[a-z]+/[a-z-]+@v\d+$`).MatchString(s.uses) {
			t.Errorf("%s has no version", s.uses)
		}
		if s.run != "" {
			ran++
		}
	}
	if ran != 2 {
		t.Fatalf("%d steps run commands: %+v", ran, steps)
	}
	for name, want := range map[string]struct {
		old, edit string // of the policy
		code      int
		says      string
	}{
		"as it is":  {"", "", 0, "a group with web.json would launch"},
		"shut":      {"kms:CreateGrant", "kms:ListGrants", 3, "isn't open to AWSServiceRoleForAutoScaling"},
		"malformed": {"]", "", 2, "is no JSON that can be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := checkedOut(t, docs, want.old, want.edit)
			for _, s := range steps {
				if s.run == "" {
					continue
				}
				code, printed := inShell(t, dir, s.run)
				if check := strings.Contains(s.run, "--offline"); !check && code != 0 || check && (code != want.code || !strings.Contains(printed, want.says)) {
					t.Errorf("%s: exit code %d, want %d with %q\n%s", s.name, code, want.code, want.says, printed)
				}
			}
		})
	}
}

// checkedOut is what the workflow's actions make: a repository, whose policy somebody edited,
// and Keymend, whose make build is one that has built already.
func checkedOut(t *testing.T, docs, old, edit string) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.CopyFS(filepath.Join(dir, "infrastructure"), os.DirFS(filepath.Join(docs, "infrastructure"))))
	policies, err := filepath.Glob(filepath.Join(dir, "infrastructure", "keys", "*.json"))
	must(t, err)
	for _, path := range policies {
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, []byte(strings.Replace(string(text), old, edit, 1)), 0o600))
	}
	ours, err := os.ReadFile(filepath.Join(docs, "..", "..", "Makefile"))
	must(t, err)
	if !regexp.MustCompile(`(?m)^build:`).Match(ours) {
		t.Error("the Makefile has no build")
	}
	must(t, os.Mkdir(filepath.Join(dir, "keymend"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "keymend", "Makefile"), []byte("build:\n\tmkdir -p build && cp "+filepath.Join(built, "keymend")+" build/keymend\n"), 0o600))
	return dir
}

// inShell runs commands as GitHub's runner does, and returns their exit code and all that they
// print, the summary too.
func inShell(t *testing.T, dir, commands string) (int, string) {
	t.Helper()
	summary := filepath.Join(dir, "summary.md")
	run := exec.Command("sh", "-e", "-c", commands)
	run.Dir, run.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GITHUB_STEP_SUMMARY=" + summary}
	out, err := run.CombinedOutput()
	if run.ProcessState == nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile(summary)
	if strings.Contains(commands, "SUMMARY") {
		must(t, err)
	}
	return run.ProcessState.ExitCode(), string(out) + string(shown)
}
