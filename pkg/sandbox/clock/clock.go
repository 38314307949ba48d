// Package clock is the sandbox's simulated time. Launches, back-off,
// suspension, deduplication and visibility run on it; signatures and session
// expiry run on real time, since the SDKs measure skew.
package clock

import (
	"container/heap"
	"sync"
	"time"
)

// A Clock holds simulated time and what is due when. Its zero value is not
// usable; call New.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	due     queue
	serial  int
	running sync.Mutex // one due function at a time
}

// New returns a clock that stands at start.
func New(start time.Time) *Clock { return &Clock{now: start} }

// Now returns the simulated time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After runs f once simulated time has moved on by d. It runs on the goroutine
// that advances the clock; f may call After and Now but not Advance.
func (c *Clock) After(d time.Duration, f func()) { c.add(item{f: f}, d) }

// Every runs f each time that simulated time has moved on by d, until f is false.
// It isn't Pending: what comes again for ever is no reason to wait.
func (c *Clock) Every(d time.Duration, f func() bool) {
	c.add(item{again: true, f: func() {
		if f() {
			c.Every(d, f)
		}
	}}, d)
}

func (c *Clock) add(i item, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	i.at, i.serial = c.now.Add(d), c.serial
	heap.Push(&c.due, i)
}

// Advance moves time on by d and runs what falls due, in order.
func (c *Clock) Advance(d time.Duration) {
	c.running.Lock()
	defer c.running.Unlock()
	end := c.Now().Add(d)
	for c.step(end) {
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now.Before(end) {
		c.now = end
	}
}

// step runs the next thing that is due by end, and reports whether there was
// one.
func (c *Clock) step(end time.Time) bool {
	c.mu.Lock()
	if len(c.due) == 0 || c.due[0].at.After(end) {
		c.mu.Unlock()
		return false
	}
	next := heap.Pop(&c.due).(item)
	if c.now.Before(next.at) {
		c.now = next.at
	}
	c.mu.Unlock()
	next.f()
	return true
}

// Pending returns when the next thing is due that was asked for by After; false
// where nothing is.
func (c *Clock) Pending() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var next time.Time
	found := false
	for _, i := range c.due {
		if !i.again && (!found || i.at.Before(next)) {
			next, found = i.at, true
		}
	}
	return next, found
}

type item struct {
	at     time.Time
	serial int
	again  bool // it comes again and again
	f      func()
}

type queue []item

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].serial < q[j].serial
	}
	return q[i].at.Before(q[j].at)
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(item)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
