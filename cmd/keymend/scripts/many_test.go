package scripts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/endtoend/console"
)

// A crowd is an account of 5,000 groups, and what asks about them.
type crowd struct {
	testing.TB
	box *sandbox.Sandbox
	url string
}

// newCrowd starts a sandbox with many groups. It began an hour ago, so that all failures
// lie behind: its time then stands still.
func newCrowd(t testing.TB) *crowd {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Start: time.Now().Add(-time.Hour), Switches: sandbox.DefaultSwitches()})
	must(t, err)
	t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	must(t, err)
	must(t, scenario.Seed(t.Context(), "many", url, box.Advance))
	return &crowd{t, box, url}
}

// command is a program with the account's credentials.
func (c *crowd) command(program string, args ...string) *exec.Cmd {
	run := exec.CommandContext(c.Context(), program, args...)
	run.Dir = c.TempDir()
	run.Env = []string{
		"HOME=" + run.Dir, "TMPDIR=" + run.Dir, "AWS_ENDPOINT_URL=" + c.url, "AWS_REGION=" + scenario.Region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + scenario.Account, "AWS_SECRET_ACCESS_KEY=any", "TERM=xterm", "NO_COLOR=1",
	}
	return run
}

// A scanned account is what a scan came to.
type scanned struct {
	rows  map[string]scan.Row // by group, without the time
	order []string            // the groups, as they were listed
	total scan.Total
	calls map[string]int // by service:Operation
	took  time.Duration
	peak  int // MiB resident
}

const fixable = 3 // exit code

// scan runs keymend scan --output json.
func (c *crowd) scan(args ...string) scanned {
	c.Helper()
	out := scanned{rows: map[string]scan.Row{}}
	run := c.command(filepath.Join(built, "keymend"), append([]string{"scan", "--output", "json"}, args...)...)
	var text, said bytes.Buffer
	run.Stderr = &said
	pipe, err := run.StdoutPipe()
	must(c, err)
	before, began := len(c.box.Calls()), time.Now()
	must(c, run.Start())
	_, err = io.Copy(&text, watched{pipe, func() { out.peak = max(out.peak, resident(run.Process.Pid)) }})
	must(c, err)
	_ = run.Wait() // the exit code says it
	out.took, out.calls = time.Since(began), c.calls(before)
	if code := run.ProcessState.ExitCode(); code != fixable || said.Len() > 0 {
		c.Fatalf("%d\n%s", code, said.String())
	}
	out.read(c, text.Bytes())
	return out
}

// A watched reader does something at each part that it reads.
type watched struct {
	io.Reader
	do func()
}

// Read implements io.Reader.
func (w watched) Read(p []byte) (int, error) {
	w.do()
	return w.Reader.Read(p)
}

// resident is the most memory that a program has held so far, in MiB; 0 where it has
// ended, or the system isn't Linux. What the system tells of it after its end is of the
// program that started it, too.
func resident(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	var kib int
	_, _ = fmt.Sscan(after, &kib) // or it says nothing of it
	return kib >> 10
}

func (s *scanned) read(t testing.TB, text []byte) {
	t.Helper()
	lines := slices.Collect(bytes.Lines(text))
	must(t, json.Unmarshal(lines[len(lines)-1], &s.total))
	for _, line := range lines[:len(lines)-1] {
		var r scan.Row
		must(t, json.Unmarshal(line, &r))
		r.At = time.Time{}
		s.rows[r.Group], s.order = r, append(s.order, r.Group)
	}
}

// calls counts the calls since, without those that an SDK makes once more: a busy machine
// may lose a connection in the middle of an answer.
func (c *crowd) calls(since int) map[string]int {
	out := map[string]int{}
	for _, call := range c.box.Calls()[since:] {
		if !call.Retry && call.InvokedBy == "" {
			out[call.Service+":"+call.Operation]++
		}
	}
	return out
}

func throttled(c sandbox.SeenCall) bool {
	return slices.Contains([]string{"Throttling", "ThrottlingException", "RequestLimitExceeded"}, c.Error)
}

// stands is how a group of the scenario stands, by its name.
func stands(group string) report.State {
	at := strings.LastIndexByte(group, '-')
	var n int
	_, _ = fmt.Sscanf(group[at+1:], "%d", &n) // the names end so
	asleep := n%4 == 1
	switch kind := group[:at]; {
	case slices.Contains([]string{"api", "worker", "edge", "store"}, kind):
		return report.Fine
	case kind == "vault", asleep && (kind == "partner" || kind == "golden"):
		return report.Unknown
	case kind == "ledger", asleep:
		return report.WouldFail
	}
	return report.Fails
}

// TestMany: 5,000 groups are listed in 128 MiB, by the calls that docs/benchmarks.md has;
// when calls are throttled, all the same; and when it is interrupted, it goes on from
// there.
func TestMany(t *testing.T) { //nolint:tparallel // one after the other: each has its own faults
	t.Parallel()
	c := newCrowd(t)
	whole := c.scan()
	for group, row := range whole.rows {
		if want := stands(group); row.State != want {
			t.Errorf("%s: %s, want %s", group, row.State, want)
		}
	}
	if len(whole.rows) != scenario.ManyGroups || whole.total.Groups != scenario.ManyGroups || !slices.IsSortedFunc(whole.order, func(a, b string) int { return whole.rank(a) - whole.rank(b) }) {
		t.Errorf("%d rows, %+v, sorted by state: %v", len(whole.rows), whole.total, whole.order[:9])
	}
	if whole.peak > 128 || whole.peak == 0 && runtime.GOOS == "linux" {
		t.Errorf("it held %d MiB", whole.peak)
	}
	t.Run("calls", func(t *testing.T) {
		if whole.took < 30*time.Second { // else it reads again what groups share
			inTable(t, func(_, theirs map[string]int) string { return tableOf(whole.calls, theirs) })
		}
	})
	t.Run("throttled", func(t *testing.T) { c.throttled(t, whole) })
	t.Run("interrupted", func(t *testing.T) { c.interrupted(t, whole) })
}

func (s scanned) rank(group string) int { return slices.Index(report.States(), s.rows[group].State) }

// throttled: now and then a service refuses a call for the rate, and some twice in a row.
func (c *crowd) throttled(t *testing.T, whole scanned) {
	must(t, c.box.SetFaults(
		sandbox.Fault{Service: "autoscaling", Every: 60, Answer: sandbox.AnswerThrottled},
		sandbox.Fault{Service: "ec2", Every: 40, Answer: sandbox.AnswerThrottled},
		sandbox.Fault{Service: "kms", Every: 10, Answer: sandbox.AnswerThrottled},
		sandbox.Fault{Service: "iam", Times: 2, Answer: sandbox.AnswerThrottled},
		sandbox.Fault{Service: "sts", Times: 2, Answer: sandbox.AnswerThrottled},
	))
	defer func() { must(t, c.box.SetFaults()) }()
	before := len(c.box.Calls())
	got := c.scan()
	if d := cmp.Diff(whole.rows, got.rows); d != "" {
		t.Errorf("(-not +throttled):\n%s", d)
	}
	refused := map[string]int{}
	for _, call := range c.box.Calls()[before:] {
		if throttled(call) {
			refused[call.Service]++
		}
	}
	if len(refused) != 5 || refused["kms"] < 10 {
		t.Errorf("throttled: %v", refused)
	}
}

// interrupted: Ctrl-C at a terminal, which shows how far it has come; the command that it
// then says goes on, and looks at no group again. And once more, with JSON.
func (c *crowd) interrupted(t *testing.T, whole scanned) {
	first, next := c.stopped(t, "scan")
	seen, next := c.stopped(t, append(next, "--output", "json")...)
	rest := c.scan(slices.DeleteFunc(next[1:], func(flag string) bool { return flag == "--output=json" })...)
	if d := cmp.Diff(whole.rows, rest.rows); d != "" || !slices.Equal(whole.order, rest.order) {
		t.Errorf("(-whole +interrupted):\n%s", d)
	}
	left := scenario.ManyGroups - seen
	const anew = 3 // pages that may be read twice: a launch failed since their keys were read
	if got, least := rest.calls["autoscaling:DescribeAutoScalingGroups"]-pages, (left+page-1)/page; first == 0 || seen < first || left == 0 || got < least || got > least+anew {
		t.Errorf("%d groups were seen, then %d, and %d pages were read then", first, seen, got)
	}
}

// Groups are listed so many at a time, and then looked at so many at a time.
const (
	page  = 100
	pages = scenario.ManyGroups / page
)

// What an interrupted scan says, as text and as JSON.
var (
	lookedAt = regexp.MustCompile(`(\d+) groups were looked at by then\. Go on from there:`)
	goesOn   = regexp.MustCompile(`keymend (scan [^"\r]*--resume=[^"\r]*)`)
)

// stopped runs a scan until it has come further, and returns how many groups were looked
// at, and what goes on.
func (c *crowd) stopped(t *testing.T, args ...string) (groups int, next []string) {
	t.Helper()
	must(t, c.box.SetFaults(sandbox.Fault{Service: "autoscaling", Operation: "DescribeAutoScalingGroups", Skip: pages, Delay: sandbox.Span(100 * time.Millisecond)}))
	defer func() { must(t, c.box.SetFaults()) }()
	at := console.Start(t, c.command(filepath.Join(built, "keymend"), args...))
	at.Waits("00 of 5000 groups")
	at.Types(console.Interrupt)
	code, said := at.Ends()
	n, command := lookedAt.FindStringSubmatch(said), goesOn.FindStringSubmatch(said)
	if code != 1 || n == nil || command == nil {
		t.Fatalf("%d\n%.2000q", code, said)
	}
	groups, err := strconv.Atoi(n[1])
	must(t, err)
	return groups, strings.Fields(command[1])
}
