package remediation

import (
	"maps"
	"sync"
	"time"
)

// remembered is how long a process remembers what it read and sent. SQS drops equal
// messages for longer, five minutes: nothing is lost by not sending them.
const remembered = 30 * time.Second

// A moment is by AWS's clock and by the process's own: messages that waited bring an
// old time, and a process that was frozen none.
type moment struct{ aws, own time.Time }

func (m moment) remembered(now moment) bool {
	return now.aws.Sub(m.aws) <= remembered && now.own.Sub(m.own) <= remembered
}

// A memory has values by a key, each for some seconds after it was read. It is safe for
// concurrent use; the zero value is empty.
type memory[K comparable, V any] struct {
	mu  sync.Mutex
	all map[K]*memo[V]
}

// A memo is one value of a memory, or the place for it while it is read.
type memo[V any] struct {
	turn  chan struct{} // holds one while somebody reads it
	at    moment
	known bool
	value V
}

// once returns the value of a key: as it is remembered, or else as it is read now. A caller
// that comes meanwhile waits. A value that couldn't be read isn't remembered.
func (m *memory[K, V]) once(key K, now moment, read func() (V, error)) (V, error) {
	one := m.memo(key, now)
	one.turn <- struct{}{}
	defer func() { <-one.turn }()
	if one.known {
		return one.value, nil
	}
	var err error
	one.value, err = read()
	one.known = err == nil
	return one.value, err
}

// memo returns that of a key, an empty one where there is none to be remembered.
func (m *memory[K, V]) memo(key K, now moment) *memo[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.all, func(_ K, old *memo[V]) bool { return !old.at.remembered(now) })
	if m.all == nil {
		m.all = map[K]*memo[V]{}
	}
	if m.all[key] == nil {
		m.all[key] = &memo[V]{turn: make(chan struct{}, 1), at: now}
	}
	return m.all[key]
}

// known returns the value of a key that is remembered, and since when it is.
func (m *memory[K, V]) known(key K, now moment) (V, moment, bool) {
	m.mu.Lock()
	one := m.all[key]
	m.mu.Unlock()
	if one == nil || !one.at.remembered(now) {
		var none V
		return none, moment{}, false
	}
	one.turn <- struct{}{}
	defer func() { <-one.turn }()
	return one.value, one.at, one.known
}

// keep remembers a value that was read now.
func (m *memory[K, V]) keep(key K, now moment, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[K]*memo[V]{}
	}
	m.all[key] = &memo[V]{turn: make(chan struct{}, 1), at: now, known: true, value: value}
}
