package endtoend_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/endtoend/console"
)

// atTerminal starts the program at a terminal of its own.
func (w *world) atTerminal(args ...string) *console.Console {
	w.t.Helper()
	run := exec.CommandContext(w.t.Context(), binaries["keymend"], args...)
	run.Dir = w.t.TempDir()
	run.Env = []string{
		"HOME=" + run.Dir, "AWS_ENDPOINT_URL=" + w.url, "AWS_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=any", "KEYMEND_VERIFY_INTERVAL=1ms", "TERM=xterm", "NO_COLOR=1",
	}
	return console.Start(w.t, run)
}

// TestInterruptedAtATerminal: Ctrl-C at the question, and while the group is followed,
// says what stands.
func TestInterruptedAtATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "observe"), func(s *setup) { s.start = time.Now().UTC() })
	key := w.key(rootOnly, nil)
	w.broken("web-prod", key)
	w.box.Advance(5 * time.Minute)
	before := w.policy(key)
	log := filepath.Join(t.TempDir(), "audit.jsonl")

	s := w.atTerminal("diagnose", "web-prod", "--apply", "--audit-file", log)
	s.Waits("[y/N] ")
	s.Types(console.Interrupt)
	if code, said := s.Ends(); code != 1 || !strings.Contains(said, "keymend: interrupted\r\n  Nothing was changed.") || w.policy(key) != before {
		t.Fatalf("%d\n%s", code, said)
	}

	s = w.atTerminal("diagnose", "web-prod", "--apply", "--wait", "--audit-file", log)
	s.Waits("[y/N] ")
	s.Types("y\r")
	s.Waits("0 of 2 in service, waiting for a launch of")
	s.Types(console.Interrupt)
	code, said := s.Ends()
	for _, part := range []string{"0 of 2 in service. The change stands.", "keymend diagnose web-prod --wait --region", "keymend undo r-"} {
		if code != 3 || !strings.Contains(said, part) {
			t.Errorf("%d, without %q\n%s", code, part, said)
		}
	}
	_, undo, _ := strings.Cut(said, "keymend undo ")
	id, _, _ := strings.Cut(undo, " ")

	s = w.atTerminal("undo", id, "--file", log, "--apply")
	s.Waits("[y/N] ")
	s.Types(console.Interrupt)
	if code, said := s.Ends(); code != 1 || !strings.Contains(said, "Nothing was changed.") || w.policy(key) == before {
		t.Errorf("%d\n%s", code, said)
	}
}

// TestProgress: what takes longer than a second is said at a terminal, and erased; a pipe
// has none of it.
func TestProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "observe"), func(s *setup) { s.start = time.Now().UTC() })
	w.broken("web-prod", w.key(rootOnly, nil))
	w.box.Advance(5 * time.Minute)
	slow := sandbox.Fault{Service: "kms", Operation: "GetKeyPolicy", Times: 1, Delay: sandbox.Span(2500 * time.Millisecond)}
	must(t, w.box.SetFaults(slow))
	_, said := w.atTerminal("diagnose", "web-prod").Ends()
	const line = "\r\x1b[Kreading the group, its keys and their policies"
	begin, end := strings.Index(said, line), strings.LastIndex(said, "\r\x1b[K")
	if begin < 0 || end <= begin || strings.Contains(said[end+len("\r\x1b[K"):], "reading") {
		t.Errorf("%q", said)
	}
	must(t, w.box.SetFaults(slow))
	if _, said := w.run(account, nil, "diagnose", "web-prod"); strings.Contains(said, "reading") || strings.Contains(said, "\x1b") {
		t.Errorf("%q", said)
	}
}
