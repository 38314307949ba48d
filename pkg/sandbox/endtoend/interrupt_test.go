package endtoend_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"keymend/pkg/apply/table"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

// TestInterrupted interrupts the program before it writes, while it does, and after.
// What wasn't begun isn't written; what was is finished and said, and so is what takes
// it back. Without room for the record, or with AWS gone, nobody is left to guess.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	const read, write = "GetKeyPolicy", "PutKeyPolicy"
	for name, tc := range map[string]struct {
		at, then string // the call that is interrupted; after it, the one that is
		lost     bool   // instead of an interrupt, all such calls go unanswered from then on
		full     bool   // instead of an interrupt, the disk fills up
		closed   bool   // after the write nobody listens any more
		log      string
		written  bool
		says     string
	}{
		"before the write":          {at: read, says: "interrupted"},
		"during the write":          {at: write, written: true, says: "keymend undo r-"},
		"after the write":           {at: write, then: read, written: true, says: "keymend undo r-"},
		"AWS is gone after it":      {at: write, then: read, lost: true, written: true, says: "shows what does. What takes it back:\n  keymend undo r-"},
		"nobody listens after it":   {closed: true, written: true, says: "shows what does. What takes it back:\n  keymend undo r-"},
		"no room for the audit log": {log: "/dev/full", says: "Make room"},
		"no room for the outcome":   {at: write, full: true, written: true, says: "once there is room for its records:\n  keymend undo r-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, with("Mode", "observe"), func(s *setup) { s.start = time.Now().UTC() })
			key := w.key(rootOnly, nil)
			w.broken("web-prod", key)
			w.box.Advance(5 * time.Minute)
			before := w.policy(key)
			log := tc.log
			if log == "" {
				log = filepath.Join(t.TempDir(), "audit.jsonl")
			}
			endpoint := w.url
			if tc.closed {
				endpoint = closing(t, w.url, write)
			}
			run := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$@"`, room/512), "sh",
				binaries["keymend"], "diagnose", "web-prod", "--apply", "--yes", "--audit-file", log)
			run.Dir = t.TempDir()
			run.Env = []string{
				"HOME=" + run.Dir, "AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true",
				"AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=any", "KEYMEND_VERIFY_INTERVAL=1ms",
			}
			var said strings.Builder
			run.Stdout, run.Stderr = &said, &said
			interrupt := sandbox.Fault{Service: "kms", Operation: tc.at, Times: 1, Delay: 1, Then: func() { _ = run.Process.Signal(syscall.SIGINT) }} // it may have ended
			switch {
			case tc.lost:
				interrupt.Then = func() {
					must(t, w.box.SetFaults(sandbox.Fault{Service: "kms", Operation: tc.then, Answer: sandbox.AnswerLost}))
				}
			case tc.full:
				interrupt.Then = func() { fill(t, log) }
			case tc.then != "":
				next := interrupt
				next.Operation = tc.then
				interrupt.Then = func() { must(t, w.box.SetFaults(next)) }
			}
			if tc.at != "" {
				must(t, w.box.SetFaults(interrupt))
			}
			must(t, run.Start())
			err := run.Wait()
			must(t, w.box.SetFaults())
			if written := w.policy(key) != before; written != tc.written || !strings.Contains(said.String(), tc.says) || !tc.written && err == nil {
				t.Errorf("written: %v, %v\n%s", written, err, said.String())
			}
			if !tc.written {
				return
			}
			_, undo, _ := strings.Cut(said.String(), "keymend undo ")
			id, _, _ := strings.Cut(undo, " ")
			if code, text := w.run(account, nil, "undo", id, "--file", log, "--apply"); code != 0 || strings.Contains(w.policy(key), "Keymend") {
				t.Errorf("undo: %d\n%s", code, text)
			}
			text, err := os.ReadFile(log)
			must(t, err)
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			for _, line := range lines[len(lines)-2:] { // the undo's, whatever the line before came to
				if _, ok, err := record.Parse([]byte(line), table.Kinds().Kinds()); err != nil || !ok {
					t.Errorf("%v: %s", err, line)
				}
			}
		})
	}
}

// room is how large a file may get, for the program that is interrupted.
const room = 1 << 16

// fill leaves room for the beginning of one more line.
func fill(t *testing.T, log string) {
	t.Helper()
	text, err := os.ReadFile(log)
	must(t, err)
	must(t, os.WriteFile(log, append(text, strings.Repeat("x", room-101-len(text))+"\n"...), 0o600))
}

// closing returns an endpoint that nobody listens at any more once it has answered a call
// of the operation.
func closing(t *testing.T, to, operation string) string {
	t.Helper()
	target, err := url.Parse(to)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	proxy.ModifyResponse = func(answer *http.Response) error {
		if strings.HasSuffix(answer.Request.Header.Get("X-Amz-Target"), "."+operation) {
			server.Config.SetKeepAlivesEnabled(false)
			return server.Listener.Close()
		}
		return nil
	}
	return server.URL
}
