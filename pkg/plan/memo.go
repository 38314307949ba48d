package plan

import (
	"reflect"
	"sync"

	"keymend/pkg/settings"
)

// A Memo keeps plans that were made: the groups of a storm come to one plan for a key, a
// role and the same facts about them. A plan is taken from it only where all is equal
// that it was made of, so it doesn't grow old. It is safe for concurrent use; the zero
// value is empty, and nil keeps nothing.
type Memo struct {
	mu    sync.Mutex
	plans map[subject]made
}

// memoSize bounds a Memo. A plan may hold two policies of 32 KB.
const memoSize = 128

// A subject is what one plan is kept of.
type subject struct {
	key, role string
	failed    bool
}

type made struct {
	finding Finding
	options Options
	plan    Plan
}

// plan returns the plan for a finding, from what is kept, if it is there. Of another
// account's key much else is read that differs; those are few.
func (m *Memo) plan(f Finding, o Options) Plan {
	o.Known = nil
	if m == nil || !f.OwnKey() || o.ForeignKey == settings.ForeignCopy {
		return planned(f, o)
	}
	of := f.withoutGroup()
	at := subject{f.Facts.Key.ARN, f.Principal.ARN, f.FailedSince}
	m.mu.Lock()
	old, ok := m.plans[at]
	m.mu.Unlock()
	if ok && reflect.DeepEqual(old.finding, of) && reflect.DeepEqual(old.options, o) {
		return old.plan
	}
	p := planned(f, o)
	if p.NoFix != nil {
		return p // it may say where the group takes the key from
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.plans == nil || len(m.plans) >= memoSize {
		m.plans = map[subject]made{}
	}
	m.plans[at] = made{of, o, p}
	return p
}

// withoutGroup is the finding without what a plan that has steps doesn't rest on.
func (f Finding) withoutGroup() Finding {
	f.Group, f.Because, f.KeyID = "", nil, ""
	return f
}
