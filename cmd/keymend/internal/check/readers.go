package check

import (
	"context"
	"fmt"
	"sync"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/keystate"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/remediation"
	"keymend/pkg/whatif"
)

// A Supposer is a reader that can tell of launches under other EBS settings than the
// account has. Both readers share what they remember.
type Supposer interface {
	Supposing(settings func(encryption.Defaults) encryption.Defaults) apply.Reader
}

// altered are readers that show all as it would be after a change.
type altered struct {
	remediation.Readers
	by *alteration
}

// View implements remediation.Readers.
func (a altered) View(ctx context.Context, account, region string) (apply.Reader, error) {
	v, err := a.Readers.View(ctx, account, region)
	if err != nil {
		return nil, err
	}
	s, ok := v.(Supposer)
	if !ok {
		return nil, fmt.Errorf("read account %s as it would be: %T can't suppose other EBS settings", account, v)
	}
	return reader{s.Supposing(a.by.settings), a.by}, nil
}

// An alteration is a change, with the keys that it was carried out on.
type alteration struct {
	whatif.Change
	mu   sync.Mutex
	keys map[[2]string]keystate.State // by key as it is written down, and role
	met  map[string]bool              // grants that are revoked and were there, by id
	was  encryption.Defaults          // the EBS settings as they are; zero where they weren't read
}

// settings are the account's EBS settings as they would be.
func (a *alteration) settings(now encryption.Defaults) encryption.Defaults {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.was = now
	return a.Defaults(now)
}

// seen returns the EBS settings as they are.
func (a *alteration) seen() encryption.Defaults {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.was
}

// of returns a key as it would be. Whoever puts a policy on it knows that policy.
func (a *alteration) of(key, role string, s keystate.State) (keystate.State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := [2]string{key, role}
	if known, ok := a.keys[at]; ok {
		return known, nil
	}
	for _, g := range s.Facts.Grants {
		if a.Revokes(s.Facts.Key.ARN, g.ID) {
			a.met[g.ID] = true
		}
	}
	var err error
	if s.Facts, err = a.Facts(s.Facts); err != nil {
		return keystate.State{}, fmt.Errorf("read key %s as it would be: %w", key, err)
	}
	s.KeptOut = s.KeptOut && !a.Puts(s.Facts.Key.ARN)
	a.keys[at] = s
	return s, nil
}

// A reader shows an account as it would be.
type reader struct {
	apply.Reader
	by *alteration
}

var _ remediation.Gatherer = reader{}

// Gather implements remediation.Gatherer.
func (r reader) Gather(groups []string) apply.Reader {
	if many, ok := r.Reader.(remediation.Gatherer); ok {
		r.Reader = many.Gather(groups)
	}
	return r
}

// Key implements apply.Keys.
func (r reader) Key(ctx context.Context, id, principalARN string) (keystate.State, error) {
	s, err := r.Reader.Key(ctx, id, principalARN)
	if err != nil {
		return s, err
	}
	return r.by.of(id, principalARN, s)
}

// Policy implements apply.Keys.
func (r reader) Policy(ctx context.Context, key string) (string, error) {
	for _, p := range r.by.Policies {
		if p.Key == key {
			return p.Document.String(), nil
		}
	}
	return r.Reader.Policy(ctx, key)
}

// Grant implements apply.Keys.
func (r reader) Grant(ctx context.Context, key, id string) (access.Grant, error) {
	if r.by.Revokes(key, id) {
		return access.Grant{}, nil
	}
	return r.Reader.Grant(ctx, key, id)
}

// Role implements apply.Keys.
func (r reader) Role(ctx context.Context, arn string) (access.Principal, error) {
	p, err := r.Reader.Role(ctx, arn)
	if err != nil {
		return p, err
	}
	return r.by.Principal(p), nil
}
