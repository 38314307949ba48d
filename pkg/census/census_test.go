package census_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"keymend/pkg/census"
	"keymend/pkg/coverage"
)

// rows reads an organization in memory.
func rows(t testing.TB, c *census.Census) []coverage.Row {
	t.Helper()
	accounts, err := c.Accounts(t.Context(), "")
	must(t, err)
	out, err := c.Rows(t.Context(), accounts)
	must(t, err)
	return out
}

// An account that throttles, refuses, hangs or is suspended has rows that say so, and
// hides nothing of the others.
func TestAnAccountThatIsIllHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	c, m := newCensus(t, 6)
	c.Patience = 5 * time.Second
	m.ill = map[string]string{id(1): "throttle", id(2): "refuse", id(3): "hang", id(4): "suspend"}
	began := time.Now()
	all := rows(t, c)
	if len(all) != 6*17 {
		t.Fatalf("%d rows", len(all))
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	for i, row := range all {
		got := ""
		for _, h := range row.Holes {
			got += h.Cause + " " + h.Says
		}
		want := []string{"", "unread rules: ThrottlingException: Rate exceeded", "refused AccessDenied: not authorized to perform: sts:AssumeRole", "unread the account didn't answer in time", "", ""}[i/17]
		if row.Account != id(i/17) || got != want && !(i/17 == 1 && strings.Contains(got, "didn't answer in time")) || (row.State == "SUSPENDED") != (i/17 == 4) {
			t.Errorf("%s %s %s: %s, want %s", row.Account, row.Region, row.State, got, want)
		}
	}
}

// Each account costs the same calls, and a call of twice as many accounts about the same
// CPU: twice that would be quadratic. What a call costs, BenchmarkCensus says.
func TestCensusIsLinear(t *testing.T) {
	calls, each := map[int]int{}, map[int]time.Duration{} // not beside other tests: it measures
	for _, many := range []int{20, 40} {
		c, m := newCensus(t, many)
		before := spent(t)
		for _, row := range rows(t, c) {
			if len(row.Holes) > 0 {
				t.Fatalf("%+v", row)
			}
		}
		calls[many] = m.total()
		each[many] = (spent(t) - before) / time.Duration(calls[many])
	}
	if each[40] > each[20]*9/5 {
		t.Errorf("of 20 accounts a call takes %s of CPU, of 40 %s", each[20], each[40])
	}
	c, m := newCensus(t, 1)
	perAccount := 1 + len(c.Expected.Roles()) + 2 + 17*(1+(len(m.rules)-17)/17+1+1+2) // session, roles, trail; of each Region rules, targets, metric, trails, parameters
	if got := (calls[40] - calls[20]) / 20; got != perAccount {
		t.Errorf("an account costs %d calls, want %d", got, perAccount)
	}
}

// BenchmarkCensus is of a thousand accounts in seventeen Regions.
func BenchmarkCensus(b *testing.B) {
	for b.Loop() {
		c, m := newCensus(b, 1000)
		before, peak, done := spent(b), uint64(0), make(chan bool)
		go func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(200 * time.Millisecond):
					var s runtime.MemStats
					runtime.ReadMemStats(&s)
					peak = max(peak, s.Sys-s.HeapReleased)
				}
			}
		}()
		all := rows(b, c)
		done <- true
		if len(all) != 17_000 {
			b.Fatal(len(all))
		}
		b.ReportMetric(float64(m.total()), "calls")
		b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(m.total()), "µs-CPU/call")
		b.ReportMetric(float64(peak)/(1<<20), "MiB")
	}
}

// spent is the CPU time of this process.
func spent(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestSample(t *testing.T) {
	t.Parallel()
	var all []coverage.Account
	for i := range 50 {
		all = append(all, coverage.Account{ID: id(i)})
	}
	day := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	one, same, next := census.Sample(all, 5, day), census.Sample(all, 5, day.Add(time.Hour)), census.Sample(all, 5, day.Add(24*time.Hour))
	if len(one) != 5 || fmt.Sprint(one) != fmt.Sprint(same) || fmt.Sprint(one) == fmt.Sprint(next) {
		t.Errorf("%v, %v, %v", one, same, next)
	}
	if got := census.Sample(all, 99, day); len(got) != 50 || got[0].ID != id(0) {
		t.Errorf("%d", len(got))
	}
}
