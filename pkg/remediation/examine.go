package remediation

import (
	"context"

	"keymend/pkg/plan"
	"keymend/pkg/signal"
)

// Examine is Diagnose for those who tell of a group as it stands, well or not. It returns
// what it saw, too: the launch, and each key of it. Of a look that ends before that,
// because the group is gone or AWS refused a call, the snapshot has no launch.
func (l *Looker) Examine(ctx context.Context, look signal.Look) (plan.Snapshot, []Diagnosis, error) {
	var saw plan.Snapshot
	out, err := l.diagnosed(ctx, look, func(ctx context.Context, look signal.Look) (pass, error) {
		p, err := l.observe(ctx, look)
		if err == nil {
			saw = p.Snapshot
		}
		return p, err
	})
	return saw, out, err
}
