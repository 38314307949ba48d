package command

import (
	"context"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/observe"
	"keymend/pkg/signal"
)

// history reads how the group has fared. It is worth knowing, not needed: what
// stands in the way of reading it is reported as not seen.
func (p *program) history(ctx context.Context, s session, look signal.Look) report.History {
	const page = 100
	world, err := p.world(s)
	var h observe.History
	if err == nil {
		h, err = world.History(ctx, look.Account, look.Region, look.Group)
	}
	if err != nil {
		return report.History{Unreadable: err.Error()}
	}
	return report.History{
		Failed: h.Failed, Since: h.Since, Last: h.Last.Time, More: h.Failed >= page,
		Status: h.Last.StatusCode, Message: h.Last.StatusMessage,
	}
}
