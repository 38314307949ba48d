package differential_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"keymend/pkg/access"
)

const (
	seed       = 1      // names the questions, with their number
	few        = 10_000 // questions in an ordinary run; the 100,000 are `make differential`
	chunk      = 2_000  // questions asked at once
	mostShown  = 5      // differences that are shrunk and printed
	leastBoth  = 20     // per cent that both must allow
	mostUnsure = 2      // per cent for which Keymend may answer Unknown
)

// TestDifferential asks both evaluators. KEYMEND_DIFFERENTIAL_CASES sets how
// many questions, KEYMEND_DIFFERENTIAL_SEED which.
func TestDifferential(t *testing.T) {
	s := startSimulator(t)
	n, from := number(t, "KEYMEND_DIFFERENTIAL_CASES", few), number(t, "KEYMEND_DIFFERENTIAL_SEED", seed)
	began := time.Now()
	c := &comparison{t: t, simulator: s, ours: question.ours, tally: newTally()}
	batches := make(chan batch, 1) // the next is made while the simulator is busy
	go func() {
		defer close(batches)
		for i := 0; i < n; i += chunk {
			questions := make([]question, 0, chunk)
			for j := i; j < min(i+chunk, n); j++ {
				questions = append(questions, makeQuestion(uint64(from), uint64(j)))
			}
			batches <- c.prepare(questions)
		}
	}()
	for b := range batches {
		c.compare(b)
	}
	for _, q := range c.failures[:min(len(c.failures), mostShown)] {
		c.show(q)
	}
	if len(c.failures) > 0 {
		t.Errorf("%d differences that no rule explains, or where Keymend allows and the simulator denies", len(c.failures))
	}
	c.tally.check(t, n)
	t.Logf("%d questions, seed %d, %.1f s\n%s", n, from, time.Since(began).Seconds(), c.tally)
}

// TestComparisonCatchesAFault: an evaluator that forgets Deny statements, or
// conditions, must not get through.
func TestComparisonCatchesAFault(t *testing.T) {
	s := startSimulator(t)
	faults := map[string]edit{
		"ignores denies":     func(s statement) (statement, bool) { return s, s.Effect != "Deny" },
		"ignores conditions": func(s statement) (statement, bool) { s.Condition = nil; return s, true },
		"takes root for a role": func(s statement) (statement, bool) {
			s.Principal = s.Principal.replace(func(name string) string { return strings.Replace(name, ":root", ":role/admin", 1) })
			return s, true
		},
	}
	var questions []question
	for i := range 300 {
		questions = append(questions, makeQuestion(seed, uint64(i)))
	}
	for name, fault := range faults {
		c := &comparison{t: t, simulator: s, ours: func(q question) access.Result { return q.edit(fault).ours() }, tally: newTally()}
		if c.compare(c.prepare(questions)); len(c.failures) == 0 {
			t.Errorf("an evaluator that %s agrees with the simulator", name)
		}
	}
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return int(n)
}

// A comparison holds Keymend's evaluator to the simulator.
type comparison struct {
	t         *testing.T
	simulator *simulator
	ours      func(q question) access.Result
	tally     *tally
	failures  []question
}

// A batch is questions, as asked and in the simulator's terms, with Keymend's
// answers.
type batch struct {
	questions, told []question
	touched         [][]string // the translations that changed each
	ours            []access.Result
}

func (c *comparison) prepare(questions []question) batch {
	b := batch{questions: questions}
	for _, q := range questions {
		told, touched := translate(q)
		b.told, b.touched, b.ours = append(b.told, told), append(b.touched, touched), append(b.ours, c.ours(q))
	}
	return b
}

func (c *comparison) compare(b batch) {
	for i, theirs := range c.simulator.ask(b.told) {
		q, ours := b.questions[i], b.ours[i]
		v := c.judge(q, ours, theirs)
		c.tally.add(q, ours, v, b.touched[i])
		if v.failed {
			c.failures = append(c.failures, q)
		}
	}
}

// A verdict is what becomes of one question.
type verdict struct {
	pair   string // "Denied/ImplicitlyDenied"
	rules  string // that explain a difference, "" = agreed
	agreed bool
	failed bool
}

func (c *comparison) judge(q question, ours access.Result, theirs answer) verdict {
	v := verdict{pair: ours.Decision.String() + "/" + theirs.Result}
	switch {
	case ours.Decision == access.Allowed && theirs.allowed(), ours.Decision == access.Denied && !theirs.allowed():
		v.agreed = true
	case ours.Decision == access.Allowed:
		v.failed, v.rules = true, "ALLOWED WHERE THE SIMULATOR DENIES"
	default:
		rules := explain(q, theirs, c.ours)
		v.failed, v.rules = rules == nil, strings.Join(rules, " + ")
	}
	return v
}

// show shrinks a failure and prints it.
func (c *comparison) show(q question) {
	failing := func(questions []question) []bool {
		told := make([]question, len(questions))
		for i, q := range questions {
			told[i], _ = translate(q)
		}
		out := make([]bool, len(questions))
		for i, theirs := range c.simulator.ask(told) {
			out[i] = c.judge(questions[i], c.ours(questions[i]), theirs).failed
		}
		return out
	}
	small := shrink(q, failing)
	told, _ := translate(small)
	ours, theirs := c.ours(small), c.simulator.ask([]question{told})[0]
	c.t.Errorf("Keymend says %s, the simulator %s\n%s\nKeymend's reasons:\n  %s",
		ours.Decision, theirs.Result, small, strings.Join(ours.Trace, "\n  "))
}

// A tally counts what came of the questions, and what they were about.
type tally struct {
	pairs, rules, translations, seen map[string]int
	allowed, unknown                 int
}

func newTally() *tally {
	return &tally{pairs: map[string]int{}, rules: map[string]int{}, translations: map[string]int{}, seen: map[string]int{}}
}

func (y *tally) add(q question, ours access.Result, v verdict, touched []string) {
	y.pairs[v.pair]++
	if !v.agreed {
		y.rules[v.rules+": "+v.pair]++
	}
	if v.agreed && ours.Decision == access.Allowed {
		y.allowed++
	}
	if ours.Decision == access.Unknown {
		y.unknown++
	}
	for _, name := range touched {
		y.translations[name]++
	}
	count(y.seen, q, ours)
}

// check fails where the questions weren't what they should be, or a rule of
// the lists has outlived its use.
func (y *tally) check(t *testing.T, n int) {
	t.Helper()
	if y.allowed*100 < n*leastBoth {
		t.Errorf("both allow %d of %d questions, fewer than %d %%", y.allowed, n, leastBoth)
	}
	if y.unknown*100 > n*mostUnsure {
		t.Errorf("Keymend answers Unknown to %d of %d questions, more than %d %%", y.unknown, n, mostUnsure)
	}
	if n < few {
		return // too few to demand the rare
	}
	demand(t, y.seen, n)
	used := strings.Join(sorted(y.rules), "\n")
	for _, r := range differences() {
		if !strings.Contains(used, r.name) {
			t.Errorf("difference %s: no question shows it; it can go", r.name)
		}
	}
	for _, r := range translations() {
		if y.translations[r.name] == 0 {
			t.Errorf("translation %s: no question needs it; it can go", r.name)
		}
	}
}

func (y *tally) String() string {
	var b strings.Builder
	for _, part := range []struct {
		name  string
		count map[string]int
	}{{"Keymend/simulator", y.pairs}, {"differences", y.rules}, {"translations", y.translations}, {"coverage", y.seen}} {
		fmt.Fprintf(&b, "%s:\n", part.name)
		for _, what := range sorted(part.count) {
			fmt.Fprintf(&b, "%9d  %s\n", part.count[what], what)
		}
	}
	return b.String()
}
