package live

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
	"keymend/pkg/apply"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/permission"
	"keymend/pkg/plan"
	"keymend/pkg/remediation"
)

// An elsewhere reads keys, images and snapshots of other accounts in one Region,
// as the readers of those accounts. It is safe for concurrent use.
type elsewhere struct {
	world       AWS
	region      string
	remembering bool // read each key once

	mu      sync.Mutex
	readers map[string]*keystate.Reader // by account
}

// gathering returns one that reads each key once.
func (e *elsewhere) gathering() *elsewhere {
	return &elsewhere{world: e.world, region: e.region, remembering: true}
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
	cfg, err := e.config(ctx, owner)
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

func (e *elsewhere) client(ctx context.Context, owner string) (*kms.Client, error) {
	cfg, err := e.config(ctx, owner)
	if err != nil {
		return nil, err
	}
	return kms.NewFromConfig(cfg), nil
}

func (e *elsewhere) config(ctx context.Context, owner string) (aws.Config, error) {
	if !slices.Contains(e.world.Settings.Accounts, owner) {
		return aws.Config{}, fmt.Errorf("read account %s: %w", owner, launch.ErrNotListed)
	}
	cfg, err := e.world.Sessions.Config(ctx, owner, e.region, permission.Reader, nil)
	if err != nil {
		return aws.Config{}, fmt.Errorf("read account %s: %w", owner, err)
	}
	return cfg, nil
}

// images reads an account's images and snapshots.
func (e *elsewhere) images(ctx context.Context, owner string) (launch.Images, error) {
	cfg, err := e.config(ctx, owner)
	if err != nil {
		return nil, err
	}
	return ec2.NewFromConfig(cfg), nil
}

// notOnboarded says why an account can't be read at all; false where it can, or
// where something else went wrong.
func notOnboarded(owner string, err error) (string, bool) {
	d, _ := account.DenialOf(err)
	switch {
	case d.Action == "sts:AssumeRole":
		return "account " + owner + " isn't onboarded: " + d.Action + " was refused: " + account.Message(err), true
	case errors.Is(err, account.ErrOtherAccount), errors.Is(err, launch.ErrNotListed):
		return "account " + owner + " can't be read from here: " + account.Message(err), true
	}
	return "", false
}

// Try asks KMS, as who would make the grant, whether it would.
func (a AWS) Try(ctx context.Context, s remediation.Session, grant plan.CreateGrant) (plan.Trial, error) {
	w, err := a.Open(ctx, s)
	if err != nil {
		return plan.Trial{}, err
	}
	return apply.TryGrant(ctx, w, Sleep, grant)
}
