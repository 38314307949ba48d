package command

import (
	"context"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/observe"
	"keymend/pkg/signal"
)

// history reads how the group's launches have gone. The answer does without it: where it
// can't be read, the screen says why.
func (p *program) history(ctx context.Context, s session, look signal.Look) report.History {
	return scan.History(p.course(ctx, s, look))
}

func (p *program) course(ctx context.Context, s session, look signal.Look) (observe.Course, error) {
	fleet, err := p.world(s).Fleet(ctx, look.Account, look.Region)
	if err != nil {
		return observe.Course{}, err
	}
	return fleet.Course(ctx, look.Group)
}
