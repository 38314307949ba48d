package scripts_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"keymend/pkg/sandbox/conformance/tool"
)

// A block is a fenced part of a page: what is typed (sh), or what that shows (text).
type block struct {
	language   string
	text       string
	begin, end int // in the page, of the text
}

func blocks(page string) []block {
	var out []block
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatchIndex(page, -1) {
		out = append(out, block{page[m[2]:m[3]], page[m[4]:m[5]], m[4], m[5]})
	}
	return out
}

// TestPages types README.
func TestPages(t *testing.T) {
	t.Parallel()
	typePage(t, "README.md")
}

// TestJudgedPages types the tour, in which the AWS CLI is typed, too.
func TestJudgedPages(t *testing.T) {
	t.Parallel()
	typePage(t, "docs/tour.md")
}

// typePage types what a page has to be typed, in one shell, and holds what that shows to
// what the page says of it: each line of a text block stands in what the block before it
// printed. With -update a block that differs is written anew; "…" stands for lines that a
// page leaves out, and such a block is a person's to write.
func typePage(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("..", "..", "..", name)
	text, err := os.ReadFile(path)
	must(t, err)
	page, printed := string(text), ""
	s := open(t, page)
	var written strings.Builder
	last := 0
	for _, b := range blocks(page) {
		switch b.language {
		case "sh":
			printed = s.types(b.text)
		case "text":
			if missing := missing(b.text, printed); missing != "" && *update && !strings.Contains(b.text, "…") {
				written.WriteString(page[last:b.begin] + printed)
				last = b.end
			} else if missing != "" {
				t.Errorf("%s says\n%s\nand this was printed:\n%s", name, missing, printed)
			}
		}
	}
	if written.Len() > 0 {
		must(t, os.WriteFile(path, []byte(written.String()+page[last:]), 0o600))
	}
}

// missing returns the first line of what is said that wasn't printed; "" = none.
func missing(said, printed string) string {
	if strings.TrimSpace(said) == "" {
		return "nothing"
	}
	printed = steady(printed)
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "…" && !strings.Contains(printed, steady(line)) {
			return line
		}
	}
	return ""
}

// steady is a text without what differs from run to run, on one line: where it is broken
// doesn't count.
func steady(text string) string {
	for _, c := range append(changing(), replacement{`\d+ failed launch(es)?( in N (s|min))?`, "N failed launches"}) {
		text = regexp.MustCompile(c.text).ReplaceAllString(text, c.by)
	}
	return strings.Join(strings.Fields(text), " ")
}

// A shell is where a page is typed: in an empty folder with the built programs, and the
// sandbox at a port of its own.
type shell struct {
	t     *testing.T
	port  string
	dir   string
	in    io.Writer
	lines chan string
	typed int
}

func open(t *testing.T, page string) *shell {
	t.Helper()
	path := built
	if strings.Contains(page, "```sh\naws ") {
		path += ":" + filepath.Dir(tool.Tool{Program: "aws", Probe: []string{"--version"}, What: "what the pages type"}.Need(t))
	}
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	must(t, err)
	dir := t.TempDir()
	must(t, os.Symlink(built, filepath.Join(dir, "build")))
	must(t, os.Symlink(filepath.Join(root, "docs"), filepath.Join(dir, "docs")))
	run := exec.Command("sh")
	run.Dir = dir
	run.Env = []string{"PATH=" + path + ":" + os.Getenv("PATH"), "HOME=" + dir, "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "TERM=dumb"}
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := run.StdinPipe()
	must(t, err)
	out, err := run.StdoutPipe()
	must(t, err)
	run.Stderr = run.Stdout
	must(t, run.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-run.Process.Pid, syscall.SIGKILL) // it may have ended
		_ = run.Wait()
	})
	s := &shell{t: t, port: free(t), dir: dir, in: in, lines: make(chan string)}
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			s.lines <- scan.Text() + "\n"
		}
		close(s.lines)
	}()
	// What make makes is there already; a target that isn't there is an error.
	s.types("make() { for t; do grep -q \"^$t:\" '" + root + "/Makefile' || echo \"keymend: no target $t\"; done; }\n")
	return s
}

// free returns a port that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close() //nolint:errcheck // it had no connection
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	return port
}

// types types a block, and returns what the terminal then shows, until the next block can
// be typed.
func (s *shell) types(text string) string {
	s.t.Helper()
	const port = "8470" // the sandbox's own
	s.typed++
	end := fmt.Sprintf("--- block %d", s.typed)
	text = strings.ReplaceAll(strings.ReplaceAll(text, port, s.port), "keymend sandbox ", "keymend sandbox --listen 127.0.0.1:"+s.port+" ")
	go func() { _, _ = io.WriteString(s.in, text+"echo '"+end+"'\n") }() // a shell that ended says so by its lines
	var printed strings.Builder
	ready, ended := !strings.Contains(text, "keymend sandbox "), false
	for limit := time.After(2 * time.Minute); !ready || !ended; {
		select {
		case line, more := <-s.lines:
			switch {
			case !more:
				s.t.Fatalf("the shell ended:\n%s", printed.String())
			case line == end+"\n":
				ended = true
				continue
			case strings.HasPrefix(line, "keymend: "):
				s.t.Errorf("%s%s", text, line)
			case strings.HasPrefix(line, "keymend sandbox ready "):
				ready = true
			}
			printed.WriteString(line)
		case <-limit:
			s.t.Fatalf("%s takes too long:\n%s", text, printed.String())
		}
	}
	return strings.NewReplacer(s.port, port, s.dir, "/home/you/keymend").Replace(printed.String())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
