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

// otherAccounts read keys, images and snapshots of other accounts in one Region,
// as those accounts' key readers. It is safe for concurrent use.
type otherAccounts struct {
	settings    settings.Config                                             // say which accounts may be read
	config      func(ctx context.Context, owner string) (aws.Config, error) // of an account's key reader
	remembering bool                                                        // read each key once

	mu      sync.Mutex
	readers map[string]*keystate.Reader // by account
}

// gathering returns one that reads each key once.
func (o *otherAccounts) gathering() *otherAccounts {
	return &otherAccounts{settings: o.settings, config: o.config, remembering: true}
}

func (o *otherAccounts) key(ctx context.Context, owner, id, principalARN string) (keystate.State, error) {
	r, err := o.reader(ctx, owner)
	if err != nil {
		return keystate.State{}, err
	}
	return r.Read(ctx, id, principalARN)
}

func (o *otherAccounts) reader(ctx context.Context, owner string) (*keystate.Reader, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.readers[owner]; r != nil {
		return r, nil
	}
	cfg, err := o.listed(ctx, owner)
	if err != nil {
		return nil, err
	}
	r := keystate.FromConfig(owner, cfg)
	if o.remembering {
		r = r.Remembering()
	}
	if o.readers == nil {
		o.readers = map[string]*keystate.Reader{}
	}
	o.readers[owner] = r
	return r, nil
}

func (o *otherAccounts) policies(ctx context.Context, owner string) (Policies, error) {
	cfg, err := o.listed(ctx, owner)
	if err != nil {
		return nil, err
	}
	return kms.NewFromConfig(cfg), nil
}

func (o *otherAccounts) listed(ctx context.Context, owner string) (aws.Config, error) {
	if !o.settings.Organization() && !slices.Contains(o.settings.Accounts, owner) {
		return aws.Config{}, fmt.Errorf("read account %s: %w", owner, observe.ErrNotListed)
	}
	return o.config(ctx, owner)
}

// images reads an account's images and snapshots.
func (o *otherAccounts) images(ctx context.Context, owner string) (observe.Images, error) {
	cfg, err := o.listed(ctx, owner)
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

// An outsideError says that an account doesn't let the hub in. It unwraps to AWS's refusal.
type outsideError struct {
	account string
	err     error
}

// Error implements error.
func (n *outsideError) Error() string {
	return "account " + n.account + " isn't in the organization, or has no stack of the set keymend-roles: sts:AssumeRole of its role " + string(permission.Reader) + " was refused: " + account.Message(n.err)
}

// Unwrap has it count as AWS's refusal.
func (n *outsideError) Unwrap() error { return n.err }

// enter takes the reader's role, which is kept: where the account has none for the hub,
// that is said before anything is read there.
func enter(ctx context.Context, cfg aws.Config, accountID string) error {
	_, err := cfg.Credentials.Retrieve(ctx)
	if d, _ := account.DenialOf(err); d.Action == "sts:AssumeRole" {
		return &outsideError{accountID, err}
	}
	return err
}
