package remediation

import (
	"context"
	"errors"
	"fmt"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/keystate"
	"keymend/pkg/plan"
	"keymend/pkg/plan/copies"
	"keymend/pkg/settings"
)

// readCopies reads what there is to do without other accounts' keys, where the
// settings ask for that. A refusal by AWS is part of the finding.
func (l *Looker) readCopies(ctx context.Context, p *pass) error {
	if p.options.ForeignKey != settings.ForeignCopy {
		return nil
	}
	for _, all := range [][]plan.Finding{p.Findings, p.Turned} {
		for i, f := range all {
			if f.OwnKey() || f.Decision() == access.Allowed {
				continue
			}
			c, err := l.readCase(ctx, p, f)
			if _, final := finalOutcome(err); final {
				all[i].CopiesUnread, err = reasonOf(err), nil
			}
			if err != nil {
				return fmt.Errorf("look at copies: %w", err)
			}
			all[i].Copy = &c
		}
	}
	return nil
}

func (l *Looker) copies() bool { return l.Settings.ForeignKey == settings.ForeignCopy }

func (l *Looker) readCase(ctx context.Context, p *pass, f plan.Finding) (copies.Case, error) {
	c := copies.Case{Account: f.Account, Region: f.Region, Group: f.Group, Key: f.Facts.Key.ARN, MoveDefault: l.Settings.MoveDefault}
	var err error
	if c.CopyKey, c.CopyKeyProblem, err = l.copyKey(ctx, p, f); err != nil || c.CopyKeyProblem != "" {
		return c, err
	}
	means := func(written string) bool { return p.Means[written] == f.Facts.Key.ARN }
	c.Ways, err = p.view.Storage().Read(ctx, p.Launch.Ways, means, c.CopyKey.ARN)
	if err != nil {
		return c, err
	}
	c.Keys, err = owners(ctx, p, f, c.Ways)
	return c, err
}

// copyKey reads the settings' key, and says why it can't be taken.
func (l *Looker) copyKey(ctx context.Context, p *pass, f plan.Finding) (copies.Key, string, error) {
	id := l.Settings.CopyKey
	switch a, ok := arn.Parse(id); {
	case ok && a.Region != f.Region:
		return copies.Key{ARN: id}, fmt.Sprintf("the copy key %s is in %s, the group in %s; EBS takes keys of its own Region only.", id, a.Region, f.Region), nil
	case ok && a.Account != f.Account:
		return copies.Key{ARN: id}, fmt.Sprintf("the copy key %s belongs to account %s, the group to account %s.", id, a.Account, f.Account), nil
	}
	state, err := p.view.Key(ctx, id, f.Principal.ARN)
	if errors.Is(err, keystate.ErrKeyNotFound) {
		return copies.Key{ARN: id}, fmt.Sprintf("there is no copy key %s in account %s and %s: %v.", id, f.Account, f.Region, err), nil
	}
	if err != nil {
		return copies.Key{}, "", err
	}
	return keyOf(state), f.Unfit(p.options, state.Facts), nil
}

func keyOf(s keystate.State) copies.Key {
	return copies.Key{ARN: s.Facts.Key.ARN, Managed: s.Facts.Key.Manager == "AWS", Tags: s.Tags, Unreadable: s.TagsUnreadable}
}

// owners returns what the owners of all keys say that the data lies under, the
// finding's key first.
func owners(ctx context.Context, p *pass, f plan.Finding, ways []copies.Way) ([]copies.Key, error) {
	out := []copies.Key{{ARN: f.Facts.Key.ARN, Managed: f.Facts.Key.Manager == "AWS", Tags: f.Tags, Unreadable: f.TagsUnreadable}}
	known := map[string]bool{f.Facts.Key.ARN: true}
	for _, w := range ways {
		for _, s := range w.Sources {
			for _, key := range s.Keys {
				if known[key] {
					continue
				}
				known[key] = true
				k, err := owner(ctx, p, f, key)
				if err != nil {
					return nil, err
				}
				out = append(out, k)
			}
		}
	}
	return out, nil
}

// owner: a key that can't be read has an owner whose word isn't known.
func owner(ctx context.Context, p *pass, f plan.Finding, key string) (copies.Key, error) {
	state, err := p.view.Key(ctx, key, f.Principal.ARN)
	switch {
	case err == nil:
		k := keyOf(state)
		k.ARN = key
		return k, nil
	case errors.Is(err, keystate.ErrKeyNotFound), account.Final(err):
		return copies.Key{ARN: key, Unreadable: err.Error()}, nil
	}
	return copies.Key{}, fmt.Errorf("read key %s: %w", key, err)
}
