package command

import (
	"context"
	"errors"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/signal"
)

// Looks at other groups are bounded, by the number of keys and by time.
const (
	mostShared = 3
	patience   = 10 * time.Second
)

// also asks which other groups use the keys that stand in the group's way.
func (p *program) also(ctx context.Context, s session, g *report.Group) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	asked := 0
	for _, k := range g.Keys {
		if !k.Asks() || asked == mostShared {
			continue
		}
		asked++
		if err := p.shared(ctx, s, g, k.Finding.Key); err != nil {
			g.Unshared = "which other groups use the key: " + err.Error()
			return
		}
	}
}

func (p *program) shared(ctx context.Context, s session, g *report.Group, key string) error {
	fleet, err := p.world(s).Fleet(ctx, g.Head.Account, g.Head.Region)
	if err != nil {
		return err
	}
	users, err := fleet.Users(ctx, signal.Users{Key: key})
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("they couldn't be read in time")
	}
	if err != nil {
		return err
	}
	others, failing := 0, 0
	for _, u := range users {
		if u.Name == g.Head.Group {
			continue
		}
		others++
		if u.Lacks {
			failing++
		}
	}
	g.Share(key, others, failing)
	return nil
}
