package remediation

import (
	"context"
	"sync"
	"time"

	"keymend/pkg/history"
)

// wrote reads what was written before.
type wrote interface {
	// Begun returns the intents in remediate's log.
	Begun(ctx context.Context, since time.Time) ([]history.Line, error)
	// Ended returns the outcomes there about a key, by its ARN.
	Ended(ctx context.Context, key string, since time.Time) ([]history.Line, error)
}

// A rememberingPast asks the log once for each key, for some seconds: a Looker only hands
// on what the past permits, and who carries it out reads anew.
type rememberingPast struct {
	wrote
	cache *cache
	now   moment
}

// lately is what was read of it.
type lately struct {
	mu    sync.Mutex
	at    moment
	lines map[string][]history.Line // by the key's ARN; "" = what was begun
}

func (p rememberingPast) once(key string, read func() ([]history.Line, error)) ([]history.Line, error) {
	t := &p.cache.lately
	t.mu.Lock()
	if t.lines == nil || !t.at.remembered(p.now) {
		t.at, t.lines = p.now, map[string][]history.Line{}
	}
	lines, ok := t.lines[key]
	t.mu.Unlock()
	if ok {
		return lines, nil
	}
	lines, err := read()
	if err == nil {
		t.mu.Lock()
		t.lines[key] = lines
		t.mu.Unlock()
	}
	return lines, err
}

// Begun implements wrote.
func (p rememberingPast) Begun(ctx context.Context, since time.Time) ([]history.Line, error) {
	return p.once("", func() ([]history.Line, error) { return p.wrote.Begun(ctx, since) })
}

// Ended implements wrote.
func (p rememberingPast) Ended(ctx context.Context, key string, since time.Time) ([]history.Line, error) {
	return p.once(key, func() ([]history.Line, error) { return p.wrote.Ended(ctx, key, since) })
}
