package clock_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/sandbox/clock"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant of the tests

// Whatever is asked for falls due in the order of its time, things of one time
// in the order they were asked for, each at its own time, and nothing early.
func TestDueInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := clock.New(start)
		type due struct {
			At    time.Duration
			Order int
		}
		var ran []due
		delays := rapid.SliceOf(rapid.IntRange(0, 20)).Draw(t, "delays")
		for i, d := range delays {
			at := time.Duration(d) * time.Second
			c.After(at, func() { ran = append(ran, due{c.Now().Sub(start), i}) })
		}
		until := time.Duration(rapid.IntRange(0, 25).Draw(t, "until")) * time.Second
		c.Advance(until)
		want := 0
		for _, d := range delays {
			if time.Duration(d)*time.Second <= until {
				want++
			}
		}
		if len(ran) != want {
			t.Fatalf("%d ran, want %d", len(ran), want)
		}
		for i, r := range ran {
			if r.At != time.Duration(delays[r.Order])*time.Second {
				t.Fatalf("%v ran at its own time?", r)
			}
			if i > 0 && (ran[i-1].At > r.At || ran[i-1].At == r.At && ran[i-1].Order > r.Order) {
				t.Fatalf("%v before %v", ran[i-1], r)
			}
		}
		if now := c.Now(); !now.Equal(start.Add(until)) {
			t.Fatalf("stands at %s", now)
		}
	})
}

// What a due thing asks for falls due within the same move, if it is in time.
func TestDueThingsAskForMore(t *testing.T) {
	t.Parallel()
	c := clock.New(start)
	var ran []time.Duration
	var again func()
	again = func() {
		ran = append(ran, c.Now().Sub(start))
		c.After(time.Minute, again)
	}
	c.After(0, again)
	c.Advance(150 * time.Second)
	if diff := cmp.Diff([]time.Duration{0, time.Minute, 2 * time.Minute}, ran); diff != "" {
		t.Error(diff)
	}
	if next, due := c.Pending(); !due || !next.Equal(start.Add(3*time.Minute)) {
		t.Errorf("next %s, %v", next, due)
	}
}
