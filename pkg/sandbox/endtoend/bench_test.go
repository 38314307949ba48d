package endtoend_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"keymend/pkg/apply/table"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

const latency = 20 * time.Millisecond // of every call

// slow has every call of the functions wait for the latency.
func (w *world) slow() {
	var all []sandbox.Fault
	for _, service := range []string{"autoscaling", "ec2", "iam", "kms", "logs", "sqs", "ssm", "sts", "cloudtrail", "events"} {
		all = append(all, sandbox.Fault{Service: service, Delay: sandbox.Span(latency)})
	}
	must(w.t, w.box.SetFaults(all...))
}

// BenchmarkReaction measures a failure's event to the proof, through the built binaries:
// the invocation of diagnose that found the key closed, and that of remediate that opened
// it. Their processes run already. What other events of the same group cost isn't part of
// it.
func BenchmarkReaction(b *testing.B) {
	w := newWorld(b, with("VerifyInterval", "1s"), func(s *setup) { s.unwatched = true })
	image := w.image()
	n := 0
	heal := func() (look, change time.Duration) {
		n++
		name, key := fmt.Sprintf("web-%d", n), w.key(rootOnly, enrolled)
		w.group(name, w.templateOf(name, image, key), "$Latest")
		w.slow()
		w.box.Advance(90 * time.Second) // before the look that follows
		must(w.t, w.box.SetFaults())
		look, change = w.took("diagnose", name, outcome.Sent), w.took("remediate", name, outcome.Fixed)
		w.box.Advance(time.Hour)
		return look, change
	}
	heal()
	var looks, changes time.Duration
	begun := n
	for b.Loop() {
		look, change := heal()
		looks, changes = looks+look, changes+change
	}
	mean := func(sum time.Duration) float64 { return float64(sum.Microseconds()) / 1000 / float64(n-begun) }
	b.ReportMetric(mean(looks), "ms-diagnose")
	b.ReportMetric(mean(changes), "ms-remediate")
	b.ReportMetric(mean(looks+changes), "ms/heal")
}

// took is how long the first invocation lasted in which a function recorded that outcome
// of a group, as Lambda's report has it.
func (w *world) took(function, group string, o outcome.Outcome) time.Duration {
	w.t.Helper()
	recorded := false
	for _, line := range w.lines("/aws/lambda/keymend-" + function) {
		if r, ok, err := record.Parse([]byte(line), table.Kinds().Kinds()); ok && err == nil && r.Group == group && r.Outcome == o {
			recorded = true
		}
		if _, report, ok := strings.Cut(line, "\tDuration: "); ok && recorded {
			text, _, _ := strings.Cut(report, " ms")
			d, err := time.ParseDuration(text + "ms")
			must(w.t, err)
			return d
		}
	}
	w.t.Fatalf("%s recorded no %q of %s\n%v", function, o, group, w.story())
	return 0
}

// BenchmarkStorm measures 10,000 failures over 1,000 groups and 50 keys. They come in
// batches of 100, each of as many groups: the processor time that diagnose's process
// uses, its start included, is given for each of them.
func BenchmarkStorm(b *testing.B) {
	s := storm{groups: 1000, keys: 50, failures: 10_000}
	for b.Loop() {
		w := s.brew(b)
		w.slow()
		cost := s.pass(w, time.Minute)
		used := w.processorTime("diagnose")
		after := s.pass(w, 9*time.Minute)
		recovered := map[string]bool{}
		for _, r := range w.records() {
			if r.Outcome == outcome.Recovered {
				recovered[r.Group] = true
			}
		}
		if cost.writes != s.keys || len(recovered) != s.groups {
			b.Fatalf("%d writes, %d groups recovered", cost.writes, len(recovered))
		}
		b.ReportMetric(float64(cost.calls), "calls")
		b.ReportMetric(float64(after.calls), "calls-after")
		b.ReportMetric(float64(cost.changes), "changes")
		b.ReportMetric(float64(cost.looks), "looks")
		b.ReportMetric(float64(used.Microseconds())/1000/float64(s.failures), "ms-processor/failure")
		b.ReportMetric(cost.took.Seconds(), "s-storm")
		b.ReportMetric(after.took.Seconds(), "s-after")
		b.Logf("storm %v\nafter %v", cost.byName, after.byName)
	}
}

// processorTime is what a function's process has used of the processor so far; 0 where
// nothing counts that as Linux does, or none runs.
func (w *world) processorTime(function string) time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ, the same on every Linux
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, _ := os.ReadFile(file) // ended meanwhile: not it
		program, _ := os.Readlink(strings.TrimSuffix(file, "stat") + "exe")
		_, after, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(after)
		if len(fields) < 13 || fields[1] != strconv.Itoa(os.Getpid()) || program != binaries[function] {
			continue
		}
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		return time.Duration(user+system) * tick
	}
	return 0
}
