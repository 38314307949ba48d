package keystate

import (
	"context"
	"errors"
	"sync"

	"keymend/pkg/account"
)

// A memory reads each thing once, also where several ask for it at the same
// time. It remembers errors, too, but for those that may pass. A nil memory
// remembers nothing.
type memory[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]*entry[V]
}

type entry[V any] struct {
	turn  chan struct{} // holds one while someone reads
	known bool
	value V
	err   error
}

func (m *memory[K, V]) get(key K, read func() (V, error)) (V, error) {
	if m == nil {
		return read()
	}
	e := m.entry(key)
	e.turn <- struct{}{}
	defer func() { <-e.turn }()
	if !e.known {
		e.value, e.err = read()
		e.known = !passes(e.err)
	}
	return e.value, e.err
}

// entry returns the key's. A full memory forgets all: what is read anew is right, too.
func (m *memory[K, V]) entry(key K) *entry[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		return e
	}
	if m.entries == nil || len(m.entries) >= memorySize {
		m.entries = map[K]*entry[V]{}
	}
	e := &entry[V]{turn: make(chan struct{}, 1)}
	m.entries[key] = e
	return e
}

// memorySize bounds a memory. A key's policy may have 32 KB, and takes several times that
// as it is parsed.
const memorySize = 500

func passes(err error) bool {
	return account.Transient(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
