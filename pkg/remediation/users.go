package remediation

import (
	"context"
	"fmt"

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
	if err := l.sendPages(ctx, groups, spread, func(groups []observe.Group) signal.Looks { return looksAtUsers(asked, groups) }); err != nil {
		return fmt.Errorf("send looks for %s: %w", asked.Name(), err)
	}
	if asked.Why == signal.WhyKeyChanged && l.Edits != nil {
		return l.overwritten(ctx, asked, asked.Users.Key)
	}
	return nil
}

// looksAtUsers asks for looks at groups: would their next launch fail?
func looksAtUsers(asked signal.Looks, groups []observe.Group) signal.Looks {
	asked.Users, asked.Full, asked.Groups = nil, true, nil
	return naming(asked, groups)
}

// looksRecord starts a record of what came of a message that asks for looks.
func (l *Looker) looksRecord(asked signal.Looks) record.Record {
	return l.groupRecord(signal.Look{Why: signal.Why(asked.Name()), Account: asked.Account, Region: asked.Region, EventIDs: asked.EventIDs}, record.Finding)
}

// Place finds the group that a copied image is for, by the copy's own tags. Its
// error is *signal.Ignored where the image is no copy of Keymend's, or none can
// be looked at; else it is transient.
func (l *Looker) Place(ctx context.Context, of signal.ImageChanged) (signal.Look, error) {
	if !l.copies() {
		return signal.Look{}, &signal.Ignored{Reason: "the settings ask for no copies, and the event is about image " + of.Image}
	}
	group := ""
	view, err := l.AWS.View(ctx, of.Account, of.Region)
	if err == nil {
		group, err = view.Storage().GroupOf(ctx, of.Image)
	}
	switch _, final := finalOutcome(err); {
	case final:
		return signal.Look{}, &signal.Ignored{Reason: reasonOf(err)}
	case err != nil:
		return signal.Look{}, fmt.Errorf("place image %s: %w", of.Image, err)
	case group == "":
		return signal.Look{}, &signal.Ignored{Reason: "image " + of.Image + " is no copy of Keymend's"}
	}
	return of.Look(group), nil
}
