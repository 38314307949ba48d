package remediation

import (
	"context"
	"errors"
	"fmt"

	"keymend/pkg/apply"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/together"
)

// readLaunch reads the launch, and beside it the key that it is expected to need, and
// what was written to that before.
func (l *Looker) readLaunch(ctx context.Context, p *pass) error {
	if p.expected == nil {
		var err error
		p.Launch, err = p.view.Launch(ctx, p.Group)
		return err
	}
	var err error
	_ = together.Do(
		func() error { p.Launch, err = p.view.Launch(ctx, p.Group); return nil },
		// Both are read again where they are needed, if they can't be read.
		func() error { p.expected.failed = p.expected.from(ctx, p.view); return nil },
		func() error {
			if l.Past == nil || l.Person.ARN != "" {
				return nil
			}
			if h, failed := l.readPast(ctx, p.past, p.look.Asked, []string{p.expected.key.ID}); failed == nil && h.unread == "" {
				p.past = h
			}
			return nil
		},
	)
	return err
}

// A read is one key as one of the launch's roles would find it.
type read struct {
	key      launch.Key
	role     int // position in the launch's Principals
	roleARN  string
	state    keystate.State
	notFound string
	failed   error // why it couldn't be read ahead
}

// known takes over what was read ahead, if that is the same.
func (r *read) known(expected *read) bool {
	if expected == nil || expected.failed != nil || r.key.ID != expected.key.ID || r.roleARN != expected.roleARN {
		return false
	}
	r.state, r.notFound = expected.state, expected.notFound
	return true
}

// reads lists them, for the group's own role first. A key that can't be told is
// in Unseen instead.
func (p *pass) reads() []read {
	var out []read
	for i, principal := range p.Launch.Principals() {
		for _, key := range p.Launch.Keys {
			switch {
			case key.ID != "":
				out = append(out, read{key: key, role: i, roleARN: principal.ARN})
			case i == 0:
				p.Unseen = append(p.Unseen, because(key)...)
			}
		}
	}
	return out
}

func (r *read) from(ctx context.Context, view apply.Reader) error {
	var err error
	r.state, err = view.Key(ctx, r.key.ID, r.roleARN)
	if errors.Is(err, keystate.ErrKeyNotFound) {
		r.notFound, err = err.Error(), nil
	}
	if err != nil {
		return fmt.Errorf("read key %s: %w", r.key.ID, err)
	}
	return nil
}
