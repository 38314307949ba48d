package command

import (
	"context"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/activity"
	"keymend/pkg/launch"
)

// history reads how the group has fared. It is worth knowing, not needed: what
// stands in the way of reading it is reported as not seen.
func (p *program) history(ctx context.Context, s session, f activity.Failure) report.History {
	const page = 100
	world, err := p.world(s)
	var h launch.History
	if err == nil {
		h, err = world.History(ctx, f.Account, f.Region, f.Group)
	}
	if err != nil {
		return report.History{Unreadable: err.Error()}
	}
	return report.History{
		Failed: h.Failed, Since: h.Since, Last: h.Last.Time, More: h.Failed >= page,
		Status: h.Last.StatusCode, Message: h.Last.StatusMessage,
	}
}
