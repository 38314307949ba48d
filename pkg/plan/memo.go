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
	evaluated kept[evaluated]
	plans     kept[Plan]
}

type evaluated struct {
	results  []access.Result
	instance access.Result
}

// Evaluate does what Finding.Evaluate does.
func (m *Memo) Evaluate(f Finding) Finding {
	if m == nil {
		return f.Evaluate()
	}
	at, of := f.apart()
	of.Results, of.Instance = nil, access.Result{}
	e := m.evaluated.get(at, of, func() (evaluated, bool) {
		done := f.Evaluate()
		return evaluated{done.Results, done.Instance}, true
	})
	f.Results, f.Instance = e.results, e.instance
	return f
}

// plan returns the plan for a finding. Of another account's key much else is read that
// differs from group to group; those are few. A plan without steps may say where the group
// takes the key from, so it isn't kept.
func (m *Memo) plan(f Finding, o Options) Plan {
	o.Known = nil
	if m == nil || !f.OwnKey() || o.ForeignKey == settings.ForeignCopy {
		return planned(f, o)
	}
	at, of := f.apart()
	return m.plans.get(at, planOf{of, o}, func() (Plan, bool) {
		p := planned(f, o)
		return p, p.NoFix == nil
	})
}

// planOf is all that a plan is made of.
type planOf struct {
	finding Finding
	options Options
}

// apart is a finding without what tells one group from another: neither its results nor a
// plan that has steps rest on that.
func (f Finding) apart() (subject, Finding) {
	f.Group, f.Because, f.KeyID = "", nil, ""
	return subject{f.Facts.Key.ARN, f.Principal.ARN, f.FailedSince}, f
}

// A subject is what one value is kept of.
type subject struct {
	key, role string
	failed    bool
}

// kept has the newest value of each subject, with all that it was made of.
type kept[V any] struct {
	mu     sync.Mutex
	values map[subject]made[V]
}

type made[V any] struct {
	of    any
	value V
}

// most bounds what is kept. A plan may hold two policies of 32 KB.
const most = 128

// get returns the subject's value where it was made of the same. Else it is made, and kept
// where compute says so.
func (k *kept[V]) get(at subject, of any, compute func() (V, bool)) V {
	k.mu.Lock()
	old, ok := k.values[at]
	k.mu.Unlock()
	if ok && reflect.DeepEqual(old.of, of) {
		return old.value
	}
	value, keep := compute()
	if !keep {
		return value
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.values == nil || len(k.values) >= most {
		k.values = map[subject]made[V]{}
	}
	k.values[at] = made[V]{of, value}
	return value
}
