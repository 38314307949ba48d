package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"keymend/pkg/observe"
	"keymend/pkg/signal"
)

// askBeside has all other groups whose launch uses the key of a change looked at, too: one
// change was made for all of them, and one series of looks tells what came of it.
func (l *Looker) askBeside(ctx context.Context, look signal.Look) error {
	f := *look.Follow
	if f.Beside || f.Round > 0 || f.Key == "" {
		return nil
	}
	fleet, err := l.AWS.Fleet(ctx, look.Account, look.Region)
	if err != nil {
		return err
	}
	groups, err := fleet.Users(ctx, signal.Users{Key: f.Key})
	if _, final := finalOutcome(err); err != nil && !final {
		return fmt.Errorf("find the groups that use %s: %w", f.Key, err)
	}
	groups = slices.DeleteFunc(groups, func(g observe.Group) bool { return g.Name == look.Group })
	f.Beside, f.Failed = true, time.Time{} // when each of them failed isn't known
	err = l.sendPages(ctx, groups, 0, func(groups []observe.Group) signal.Looks {
		return naming(signal.Looks{Schema: signal.LooksSchema, Account: look.Account, Region: look.Region, Follow: &f}, groups)
	})
	if err != nil {
		return fmt.Errorf("have the groups looked at that use %s: %w", f.Key, err)
	}
	return nil
}

// concerns reports whether there is anything to say of a group beside: it lacks
// instances, or launches since the change tell of it.
func (p pass) concerns(f signal.Follow, course observe.Course) bool {
	if !f.Beside || p.Launch.Missing() > 0 {
		return true
	}
	return slices.ContainsFunc(course.Launched, func(o observe.Try) bool { return o.Time.After(f.Fixed) })
}

// uses reports whether the launch uses the key of a change that was made for another
// group, and which role asks for it.
func (p pass) uses(f signal.Follow) bool {
	_, needed := p.Find(f.Key, f.Principal)
	return needed
}

// lookLater asks for the next look at a group; together with others, where they are looked at
// in one invocation.
func (l *Looker) lookLater(ctx context.Context, look signal.Look) error {
	next := *look.Follow
	next.Round++
	looks := signal.Looks{Schema: signal.LooksSchema, Account: look.Account, Region: look.Region, Groups: []string{look.Group}, Follow: &next}
	if g, many := l.AWS.(*gathering); many {
		g.noteLater(looks)
		return nil
	}
	return l.sendLater(ctx, looks)
}

func (l *Looker) sendLater(ctx context.Context, looks signal.Looks) error {
	if err := l.Later.Send(ctx, looks, rounds()[looks.Follow.Round]); err != nil {
		return fmt.Errorf("have %d groups looked at again: %w", len(looks.Groups), err)
	}
	return nil
}

// noteLater notes a look that is asked for when the invocation's looks are done.
func (g *gathering) noteLater(looks signal.Looks) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.IndexFunc(g.later, func(o signal.Looks) bool {
		return o.Account == looks.Account && o.Region == looks.Region && *o.Follow == *looks.Follow && len(o.Groups) < page
	})
	if at < 0 {
		g.later = append(g.later, looks)
		return
	}
	g.later[at].Groups = append(g.later[at].Groups, looks.Groups...)
}

// SendLater asks for the next looks at what was followed. Where that fails, the messages of
// those looks have to come again.
func (l *Looker) SendLater(ctx context.Context) error {
	g, many := l.AWS.(*gathering)
	if !many {
		return nil
	}
	for _, looks := range g.later {
		if err := l.sendLater(ctx, looks); err != nil {
			return err
		}
	}
	return nil
}
