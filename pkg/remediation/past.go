package remediation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"keymend/pkg/guard"
	"keymend/pkg/history"
	"keymend/pkg/plan"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// knownFor is how far back Keymend knows what it wrote: a year's log takes too long.
const knownFor = 30 * 24 * time.Hour

// A pastLog reads what was written before, and no further back than the times that it is
// given.
type pastLog interface {
	// Begun returns the intents in remediate's log.
	Begun(ctx context.Context, since time.Time) ([]history.Entry, error)
	// Ended returns the outcomes there about a key, by its ARN.
	Ended(ctx context.Context, key string, since time.Time) ([]history.Entry, error)
}

// past is what was read of it; the zero value is nothing, and holds nothing back.
type past struct {
	read   bool
	today  string
	unread string
	begun  []guard.Change
	ended  map[string][]history.Entry // by the key's ARN
	gone   map[string]*guard.Removal  // by the finding
}

func (h past) of(f plan.Finding) guard.Past {
	return guard.Past{Read: h.read || h.unread != "", Begun: h.begun, Unread: h.unread, Today: h.today, Gone: h.gone[f.ID()], Dead: history.Outlived(h.ended[f.Facts.Key.ARN], f)}
}

// with adds what the log may not show yet.
func (h past) with(begun []guard.Change) past {
	h.begun = slices.Clone(h.begun)
	for _, c := range begun {
		if !slices.Contains(h.begun, c) {
			h.begun = append(h.begun, c)
		}
	}
	return h
}

// decideByPast plans and asks the guard; where it permits something, it asks the guard again
// by what was written before. Who asked in person isn't held back by that.
func (l *Looker) decideByPast(ctx context.Context, p pass) (pass, error) {
	p = l.decide(p)
	permitted := slices.DeleteFunc(slices.Clone(p.decisions), func(d decision) bool { return !d.permitted() && !d.vain })
	if l.Past == nil || l.Person.ARN != "" || len(permitted) == 0 {
		return p, nil
	}
	var keys []string
	for _, d := range permitted {
		if d.Plan.Opens() && !slices.Contains(keys, d.Finding.Facts.Key.ARN) {
			keys = append(keys, d.Finding.Facts.Key.ARN)
		}
	}
	var err error
	if p.past, err = l.readPast(ctx, p.past, p.look.Asked, keys); err != nil {
		return p, err
	}
	gone := maps.Clone(p.past.gone)
	for _, d := range permitted {
		if f := d.Finding; d.Plan.Opens() && gone[f.ID()] == nil {
			gone[f.ID()] = l.removed(ctx, f, p.past.ended[f.Facts.Key.ARN], p.look)
		}
	}
	p.past.gone = gone
	return l.decide(p), nil
}

// readPast reads what isn't read yet. A log that may not be read holds everything back;
// other errors are transient.
func (l *Looker) readPast(ctx context.Context, h past, now time.Time, keys []string) (past, error) {
	if h.gone == nil {
		h.gone = map[string]*guard.Removal{}
	}
	if now.IsZero() {
		h.unread = "the queue doesn't tell the time"
		return h, nil
	}
	ended := map[string][]history.Entry{}
	maps.Copy(ended, h.ended)
	keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { _, read := ended[key]; return read })
	found := make([][]history.Entry, len(keys)+1)
	tasks := []func() error{func() (err error) {
		if !h.read {
			found[len(keys)], err = l.Past.Begun(ctx, now.Add(-time.Hour))
		}
		return err
	}}
	for i, key := range keys {
		tasks = append(tasks, func() (err error) {
			found[i], err = l.Past.Ended(ctx, key, now.Add(-knownFor))
			return err
		})
	}
	err := together.Do(tasks...)
	switch _, final := finalOutcome(err); {
	case final:
		h.unread = reasonOf(err)
		return h, nil
	case err != nil:
		return h, fmt.Errorf("read what was written before: %w", err)
	}
	for i, key := range keys {
		ended[key] = found[i]
	}
	h = h.with(history.Begun(found[len(keys)]))
	h.today, h.ended, h.read = now.UTC().Format(time.DateOnly), ended, true
	return h, nil
}

// removed says what was taken away. KMS may show a policy as it was before a write for
// some minutes: until then only CloudTrail, if it names somebody, says that it was. Who took
// a grant, CloudTrail isn't asked: of each volume's end there is such a call. Its event says
// it, where that is why the group is looked at.
func (l *Looker) removed(ctx context.Context, f plan.Finding, all []history.Entry, look signal.Look) *guard.Removal {
	now := look.Asked
	gone := history.Gone(all, f)
	if gone == nil || gone.By != "" {
		return gone
	}
	if f.OwnKey() && f.Facts.Policy != nil && l.Edits != nil {
		gone.By = l.editor(ctx, f, gone.Written, now)
	}
	if gone.By == "" && now.Sub(gone.Written) < lateness {
		return nil
	}
	if t := look.Taken; gone.By == "" && t != nil && slices.Contains(gone.Grants, t.Grant) {
		gone.By = t.By + " took the grant away " + t.At.UTC().Format(time.RFC3339)
	}
	return gone
}

// editor says who wrote a key's policy first since Keymend did; "" = nobody that
// CloudTrail tells of. Where it may not be read, or is too busy, nobody is named.
func (l *Looker) editor(ctx context.Context, f plan.Finding, written, now time.Time) string {
	// The answer has the newest first, and whoever rewrites the policy all day fills it.
	soon := written.Add(time.Hour)
	if now.Before(soon) {
		soon = now
	}
	for _, span := range [][2]time.Time{{written, soon}, {soon, now}} {
		if !span[0].Before(span[1]) {
			continue
		}
		edits, err := l.Edits(ctx, f.Account, f.Region, f.Facts.Key.ARN, span[0], span[1])
		if err != nil {
			return ""
		}
		for _, e := range slices.Backward(edits) {
			if e.Role == "" || !l.isWriter(f.Account, e.Role) {
				return e.Caller + " wrote the key's policy " + e.Time.UTC().Format(time.RFC3339)
			}
		}
	}
	return ""
}
