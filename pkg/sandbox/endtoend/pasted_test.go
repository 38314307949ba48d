package endtoend_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// below is the first command for Keymend below a label of a screen.
func below(screen, label string) string {
	_, rest, _ := strings.Cut(screen, "\n"+label+" ")
	command := regexp.MustCompile(`(?m)(?:^ {9})? *(keymend (?:diagnose|undo) .*)$`).FindStringSubmatch(rest)
	if command == nil {
		return "echo no command below " + label
	}
	return command[1]
}

// flat is a screen on one line, wherever its lines are broken.
func flat(screen string) string { return strings.Join(strings.Fields(screen), " ") }

// TestJudgedPastedCommandsOfACopy: a person types one command, about a group with a hostile
// name, and pastes the next from each screen, until the group launches from the copy, and
// then what takes the last change back.
func TestJudgedPastedCommandsOfACopy(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable, with("Mode", "observe"), unwatched)
	s := newShell(t, c.world)
	c.group(hostile, c.mappedTemplate("web", c.image), "$Latest")
	c.box.Advance(3 * time.Minute)
	screen := s.pastes("keymend diagnose '" + hostile + "' --copy-key alias/copies --region " + region + " --endpoint-url " + c.url)
	for _, label := range []string{"do", "next", "next"} { // to copy, to name the copy, to open its key
		screen = s.pastes(below(screen, label))
		c.box.Advance(10 * time.Minute)
	}
	if n := c.inService(hostile); n != 2 || !c.opens(c.policy(c.ours), role) {
		t.Fatalf("%d in service\n%s", n, screen)
	}
	if looked := s.pastes(below(screen, "next")); !strings.Contains(looked, "2 of 2 in service") {
		t.Error(looked)
	}
	if undone := s.pastes(below(s.pastes(below(screen, "undo")), "do")); !strings.Contains(undone, "is undone") || strings.Contains(c.policy(c.ours), "Keymend") {
		t.Error(undone)
	}
}

// TestJudgedPastedCommandsOfAHiddenKey: a person has the key's ARN, which the owner tells, put
// in the place of ARN, and pastes on.
func TestJudgedPastedCommandsOfAHiddenKey(t *testing.T) {
	t.Parallel()
	b := newBorder(t, false, with("Mode", "observe"), unwatched)
	s := newShell(t, b.world)
	key := b.there.key(ownerPolicy(useByRoot, byRoot), nil)
	b.group(hostile, b.mappedTemplate("web", b.sharedImage(b.there.snapshot(key), false)), "$Latest")
	b.box.Advance(5 * time.Minute)
	screen := s.pastes("keymend diagnose '" + hostile + "' --region " + region + " --endpoint-url " + b.url)
	const let = "KEYMEND_ACCOUNTS=" + owner + " " // a setting is no place: the screen says what it has to be
	screen = s.pastes(let + strings.Replace(below(screen, "do"), "=ARN", "="+key, 1))
	screen = s.pastes(let + below(screen, "do"))
	b.box.Advance(10 * time.Minute)
	if n := b.inService(hostile); n != 2 || len(b.grants(key)) != 1 {
		t.Errorf("%d in service, %d grants\n%s", n, len(b.grants(key)), screen)
	}
}

// pastes runs a line, and returns what it says, whatever it ends with.
func (s *shell) pastes(line string) string {
	s.t.Helper()
	run := exec.CommandContext(s.t.Context(), "sh", "-c", line)
	run.Dir, run.Env = s.home, s.environment(account)
	out, err := run.CombinedOutput()
	if err != nil && run.ProcessState == nil {
		s.t.Fatal(err)
	}
	return string(out)
}
