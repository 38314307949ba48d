package remediation

import (
	"context"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/history"
	"keymend/pkg/plan"
)

// A cache is what a process that looks remembers from one invocation to the next, so
// that a storm of failures costs what its keys cost. It is for a Looker's looks only:
// nothing is written, nor said to be well, that rests on it.
type cache struct {
	views memory[place, apply.Reader]     // which remember what they read
	past  memory[string, []history.Entry] // by the key's ARN; "" = what was begun
	sent  memory[string, struct{}]        // by the plan's digest
	brake memory[place, position]         // the switch, which is of no place
	plans plan.Memo
}

// A position is how the switch stands.
type position struct {
	brake guard.Switch
	says  string
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

// A rememberingQueue sends equal plans once.
type rememberingQueue struct {
	Queue
	cache *cache
	now   moment
}

// Send implements Queue.
func (q rememberingQueue) Send(ctx context.Context, m Message) error {
	_, err := q.cache.sent.once(m.Digest, q.now, func() (struct{}, error) { return struct{}{}, q.Queue.Send(ctx, m) })
	return err
}

// A rememberingPast asks the log once for each key, for some seconds: a Looker only hands
// on what the past permits, and who carries it out reads anew.
type rememberingPast struct {
	pastLog
	cache *cache
	now   moment
}

// Begun implements pastLog.
func (p rememberingPast) Begun(ctx context.Context, since time.Time) ([]history.Entry, error) {
	return p.cache.past.once("", p.now, func() ([]history.Entry, error) { return p.pastLog.Begun(ctx, since) })
}

// Ended implements pastLog.
func (p rememberingPast) Ended(ctx context.Context, key string, since time.Time) ([]history.Entry, error) {
	return p.cache.past.once(key, p.now, func() ([]history.Entry, error) { return p.pastLog.Ended(ctx, key, since) })
}
