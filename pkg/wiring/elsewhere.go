package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/account"
	"keymend/pkg/keystate"
	"keymend/pkg/observe"
	"keymend/pkg/permission"
	"keymend/pkg/settings"
)

// An elsewhere reads keys, images and snapshots of other accounts in one Region,
// as those accounts' key readers. It is safe for concurrent use.
type elsewhere struct {
	settings    settings.Config                                             // say which accounts may be read
	config      func(ctx context.Context, owner string) (aws.Config, error) // of an account's key reader
	remembering bool                                                        // read each key once

	mu      sync.Mutex
	readers map[string]*keystate.Reader // by account
}

// gathering returns one that reads each key once.
func (e *elsewhere) gathering() *elsewhere {
	return &elsewhere{settings: e.settings, config: e.config, remembering: true}
}

func (e *elsewhere) key(ctx context.Context, owner, id, principalARN string) (keystate.State, error) {
	r, err := e.reader(ctx, owner)
	if err != nil {
		return keystate.State{}, err
	}
	return r.Read(ctx, id, principalARN)
}

func (e *elsewhere) reader(ctx context.Context, owner string) (*keystate.Reader, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.readers[owner]; r != nil {
		return r, nil
	}
	cfg, err := e.listed(ctx, owner)
	if err != nil {
		return nil, err
	}
	r := keystate.FromConfig(owner, cfg)
	if e.remembering {
		r = r.Remembering()
	}
	if e.readers == nil {
		e.readers = map[string]*keystate.Reader{}
	}
	e.readers[owner] = r
	return r, nil
}

func (e *elsewhere) policies(ctx context.Context, owner string) (Policies, error) {
	cfg, err := e.listed(ctx, owner)
	if err != nil {
		return nil, err
	}
	return kms.NewFromConfig(cfg), nil
}

func (e *elsewhere) listed(ctx context.Context, owner string) (aws.Config, error) {
	if !e.settings.Organization() && !slices.Contains(e.settings.Accounts, owner) {
		return aws.Config{}, fmt.Errorf("read account %s: %w", owner, observe.ErrNotListed)
	}
	return e.config(ctx, owner)
}

// images reads an account's images and snapshots.
func (e *elsewhere) images(ctx context.Context, owner string) (observe.Images, error) {
	cfg, err := e.listed(ctx, owner)
	if no, outside := errors.AsType[*outsideError](err); outside {
		return nil, errors.New(no.Error()) // which says more than AWS's own text
	}
	if err != nil {
		return nil, err
	}
	return ec2.NewFromConfig(cfg), nil
}

// notOnboarded says why an account can't be read at all; false where it can, or
// where something else went wrong.
func notOnboarded(owner string, err error) (string, bool) {
	if no, outside := errors.AsType[*outsideError](err); outside {
		return no.Error(), true
	}
	d, _ := account.DenialOf(err)
	switch {
	case d.Action == "sts:AssumeRole":
		return "account " + owner + " isn't onboarded, or not for this version, which reads there as " + string(permission.KeyReader) + ": " + d.Action + " was refused: " + account.Message(err), true
	case errors.Is(err, account.ErrOtherAccount), errors.Is(err, observe.ErrNotListed):
		return "account " + owner + " can't be read from here: " + account.Message(err), true
	}
	return "", false
}

func distinct(texts []string) []string { return slices.Compact(slices.Sorted(slices.Values(texts))) }
