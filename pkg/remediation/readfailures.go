package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"keymend/pkg/activity"
	"keymend/pkg/history"
	"keymend/pkg/plan"
)

// readFailedSince asks diagnose's log about keys whose policy may be access enough, as
// far as can be told: if it saw the same policy and grants before the launch failed for
// a key, they aren't enough. CloudTrail, which shows a change up to 15 minutes late,
// can't say that there was none.
func (l *Looker) readFailedSince(ctx context.Context, p *pass) error {
	const back = 48 * time.Hour
	if l.Person.ARN != "" || p.look.Failed.IsZero() || activity.Classify(p.look.Text).Cause != activity.KMSAccess {
		return nil
	}
	for i, f := range p.Findings {
		if !f.OwnKey() || plan.For(f, p.options).Doubt == "" {
			continue
		}
		records, err := l.AWS.Logged(ctx, f.ID(), p.look.Failed.Add(-back), p.look.Failed)
		switch _, final := finalOutcome(err); {
		case final:
			f.Facts.CouldNotSee = append(slices.Clone(f.Facts.CouldNotSee), "whether a launch failed since the policy is as it is: "+reasonOf(err))
			p.Findings[i] = f.Evaluate()
		case err != nil:
			return fmt.Errorf("read the log about %s: %w", f.ID(), err)
		default:
			p.Findings[i].FailedSince = history.Saw(records, f.ID(), f.FactsDigest())
		}
	}
	return nil
}

// readStopped reads what a group's newest launch failed for that Auto Scaling stopped,
// where the settings let such groups launch again.
func (l *Looker) readStopped(ctx context.Context, p *pass) error {
	if stop := p.Launch.Suspended; l.Settings.Resume == 0 || stop == nil || !stop.Administrative() {
		return nil
	}
	course, err := l.course(ctx, p.look)
	switch _, final := finalOutcome(err); {
	case err != nil && !final:
		return err
	case err == nil && len(course.Failed) > 0:
		p.StoppedFor = activity.Classify(course.Failed[0].StatusMessage).Cause
	}
	return nil
}
