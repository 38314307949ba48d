package endtoend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
)

const latency = 20 * time.Millisecond // of every call

// slow has every call of the functions wait for the latency.
func (w *world) slow() {
	var all []sandbox.Fault
	for _, service := range []string{"autoscaling", "ec2", "iam", "kms", "logs", "sqs", "ssm", "sts", "cloudtrail"} {
		all = append(all, sandbox.Fault{Service: service, Delay: sandbox.Span(latency)})
	}
	must(w.t, w.box.SetFaults(all...))
}

// BenchmarkReaction measures a failure's event to the proof, through the built binaries:
// the invocations of diagnose and remediate, whose processes run already.
func BenchmarkReaction(b *testing.B) {
	w := newWorld(b, with("VerifyInterval", "1s"), func(s *setup) { s.unwatched = true })
	image := w.image()
	heal := func(i int) time.Duration {
		name, key := fmt.Sprintf("web-%d", i), w.key(rootOnly, enrolled)
		w.group(name, w.templateOf(name, image, key), "$Latest")
		before := w.billed("")
		w.slow()
		w.box.Advance(90 * time.Second) // before the look that follows
		must(w.t, w.box.SetFaults())
		if !w.opens(w.policy(key), role) {
			b.Fatalf("not healed\n%v", w.story())
		}
		took := w.billed("") - before
		w.box.Advance(time.Hour)
		return took
	}
	heal(0)
	var sum time.Duration
	n := 0
	for b.Loop() {
		n++
		sum += heal(n)
	}
	b.ReportMetric(float64(sum.Milliseconds())/float64(n), "ms/heal")
}

// billed is the time of all invocations so far, as Lambda's reports have it.
func (w *world) billed(of string) time.Duration {
	var sum time.Duration
	for _, name := range []string{"diagnose", "remediate"} {
		if of != "" && of != name {
			continue
		}
		for _, line := range w.lines("/aws/lambda/keymend-" + name) {
			_, report, ok := strings.Cut(line, "\tDuration: ")
			if !ok {
				continue
			}
			text, _, _ := strings.Cut(report, " ms")
			d, err := time.ParseDuration(text + "ms")
			must(w.t, err)
			sum += d
		}
	}
	return sum
}

// BenchmarkStorm measures 10,000 failures over 1,000 groups and 50 keys.
func BenchmarkStorm(b *testing.B) {
	s := storm{groups: 1000, keys: 50, failures: 10_000}
	for b.Loop() {
		w := s.brew(b)
		w.slow()
		cost := s.pass(w, time.Minute)
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
		b.ReportMetric(cost.took.Seconds(), "s-storm")
		b.ReportMetric(after.took.Seconds(), "s-after")
		b.Logf("storm %v\nafter %v", cost.byName, after.byName)
	}
}
