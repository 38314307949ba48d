package endtoend_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"keymend/pkg/sandbox"
)

// A terminal is a program at one: what it says comes to the terminal, and what is typed
// goes to it, an interrupt as well.
type terminal struct {
	t    testing.TB
	run  *exec.Cmd
	file *os.File // the terminal's other end
	read chan struct{}

	mu   sync.Mutex
	said strings.Builder
}

// atTerminal starts the program at a terminal of its own. What goes to standard error
// alone leaves standard output to a pipe.
func (w *world) atTerminal(args ...string) *terminal {
	w.t.Helper()
	main, side := pair(w.t)
	s := &terminal{t: w.t, run: exec.CommandContext(w.t.Context(), binaries["keymend"], args...), file: main, read: make(chan struct{})}
	s.run.Dir = w.t.TempDir()
	s.run.Env = []string{
		"HOME=" + s.run.Dir, "AWS_ENDPOINT_URL=" + w.url, "AWS_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=any", "KEYMEND_VERIFY_INTERVAL=1ms", "TERM=xterm", "NO_COLOR=1",
	}
	s.run.Stdin, s.run.Stdout, s.run.Stderr = side, side, side
	s.run.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	must(w.t, s.run.Start())
	must(w.t, side.Close())
	go s.reads()
	return s
}

// pair opens a terminal: the end that a person has, and the program's.
func pair(t testing.TB) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal to try: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	var number, unlock int32
	for request, value := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlock} {
		if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(value))); no != 0 {
			t.Fatal(no)
		}
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	return person, program
}

func (s *terminal) reads() {
	defer close(s.read)
	part := make([]byte, 1<<12)
	for {
		n, err := s.file.Read(part)
		s.mu.Lock()
		s.said.Write(part[:n])
		s.mu.Unlock()
		if err != nil {
			return // the program ended
		}
	}
}

func (s *terminal) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// waits until the program says something.
func (s *terminal) waits(says string) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !strings.Contains(s.text(), says) {
		select {
		case <-s.read:
			s.t.Fatalf("it doesn't say %q:\n%s", says, s.text())
		case <-late:
			s.t.Fatalf("it doesn't say %q in a minute:\n%q", says, s.text())
		case <-tick.C:
		}
	}
}

// types sends keys to the program.
func (s *terminal) types(keys string) {
	s.t.Helper()
	_, err := io.WriteString(s.file, keys)
	must(s.t, err)
}

// ends waits for the program's end.
func (s *terminal) ends() (code int, text string) {
	s.t.Helper()
	_ = s.run.Wait() // the exit code says it
	<-s.read
	return s.run.ProcessState.ExitCode(), s.text()
}

const interrupt = "\x03"

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
	s.waits("[y/N] ")
	s.types(interrupt)
	if code, said := s.ends(); code != 1 || !strings.Contains(said, "keymend: interrupted\r\n  Nothing was changed.") || w.policy(key) != before {
		t.Fatalf("%d\n%s", code, said)
	}

	s = w.atTerminal("diagnose", "web-prod", "--apply", "--wait", "--audit-file", log)
	s.waits("[y/N] ")
	s.types("y\r")
	s.waits("0 of 2 in service, waiting for a launch of")
	s.types(interrupt)
	code, said := s.ends()
	for _, part := range []string{"0 of 2 in service. The change stands.", "keymend diagnose web-prod --wait --region", "keymend undo r-"} {
		if code != 3 || !strings.Contains(said, part) {
			t.Errorf("%d, without %q\n%s", code, part, said)
		}
	}
	_, undo, _ := strings.Cut(said, "keymend undo ")
	id, _, _ := strings.Cut(undo, " ")

	s = w.atTerminal("undo", id, "--file", log, "--apply")
	s.waits("[y/N] ")
	s.types(interrupt)
	if code, said := s.ends(); code != 1 || !strings.Contains(said, "Nothing was changed.") || w.policy(key) == before {
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
	_, said := w.atTerminal("diagnose", "web-prod").ends()
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
