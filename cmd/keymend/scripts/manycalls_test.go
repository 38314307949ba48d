package scripts_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/conformance/tool"
)

// TestJudgedListing holds docs/benchmarks.md to the calls of a script that only lists, as
// people write one.
func TestJudgedListing(t *testing.T) {
	t.Parallel()
	tool.Boto3().Need(t)
	lists := newCrowd(t).lists(t)
	inTable(t, func(ours, _ map[string]int) string { return tableOf(ours, lists) })
}

// inTable holds the table of calls in docs/benchmarks.md to what it is to be, by its two
// columns.
func inTable(t *testing.T, is func(ours, theirs map[string]int) string) {
	t.Helper()
	const begin, end = "<!-- made by cmd/keymend/scripts TestMany -->\n", "<!-- end of it -->\n"
	file := filepath.Join("..", "..", "..", "docs", "benchmarks.md")
	page, err := os.ReadFile(file)
	must(t, err)
	head, rest, ok := strings.Cut(string(page), begin)
	old, tail, marked := strings.Cut(rest, end)
	if !ok || !marked {
		t.Fatalf("%s lacks the marks of this table", file)
	}
	switch want := is(column(old, 1), column(old, 2)); {
	case want == old:
	case *update:
		must(t, os.WriteFile(file, []byte(head+begin+want+end+tail), 0o600))
	default:
		t.Errorf("%s differs; run with -update:\n%s", file, want)
	}
}

// lists are the calls of the script.
func (c *crowd) lists(t *testing.T) map[string]int {
	python := tool.Boto3().Need(t)
	before := len(c.box.Calls())
	text, err := c.listing(python).Output()
	if err != nil || bytes.Count(text, []byte("\n")) != scenario.ManyGroups {
		t.Fatalf("%v\n%s", err, text)
	}
	return c.calls(before)
}

// listing is the script that people write.
func (c *crowd) listing(python string) *exec.Cmd {
	script, err := filepath.Abs(filepath.Join("..", "..", "..", "pkg", "sandbox", "conformance", "testdata", "python", "listing.py"))
	must(c, err)
	return c.command(python, script, c.url, scenario.Account, scenario.Region)
}

// tableOf is a line for each call, and their sums.
func tableOf(ours, lists map[string]int) string {
	var out strings.Builder
	out.WriteString("| call | `keymend scan` | the script |\n|---|---:|---:|\n")
	all := maps.Clone(ours)
	maps.Copy(all, lists)
	var sum, theirSum int
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&out, "| `%s` | %d | %d |\n", name, ours[name], lists[name])
		sum, theirSum = sum+ours[name], theirSum+lists[name]
	}
	fmt.Fprintf(&out, "| **all** | %d | %d |\n", sum, theirSum)
	return out.String()
}

// column is one of a table of calls: 1 the scan's, 2 the script's.
func column(table string, n int) map[string]int {
	out := map[string]int{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(.*)` \\| (\\d+) \\| (\\d+) \\|$").FindAllStringSubmatch(table, -1) {
		if calls, _ := strconv.Atoi(m[n+1]); calls > 0 { // it is a number
			out[m[1]] = calls
		}
	}
	return out
}

// BenchmarkMany measures a scan of 5,000 groups beside the script, 20 ms a call.
func BenchmarkMany(b *testing.B) {
	python, missing := tool.Boto3().Find()
	if missing != "" {
		b.Skip(missing)
	}
	c := newCrowd(b)
	var slow []sandbox.Fault
	for _, service := range []string{"autoscaling", "cloudtrail", "ec2", "iam", "kms", "ssm", "sts"} {
		slow = append(slow, sandbox.Fault{Service: service, Delay: sandbox.Span(20 * time.Millisecond)})
	}
	must(b, c.box.SetFaults(slow...))
	var ours, lists time.Duration
	peak := 0
	for b.Loop() {
		one := c.scan()
		began := time.Now()
		text, err := c.listing(python).Output()
		if err != nil {
			b.Fatalf("%v\n%s", err, text)
		}
		ours, lists, peak = ours+one.took, lists+time.Since(began), max(peak, one.peak)
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "s/scan")
	b.ReportMetric(lists.Seconds()/float64(b.N), "s/script")
	b.ReportMetric(float64(ours)/float64(lists), "scan/script")
	b.ReportMetric(float64(peak), "MiB")
}
