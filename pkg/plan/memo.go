package plan

import (
	"reflect"
	"sync"

	"keymend/pkg/access"
	"keymend/pkg/settings"
)

// A Memo keeps what was evaluated and planned: the groups of a storm come to one plan for
// a key, a role and the same facts about them. What it keeps is taken only where all is
// equal that it was made of, so it doesn't grow old. It is safe for concurrent use; the
// zero value is empty, and nil keeps nothing.
type Memo struct {
	mu        sync.Mutex
	evaluated map[subject]evaluated
	plans     map[subject]made
}

// memoSize bounds a Memo. A plan may hold two policies of 32 KB.
const memoSize = 128

// A subject is what one result and one plan are kept of.
type subject struct {
	key, role string
	failed    bool
}

type evaluated struct {
	finding  Finding
	results  []access.Result
	instance access.Result
}

type made struct {
	finding Finding
	options Options
	plan    Plan
}

// Evaluate does what Finding.Evaluate does.
func (m *Memo) Evaluate(f Finding) Finding {
	if m == nil {
		return f.Evaluate()
	}
	at, of := f.apart()
	of.Results, of.Instance = nil, access.Result{}
	m.mu.Lock()
	old, ok := m.evaluated[at]
	m.mu.Unlock()
	if ok && reflect.DeepEqual(old.finding, of) {
		f.Results, f.Instance = old.results, old.instance
		return f
	}
	f = f.Evaluate()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.evaluated == nil || len(m.evaluated) >= memoSize {
		m.evaluated = map[subject]evaluated{}
	}
	m.evaluated[at] = evaluated{of, f.Results, f.Instance}
	return f
}

// plan returns the plan for a finding. Of another account's key much else is read that
// differs from group to group; those are few.
func (m *Memo) plan(f Finding, o Options) Plan {
	o.Known = nil
	if m == nil || !f.OwnKey() || o.ForeignKey == settings.ForeignCopy {
		return planned(f, o)
	}
	at, of := f.apart()
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

// apart is a finding without what tells one group from another: neither its results nor a
// plan that has steps rest on that.
func (f Finding) apart() (subject, Finding) {
	f.Group, f.Because, f.KeyID = "", nil, ""
	return subject{f.Facts.Key.ARN, f.Principal.ARN, f.FailedSince}, f
}
