package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/guard"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/plan"
)

// A look is a group as it is now: what its next launch needs, and what of that
// the role has.
type look struct {
	signal   Signal
	view     View
	launch   launch.Launch
	findings []plan.Finding    // one for each role and key, by its ARN; the group's own role first
	move     *move             // to the role that the settings name; nil = the group stays as it is
	keeps    string            // why it isn't moved, though the settings would have it
	unseen   []string          // what the launch needs and could not be told
	at       time.Time         // now, by AWS's clock, as near as it is known; zero = not
	waited   time.Duration     // the least that has passed since the message was sent
	means    map[string]string // keys as they are written down, to their ARNs
	guard    guard.Switch
	guardSay string
}

// look reads everything anew. Only account, Region and group are taken from the
// signal.
func (e *Engine) look(ctx context.Context, s Signal) (*look, error) {
	view, err := e.View(ctx, s.Account, s.Region)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", s.Group, err)
	}
	l := &look{signal: s, view: view, means: map[string]string{}}
	if l.launch, err = view.Launch(ctx, s.Group); err != nil {
		return nil, fmt.Errorf("look at %s: %w", s.Group, err)
	}
	if l.launch.Deleting {
		return nil, fmt.Errorf("look at %s: it is being deleted: %w", s.Group, launch.ErrGroupNotFound)
	}
	l.unseen = slices.Clone(l.launch.Unknown)
	if len(l.launch.Keys) == 0 {
		return l, nil
	}
	reads := l.reads()
	tasks := []func() error{func() (err error) { l.guard, l.guardSay, err = e.Switch(ctx); return wrap("read switch", err) }}
	roles := make([]access.Principal, len(l.launch.Principals()))
	for i, p := range l.launch.Principals() {
		tasks = append(tasks, func() (err error) { roles[i], err = view.Role(ctx, p.ARN); return err })
	}
	for i := range reads {
		tasks = append(tasks, func() error { return reads[i].from(ctx, view) })
	}
	if err := together(tasks); err != nil {
		return nil, fmt.Errorf("look at %s: %w", s.Group, err)
	}
	l.conclude(reads, roles)
	if err := e.moving(ctx, l); err != nil {
		return nil, fmt.Errorf("look at %s: %w", s.Group, err)
	}
	return l, nil
}

// A read is one key as one of the launch's roles would find it.
type read struct {
	key      launch.Key
	role     int // position in the launch's Principals
	roleARN  string
	state    keystate.State
	notFound string
}

// reads lists them, for the group's own role first. A key that can't be told is
// in unseen instead.
func (l *look) reads() []read {
	var out []read
	for i, p := range l.launch.Principals() {
		for _, key := range l.launch.Keys {
			switch {
			case key.ID != "":
				out = append(out, read{key: key, role: i, roleARN: p.ARN})
			case i == 0:
				l.unseen = append(l.unseen, because(key)...)
			}
		}
	}
	return out
}

func (r *read) from(ctx context.Context, view View) error {
	var err error
	r.state, err = view.Key(ctx, r.key.ID, r.roleARN)
	if errors.Is(err, keystate.ErrKeyNotFound) {
		r.notFound, err = err.Error(), nil
	}
	return wrap("read key "+r.key.ID, err)
}

// conclude: two ways of writing a key down (alias and ARN, say) are one key.
func (l *look) conclude(reads []read, roles []access.Principal) {
	cause := activity.Classify(l.signal.StatusMessage).Cause
	uses := map[int][]encryption.Use{} // by the finding
	for _, r := range reads {
		f := finding(l.signal, r.key, roles[r.role], r.state)
		f.Cause = cause
		if r.notFound != "" {
			f.Facts.Key.ARN, f.KeyNotFound = r.key.ID, r.notFound
		}
		l.means[r.key.ID] = f.Facts.Key.ARN
		if r.role > 0 {
			f.Because = append(f.Because, l.launch.Also[r.role-1].Because)
		}
		at := slices.IndexFunc(l.findings, func(o plan.Finding) bool {
			return o.Facts.Key.ARN == f.Facts.Key.ARN && o.Principal.ARN == f.Principal.ARN
		})
		if at < 0 {
			uses[len(l.findings)] = slices.Clone(r.key.Uses)
			l.findings = append(l.findings, f)
			continue
		}
		o := &l.findings[at]
		o.Because, o.SharedBy = append(o.Because, f.Because...), append(o.SharedBy, f.SharedBy...)
		o.Operations = slices.Compact(slices.Sorted(slices.Values(append(o.Operations, f.Operations...))))
		uses[at] = append(uses[at], r.key.Uses...)
		if ops := l.launch.Operations(uses[at]); ops != nil {
			o.Operations = ops
		}
	}
	for i := range l.findings {
		l.findings[i] = l.findings[i].Evaluate()
	}
}

// together runs tasks side by side, and returns the first error in their order.
func together(tasks []func() error) error {
	errs := make([]error, len(tasks))
	var wg sync.WaitGroup
	for i, task := range tasks {
		wg.Go(func() { errs[i] = task() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func finding(s Signal, key launch.Key, principal access.Principal, state keystate.State) plan.Finding {
	return plan.Finding{
		Account: s.Account, Region: s.Region, Group: s.Group,
		KeyID: key.ID, Alias: state.Alias, Because: because(key), Principal: principal,
		Operations: slices.Clone(key.Operations), Facts: state.Facts,
		Tags: state.Tags, TagsUnreadable: state.TagsUnreadable, SharedBy: sharedBy(key),
	}
}

func sharedBy(key launch.Key) []string {
	var out []string
	for _, use := range key.Uses {
		if use.SharedBy != "" && !slices.Contains(out, use.SharedBy) {
			out = append(out, use.SharedBy)
		}
	}
	return out
}

func because(key launch.Key) []string {
	var out []string
	for _, use := range key.Uses {
		out = append(out, use.Because)
	}
	return out
}

// find returns the finding about a key for a role, the group's own where none is
// named; false where the launch doesn't need it any more.
func (l *look) find(keyARN, principal string) (plan.Finding, bool) {
	if principal == "" {
		principal = l.launch.Principal.ARN
	}
	at := slices.IndexFunc(l.findings, func(f plan.Finding) bool {
		return f.Facts.Key.ARN == keyARN && f.Principal.ARN == principal
	})
	if at < 0 {
		return plan.Finding{}, false
	}
	return l.findings[at], true
}
