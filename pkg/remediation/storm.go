package remediation

import (
	"context"

	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// Ahead looks at the groups of a storm, and sends what comes of that side by side: one
// after another, the sends of many keys would take most of an invocation's time. It says
// which looks were made; an error comes up again with the look itself. It ends
// early where it is late, and goes on elsewhere where a look went wrong: an account that
// AWS throttles makes no others wait.
func (l *Looker) Ahead(ctx context.Context, looks []signal.Look, late func(context.Context) bool) []bool {
	made := make([]bool, len(looks))
	g, many := l.AWS.(*gathering)
	if !many || len(looks) < 2 {
		return made
	}
	passes := map[string]pass{}
	var tasks []func() error
	busy := map[string]bool{}
	for i, look := range looks {
		if busy[look.Place()] || look.Why != signal.WhyLaunchUnsuccessful || look.OtherCause() || look.Sweep != nil {
			continue
		}
		if late(ctx) {
			break
		}
		p, err := l.observe(ctx, look)
		if err != nil {
			busy[look.Place()] = true
			continue
		}
		made[i], passes[nameOf(look)] = true, p
		for _, d := range p.decisions {
			if d.permitted() && d.Waits == "" {
				tasks = append(tasks, func() error { return l.Queue.Send(ctx, p.message(d.Proposal)) })
			}
		}
	}
	_ = together.Do(tasks...) // what can't be sent is sent again by its look
	g.mu.Lock()
	defer g.mu.Unlock()
	g.looked = passes
	return made
}

// lookedAhead returns a look that was made ahead.
func (g *gathering) lookedAhead(look signal.Look) (pass, bool) {
	if g == nil || look.Why != signal.WhyLaunchUnsuccessful || look.Sweep != nil {
		return pass{}, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p, ok := g.looked[nameOf(look)]
	return p, ok
}

func nameOf(look signal.Look) string { return look.Place() + " " + look.Group }
