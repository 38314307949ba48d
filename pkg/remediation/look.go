package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/guard"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
)

// A look is a group as it is now: what its next launch needs, and what of that
// the role has.
type look struct {
	signal   Signal
	view     View
	launch   launch.Launch
	findings []plan.Finding // one for each key, by its ARN
	unseen   []string       // what the launch needs and could not be told
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
	l := &look{signal: s, view: view}
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
	principal, err := view.Role(ctx, l.launch.Principal.ARN)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", s.Group, err)
	}
	if l.guard, l.guardSay, err = e.Switch(ctx); err != nil {
		return nil, fmt.Errorf("look at %s: read switch: %w", s.Group, err)
	}
	return l, l.readKeys(ctx, principal)
}

// readKeys: two ways of writing a key down (alias and ARN, say) are one key.
func (l *look) readKeys(ctx context.Context, principal access.Principal) error {
	cause := activity.Classify(l.signal.StatusMessage).Cause
	for _, key := range l.launch.Keys {
		if key.ID == "" {
			l.unseen = append(l.unseen, because(key)...)
			continue
		}
		state, err := l.view.Key(ctx, key.ID, principal.ARN)
		missing := errors.Is(err, keystate.ErrKeyNotFound)
		if err != nil && !missing {
			return fmt.Errorf("look at %s: read key %s: %w", l.signal.Group, key.ID, err)
		}
		f := finding(l.signal, key, principal, state)
		f.Cause = cause
		if missing {
			f.Facts.Key.ARN, f.KeyNotFound = key.ID, err.Error()
		}
		at := slices.IndexFunc(l.findings, func(o plan.Finding) bool { return o.Facts.Key.ARN == f.Facts.Key.ARN })
		if at < 0 {
			l.findings = append(l.findings, f)
			continue
		}
		o := &l.findings[at]
		o.Because = append(o.Because, f.Because...)
		o.Operations = slices.Compact(slices.Sorted(slices.Values(append(o.Operations, f.Operations...))))
	}
	for i := range l.findings {
		l.findings[i] = l.findings[i].Evaluate()
	}
	return nil
}

func finding(s Signal, key launch.Key, principal access.Principal, state keystate.State) plan.Finding {
	return plan.Finding{
		Account: s.Account, Region: s.Region, Group: s.Group,
		KeyID: key.ID, Alias: state.Alias, Because: because(key), Principal: principal,
		Operations: slices.Clone(key.Operations), Facts: state.Facts,
		Tags: state.Tags, TagsUnreadable: state.TagsUnreadable,
	}
}

func because(key launch.Key) []string {
	var out []string
	for _, use := range key.Uses {
		out = append(out, use.Because)
	}
	return out
}

// find returns the finding about a key; false where the launch doesn't need it
// any more.
func (l *look) find(keyARN string) (plan.Finding, bool) {
	at := slices.IndexFunc(l.findings, func(f plan.Finding) bool { return f.Facts.Key.ARN == keyARN })
	if at < 0 {
		return plan.Finding{}, false
	}
	return l.findings[at], true
}

// plan makes the plan for a finding.
func (e *Engine) plan(f plan.Finding) plan.Plan {
	return plan.For(f, e.options(f, e.Settings.OwnKey))
}

func (e *Engine) options(f plan.Finding, ownKey string) plan.Options {
	o := plan.Options{OwnKey: ownKey, OwnershipTags: e.Settings.OwnershipTags}
	if e.RetiringRole != nil {
		o.RetiringRole = e.RetiringRole(f.Account)
	}
	return o
}

// judge asks whether the plan may be carried out.
func (e *Engine) judge(l *look, f plan.Finding, p plan.Plan) guard.Verdict {
	return guard.Judge(guard.Input{
		Mode: guard.ParseMode(e.Settings.Mode), Scope: e.Settings.Scope,
		Switch: l.guard, SwitchText: l.guardSay,
		KeyTags: f.Tags, TagsUnreadable: f.TagsUnreadable,
		OwnKey: f.OwnKey(), PersonAsked: e.PersonAsked,
		Principal: f.Principal.ARN, Account: f.Account,
	}, p)
}
