package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/guard"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
)

// Show writes the group on the page.
func (g Group) Show(p *screen.Page) {
	if g.brief() {
		g.told(p)
		return
	}
	g.headline(p)
	said := map[string]bool{}
	for _, k := range g.Keys {
		p.Blank()
		k.show(p, len(g.Keys) > 1)
		g.seen(p, k, said)
		p.Blank()
		g.fix(p, k)
	}
	g.last(p)
}

// brief reports whether the person saw before what it is about, or nothing was to be
// written to begin with.
func (g Group) brief() bool {
	return !slices.ContainsFunc(g.Keys, func(k Key) bool { return !(g.Shown && k.Changed()) && !g.off(k) })
}

// off reports whether the switch that stops all writes refused the key's fix.
func (g Group) off(k Key) bool {
	return g.Asked && !k.Changed() && judged(k.last(), guard.SwitchedOff)
}

// told writes what was done, or why it wasn't, and what comes next.
func (g Group) told(p *screen.Page) {
	s := g.status()
	p.Sentence(s.ink, strings.TrimRight(g.sentence(s.says), ".")+".")
	for _, k := range g.Keys {
		p.Blank()
		if len(g.Keys) > 1 {
			k.name(p)
		}
		if g.off(k) {
			g.refusal(p, k)
		} else {
			g.fix(p, k)
		}
	}
	g.last(p)
}

func (g Group) headline(p *screen.Page) {
	s := g.status()
	p.Sentence(s.ink, strings.TrimRight(g.sentence(s.says), ".")+".")
	parts := []string{g.Head.Account + " " + g.Head.Region}
	if s.says != saysIgnored && !(g.any(outcome.NotPermitted) && g.Head.Key == "") { // else nothing is known of the group
		parts = append(parts, g.inService(), g.failures())
	}
	p.Parts(parts...)
	if g.Head.ManagedBy != "" {
		p.Row(screen.Bold, "managed", "by "+g.Head.ManagedBy+": Keymend changes neither the group nor its template")
	}
	g.suspension(p)
}

func (g Group) inService() string {
	text := fmt.Sprintf("%d of %d in service", g.Head.Healthy, g.Head.Desired)
	if pool := g.Head.WarmPool; pool != nil {
		text += fmt.Sprintf(", %d of %d in the warm pool", pool.Has, pool.Wanted)
	}
	return text
}

// failures counts the launches that failed since the last that didn't.
func (g Group) failures() string {
	h, more := g.History, ""
	now := h.until(g.Head.Time)
	if h.More {
		more = "at least "
	}
	switch last := screen.Lasting(now.Sub(h.Last)) + " ago"; h.Failed {
	case 0:
		return ""
	case 1:
		return more + "1 failed launch, " + last
	default:
		return fmt.Sprintf("%s%d failed launches in %s, last %s", more, h.Failed, screen.Lasting(now.Sub(h.Since)), last)
	}
}

// until is the end of the history: now, unless the clocks disagree, as they do
// in a sandbox.
func (h History) until(now time.Time) time.Time {
	if now.Before(h.Last) {
		return h.Last
	}
	return now
}

func (g Group) suspension(p *screen.Page) {
	if g.Head.Suspended == "" {
		return
	}
	what := "somebody stopped Launch; no fix brings anything back until it is resumed: "
	switch by := (launch.Suspension{Reason: g.Head.Suspended}); {
	case by.Administrative():
		what = "Auto Scaling stopped Launch by itself; no fix brings anything back until it is resumed: "
	case by.ByPerson():
		what = "a person stopped Launch; no fix brings anything back until they resume it: "
	}
	p.Row(screen.Doubt, "stopped", what+g.Head.Suspended)
	p.Whole(screen.Bold, "", g.Place.AWS(launch.Resume(g.Head.Account, g.Head.Region, g.Head.Group)))
}

// seen says what else was seen, and what wasn't; said has what stands above already, with
// another key.
func (g Group) seen(p *screen.Page, k Key, said map[string]bool) {
	row := func(ink screen.Ink, label string, texts ...string) {
		left := slices.DeleteFunc(texts, func(text string) bool { return said[label+text] })
		for _, text := range left {
			said[label+text] = true
		}
		if len(left) < len(texts) && label == "not seen" {
			left = append(left, "as above")
		}
		p.Row(ink, label, left...)
	}
	switch h := g.History; {
	case k.Finding.GroupRole != "" && k.Finding.Key == "": // it stands beside the keys
	case h.Failed > 0:
		row(screen.Bold, "seen", strings.TrimSpace(fmt.Sprintf("scaling activity %s %s: %s", h.Last.UTC().Format(time.DateTime+" MST"), h.Status, h.Message)))
	case k.Finding.Message != "":
		row(screen.Bold, "seen", strings.TrimSpace(k.Finding.Failed+" "+k.Finding.Message))
	}
	missing := notSeen(k.Finding.CouldNotSee)
	if g.History.Unreadable != "" {
		missing = append(missing, "scaling activities: "+g.History.Unreadable)
	}
	if g.Unshared != "" && k.Asks() {
		missing = append(missing, g.Unshared)
	}
	row(screen.Doubt, "not seen", missing...)
	g.also(p, k)
}

func (g Group) last(p *screen.Page) {
	if slices.ContainsFunc(g.Keys, func(k Key) bool { return k.Changed() }) {
		return // what was done stands beside the key
	}
	p.Blank()
	p.Text(screen.Bold, "Nothing changed.")
}
