package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"keymend/pkg/limit"
	"keymend/pkg/observe"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// Ask asks for a look at the groups that use what a signal is about, since the signal
// names none. However many ask alike within five minutes, one look comes of it. The
// error is transient.
func (l *Looker) Ask(ctx context.Context, looks signal.Looks) error {
	err := l.Later.Once(ctx, looks)
	if err != nil {
		err = fmt.Errorf("ask for looks for %s: %w", looks.Name(), err)
	}
	return l.recordFinal(ctx, l.looksRecord(looks), err)
}

// Users hands on the groups that use what was asked about, to be looked at; what
// somebody changed first settles. The error is transient.
func (l *Looker) Users(ctx context.Context, asked signal.Looks) error {
	return l.recordFinal(ctx, l.looksRecord(asked), l.users(ctx, asked))
}

func (l *Looker) users(ctx context.Context, asked signal.Looks) error {
	if !asked.Users.Now {
		if err := l.Later.Send(ctx, asked.Due(), limit.Settling); err != nil {
			return fmt.Errorf("let %s settle: %w", asked.Name(), err)
		}
		return nil
	}
	fleet, err := l.AWS.Fleet(ctx, asked.Account, asked.Region)
	if err != nil {
		return err
	}
	groups, err := fleet.Users(ctx, *asked.Users)
	if err != nil {
		return fmt.Errorf("find whom %s concerns in account %s, %s: %w", asked.Name(), asked.Account, asked.Region, err)
	}
	pages := slices.Collect(slices.Chunk(groups, page))
	for i, groups := range pages {
		looks := listed(asked, groups)
		after := spread * time.Duration(i) / time.Duration(len(pages))
		if err := l.Later.Send(ctx, looks, after.Truncate(time.Second)); err != nil {
			return fmt.Errorf("send looks for %s: %w", asked.Name(), err)
		}
	}
	if asked.Why == signal.WhyKeyChanged && l.Edits != nil {
		return l.overwritten(ctx, asked, asked.Users.Key)
	}
	return nil
}

// listed asks for looks at groups: would their next launch fail?
func listed(asked signal.Looks, groups []observe.Group) signal.Looks {
	asked.Users, asked.Full, asked.Groups = nil, true, nil
	for _, g := range groups {
		asked.Groups = append(asked.Groups, g.Name)
		if g.Lacks {
			asked.Lacking = append(asked.Lacking, g.Name)
		}
	}
	return asked
}

// looksRecord starts a record of what came of a message that asks for looks.
func (l *Looker) looksRecord(asked signal.Looks) record.Record {
	return l.groupRecord(signal.Look{Why: signal.Why(asked.Name()), Account: asked.Account, Region: asked.Region, EventIDs: asked.EventIDs}, record.Finding)
}
