package remediation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// lateness is how long KMS may show a policy as it was before a write: "usually less
// than a few seconds, in some cases several minutes". CloudTrail would tell who removed
// something no sooner: see docs/security.md.
// https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency
const lateness = 5 * time.Minute

// recentWrites are what was written to key policies a moment ago, by AWS's clock. It is
// safe for concurrent use; the zero value is empty.
type recentWrites struct {
	mu  sync.Mutex
	now time.Time // the latest that is known; zero = none is
	all []edit    // oldest first

	begun []mine // changes within the last hour, which the log may not show yet
}

// mine is a change that this process began.
type mine struct {
	at time.Time
	guard.Change
}

func (r *recentWrites) began(c guard.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = append(r.begun, mine{r.now, c})
}

// changes are those that this process began within the last hour.
func (r *recentWrites) changes() []guard.Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = slices.DeleteFunc(r.begun, func(b mine) bool { return r.now.Sub(b.at) > time.Hour })
	out := make([]guard.Change, len(r.begun))
	for i, b := range r.begun {
		out[i] = b.Change
	}
	return out
}

// reached notes what AWS's clock shows at the least.
func (r *recentWrites) reached(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.After(r.now) {
		r.now = now
	}
}

// An edit is a key policy before and after a write.
type edit struct {
	at            time.Time // zero = not known
	key           string
	before, after string
}

// wrote notes what came of a step, if it edited a key's policy.
func (x *Fixer) wrote(key string, d change.Result) {
	if !d.Changed || d.Before == d.After {
		return
	}
	x.recent.mu.Lock()
	defer x.recent.mu.Unlock()
	x.recent.all = append(x.recent.of(""), edit{x.recent.now, key, d.Before, d.After})
}

// recall takes from the log what other instances of the function wrote to a key a moment
// ago: the queue has them take turns, and each knows only of its own writes. It counts
// for what is carried out now.
func (x *Fixer) recall(ctx context.Context, d decision) error {
	now := x.recent.clock()
	if now.IsZero() || !d.Plan.Steps.Only(func(c change.Claim) bool { return c.Edits }) {
		return nil
	}
	told, err := x.recordsAbout(ctx, d.Plan.Target, now)
	if err == nil {
		x.recent.learn(d.Plan.Target, told)
	}
	return err
}

// recordsAbout are the records of the last minutes about a key, or a remediation, oldest first.
func (x *Fixer) recordsAbout(ctx context.Context, id string, now time.Time) ([]record.Record, error) {
	all, err := x.AWS.Logged(ctx, id, now.Add(-lateness), now.Add(lateness))
	if err != nil {
		return nil, fmt.Errorf("read what was written to %s in the last minutes: %w", id, err)
	}
	return oldestFirst(all), nil
}

func oldestFirst(all []record.Record) []record.Record {
	slices.SortStableFunc(all, func(a, b record.Record) int { return a.Time.Compare(b.Time) })
	return all
}

// learn takes the edits of a key's policy from records, oldest first.
func (r *recentWrites) learn(key string, told []record.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var edits []edit
	for _, t := range told {
		if t.Phase == record.Result && t.Key == key && t.Before != "" && t.After != "" && t.Before != t.After {
			edits = append(edits, edit{r.now.Add(-lateness), key, t.Before, t.After})
		}
	}
	r.all = append(edits, r.of("")...)
}

// learnRecentWrites takes from the log, and from the record that is to be taken back, what was
// written a moment ago. It reports whether the change itself is so recent that AWS may
// not show it yet; one of which a later record leaves nothing to take back isn't.
func (x *Fixer) learnRecentWrites(ctx context.Context, of record.Record) (bool, error) {
	now := time.Now() // who undoes is at a terminal, and has no other clock
	x.recent.reached(now)
	told, err := x.recordsAbout(ctx, cmp.Or(of.Key, of.RemediationID), now)
	if err != nil {
		return false, err
	}
	made := !of.Time.IsZero() && now.Sub(of.Time) < lateness
	if made {
		told = oldestFirst(append(told, of))
	}
	x.recent.learn(of.Key, told)
	return made && !slices.ContainsFunc(told, func(r record.Record) bool {
		nothing := r.Phase == record.Result && (len(r.Undo) == 0 || r.Outcome == outcome.PartlyUndone)
		return nothing && r.RemediationID == of.RemediationID && r.Time.After(of.Time)
	}), nil
}

func (r *recentWrites) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// of returns what is not older than KMS may be late, of a key; "" = of any.
func (r *recentWrites) of(key string) []edit {
	return slices.DeleteFunc(slices.Clone(r.all), func(e edit) bool {
		return !e.at.IsZero() && r.now.Sub(e.at) > lateness || key != "" && e.key != key
	})
}

// A freshReader reads policies, and has none pass that lacks what is known to have
// been written to them: whoever edited that would take the last edit back.
type freshReader struct {
	apply.Reader
	recent *recentWrites
	alone  bool // nobody else of Keymend's writes to the key at the same time
}

// Policy implements apply.Keys.
func (r freshReader) Policy(ctx context.Context, key string) (string, error) {
	policy, err := r.Reader.Policy(ctx, key)
	if err == nil && r.recent.lacks(key, policy, r.alone) {
		err = fmt.Errorf("read key policy of %s: %w; it may take five minutes", key, once.ErrStale)
	}
	return policy, err
}

// lacks reports whether a policy isn't what this process made of it. KMS may
// show the policy late, or somebody wrote over it since. It is late where it is the very
// policy that was there before, or where nobody else writes without this process knowing.
func (r *recentWrites) lacks(key, policy string, alone bool) bool {
	r.mu.Lock()
	edits := r.of(key)
	r.mu.Unlock()
	if len(edits) == 0 {
		return false
	}
	shown, wanted, differs := owned(policy), owned(edits[len(edits)-1].after), false
	for _, e := range edits {
		for _, text := range []string{e.before, e.after} {
			for named := range owned(text) {
				differs = differs || shown[named] != wanted[named]
			}
		}
	}
	known := slices.ContainsFunc(edits, func(e edit) bool { return keypolicy.Equal(policy, e.before) })
	return differs && (alone || known)
}

// owned lists whom Keymend's statements in a policy name, by statement.
func owned(policy string) map[string]bool {
	out := map[string]bool{}
	doc, err := keypolicy.Parse(policy)
	if err != nil {
		return out
	}
	for _, s := range doc.Statements() {
		if !keypolicy.Owned(s) {
			continue
		}
		for _, name := range s.Principal.AWS {
			out[s.Sid+" "+name] = true
		}
	}
	return out
}
