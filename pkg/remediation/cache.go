package remediation

import (
	"context"
	"maps"
	"sync"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/history"
	"keymend/pkg/plan"
)

// remembered is how long a process remembers what it read and sent. SQS drops equal
// messages for longer, five minutes: nothing is lost by not sending them.
const remembered = 30 * time.Second

// A cache is what a process that looks remembers from one invocation to the next, so
// that a storm of failures costs what its keys cost. It is for a Looker's looks only:
// nothing is written, nor said to be well, that rests on it. It is safe for concurrent
// use; the zero value is empty.
type cache struct {
	mu     sync.Mutex
	views  map[place]seen
	lately lately
	sent   map[string]*sending // by the plan's digest
	plans  plan.Memo
	brake  known
}

// A known switch is how the switch stood at a moment.
type known struct {
	brake guard.Switch
	says  string
	at    moment
}

// switched returns how the switch stood a moment ago, if that is known.
func (m *cache) switched(now moment) (known, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.brake, !m.brake.at.aws.IsZero() && m.brake.at.remembered(now)
}

func (m *cache) keepSwitch(k known) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.brake = k
}

// Remembering returns a Looker that remembers what it reads together for some seconds.
func (l *Looker) Remembering() *Looker {
	one := *l
	one.cache = &cache{}
	return &one
}

// Since returns a Looker for somebody who asked about many groups at a time: what was read
// after that, and is remembered, answers looks that are about no time of their own.
func (l *Looker) Since(asked time.Time) *Looker {
	one := *l
	one.asked = asked
	return &one
}

// A moment is by AWS's clock and by the process's own: messages that waited bring an
// old time, and a process that was frozen none.
type moment struct{ aws, own time.Time }

func (m moment) remembered(now moment) bool {
	return now.aws.Sub(m.aws) <= remembered && now.own.Sub(m.own) <= remembered
}

// A seen view remembers what it has read, since a moment at the earliest.
type seen struct {
	view  apply.Reader
	since moment
}

// view returns a view of a place that remembers, if there is one.
func (m *cache) view(at place, now moment) (seen, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.views[at]
	return s, ok && s.since.remembered(now)
}

func (m *cache) keep(at place, s seen) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.views == nil {
		m.views = map[place]seen{}
	}
	maps.DeleteFunc(m.views, func(_ place, old seen) bool { return !old.since.remembered(s.since) })
	m.views[at] = s
}

// A sending is a plan that is sent, or about to be.
type sending struct {
	turn chan struct{} // holds one while someone sends
	done bool
	at   moment
}

// sending returns that of a plan: a new one, where it was sent too long ago.
func (m *cache) sending(digest string, now moment) *sending {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sent[digest]; s != nil && s.at.remembered(now) {
		return s
	}
	if m.sent == nil {
		m.sent = map[string]*sending{}
	}
	maps.DeleteFunc(m.sent, func(_ string, old *sending) bool { return !old.at.remembered(now) })
	m.sent[digest] = &sending{turn: make(chan struct{}, 1), at: now}
	return m.sent[digest]
}

// knows reports whether a plan was sent.
func (m *cache) knows(digest string, now moment) bool {
	m.mu.Lock()
	s := m.sent[digest]
	m.mu.Unlock()
	if s == nil || !s.at.remembered(now) {
		return false
	}
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	return s.done
}

// A rememberingQueue sends equal plans once.
type rememberingQueue struct {
	Queue
	cache *cache
	now   moment
}

// Send implements Queue.
func (q rememberingQueue) Send(ctx context.Context, m Message) error {
	s := q.cache.sending(m.Digest, q.now)
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.done {
		return nil
	}
	err := q.Queue.Send(ctx, m)
	s.done = err == nil
	return err
}

// A rememberingPast asks the log once for each key, for some seconds: a Looker only hands
// on what the past permits, and who carries it out reads anew.
type rememberingPast struct {
	pastLog
	cache *cache
	now   moment
}

// lately is what was read of it.
type lately struct {
	mu      sync.Mutex
	at      moment
	entries map[string][]history.Entry // by the key's ARN; "" = what was begun
}

func (p rememberingPast) once(key string, read func() ([]history.Entry, error)) ([]history.Entry, error) {
	t := &p.cache.lately
	t.mu.Lock()
	if t.entries == nil || !t.at.remembered(p.now) {
		t.at, t.entries = p.now, map[string][]history.Entry{}
	}
	entries, ok := t.entries[key]
	t.mu.Unlock()
	if ok {
		return entries, nil
	}
	entries, err := read()
	if err == nil {
		t.mu.Lock()
		t.entries[key] = entries
		t.mu.Unlock()
	}
	return entries, err
}

// Begun implements pastLog.
func (p rememberingPast) Begun(ctx context.Context, since time.Time) ([]history.Entry, error) {
	return p.once("", func() ([]history.Entry, error) { return p.pastLog.Begun(ctx, since) })
}

// Ended implements pastLog.
func (p rememberingPast) Ended(ctx context.Context, key string, since time.Time) ([]history.Entry, error) {
	return p.once(key, func() ([]history.Entry, error) { return p.pastLog.Ended(ctx, key, since) })
}
