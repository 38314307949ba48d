package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// Show writes the group on the page.
func (g Group) Show(p *screen.Page) {
	g.headline(p)
	said := map[string]bool{}
	for _, k := range g.Keys {
		p.Blank()
		k.show(p)
		g.ending(p, k, said)
	}
	p.Blank()
	g.last(p)
}

func (g Group) headline(p *screen.Page) {
	s := g.status()
	p.Row(s.ink, s.word, strings.TrimSpace(g.Head.Group+"  "+g.Head.Account+"  "+g.Head.Region))
	if s.word == "IGNORED" || g.any(outcome.NotPermitted) && g.Head.Key == "" {
		return // nothing is known of the group
	}
	p.Row(screen.Bold, "", g.counts())
	if s.word == "WILL FAIL" {
		p.Row(screen.Bold, "", "the group has all its instances; its next launch will fail")
	}
	if g.Head.ManagedBy != "" {
		p.Row(screen.Bold, "OWNER", g.Head.ManagedBy+" manages this group; Keymend changes neither the group nor its template")
	}
	g.suspension(p)
}

func (g Group) counts() string {
	text := fmt.Sprintf("%d of %d in service", g.Head.Healthy, g.Head.Desired)
	if pool := g.Head.WarmPool; pool != nil {
		text += fmt.Sprintf(", %d of %d in the warm pool", pool.Has, pool.Wanted)
	}
	if h := g.History; h.Failed > 0 {
		plural := "es"
		if h.Failed == 1 {
			plural = ""
		}
		more := ""
		if h.More {
			more = " at least"
		}
		text += fmt.Sprintf(", %s,%s %d failed launch%s", minutes(h.until(g.Head.Time).Sub(h.Since)), more, h.Failed, plural)
	}
	return text
}

// until is the end of the history: now, unless the clocks disagree, as they do
// in a sandbox.
func (h History) until(now time.Time) time.Time {
	if now.Before(h.Last) {
		return h.Last
	}
	return now
}

// minutes says a duration as people do.
func minutes(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(int(d.Seconds()), 0))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 2*day:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d/day))
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
	p.Row(screen.Doubt, "STOPPED", what+g.Head.Suspended)
	p.Whole(screen.Bold, "", g.Place.AWS(launch.Resume(g.Head.Account, g.Head.Region, g.Head.Group)))
}

func (k Key) show(p *screen.Page) {
	r := k.Finding
	if r.Key == "" { // about the group: no key stands in the way
		p.Row(screen.Bold, "FROM", r.Because...)
		k.moves(p)
		k.bridges(p, r.Bridges)
		return
	}
	p.Row(screen.Bold, "KEY", strings.Join(nonEmpty(r.Alias, keyName(r), r.KeyState), "  "))
	p.Row(screen.Bold, "FROM", r.Because...)
	p.Row(screen.Bold, "ROLE", roleName(r.Principal))
	k.groupRole(p)
	k.decisions(p)
	k.misses(p)
}

// decisions has a line for each decision, with its operations.
func (k Key) decisions(p *screen.Page) {
	r := k.Finding
	if r.Missing.IsZero() {
		p.Row(screen.Good, "ALLOWED", "all that a launch needs")
		r.Allowed = nil
	}
	until := ""
	if k.Outcome() == outcome.Fixed {
		until = " (until the fix)"
	}
	row := func(ink screen.Ink, label string, operations []string, until string) {
		if len(operations) > 0 {
			p.Row(ink, label, strings.Join(operations, ", ")+until)
		}
	}
	row(screen.Bad, "DENIED", r.Missing[access.Denied], until)
	row(screen.Doubt, "UNKNOWN", r.Missing[access.Unknown], until)
	row(screen.Good, "ALLOWED", r.Allowed, "")
	if i := r.Instance; i != nil {
		p.Row(screen.Bold, "ROLE", roleName(i.Role)+"  (EC2 decrypts the volumes of instances as this role)")
		row(screen.Bad, "DENIED", decrypts(i, access.Denied), "")
		row(screen.Doubt, "UNKNOWN", decrypts(i, access.Unknown), "")
	}
}

// decrypts is the instance's one operation, where it is decided so.
func decrypts(i *record.Instance, d access.Decision) []string {
	if i.Decision != d {
		return nil
	}
	return []string{"Decrypt"}
}

// ending says what can be done about the key, and what else was seen.
func (g Group) ending(p *screen.Page, k Key, said map[string]bool) {
	p.Blank()
	g.seen(p, k, said)
	p.Blank()
	g.fix(p, k)
	if n := k.Finding.OthersAffected; n > 0 {
		p.Row(screen.Doubt, "ALSO", "the fix would change the access of "+screen.Count(n, "other principal"))
	}
}

// seen says what else was seen, and what wasn't; said has what stands above already, with
// another key.
func (g Group) seen(p *screen.Page, k Key, said map[string]bool) {
	row := func(ink screen.Ink, label string, texts ...string) {
		left := slices.DeleteFunc(texts, func(text string) bool { return said[label+text] })
		for _, text := range left {
			said[label+text] = true
		}
		if len(left) < len(texts) && label == "NOT SEEN" {
			left = append(left, "as above")
		}
		p.Row(ink, label, left...)
	}
	switch h := g.History; {
	case k.Finding.GroupRole != "" && k.Finding.Key == "": // it stands beside the keys
	case h.Failed > 0:
		row(screen.Bold, "SEEN", strings.TrimSpace(fmt.Sprintf("scaling activity %s %s: %s", h.Last.UTC().Format(time.DateTime+" MST"), h.Status, h.Message)))
	case k.Finding.Message != "":
		row(screen.Bold, "SEEN", strings.TrimSpace(k.Finding.Failed+" "+k.Finding.Message))
	}
	missing := slices.Clone(k.Finding.CouldNotSee)
	if g.History.Unreadable != "" {
		missing = append(missing, "scaling activities: "+g.History.Unreadable)
	}
	row(screen.Doubt, "NOT SEEN", missing...)
}

func (g Group) last(p *screen.Page) {
	if slices.ContainsFunc(g.Keys, func(k Key) bool { return k.Changed() }) {
		return // what was done stands beside the key
	}
	p.Text(screen.Bold, "Nothing changed.")
}

func keyName(r record.Record) string {
	_, name, found := strings.Cut(r.Key, ":key/")
	if !found || !strings.Contains(r.Key, ":"+r.Account+":") || !strings.Contains(r.Key, ":"+r.Region+":") {
		return r.Key // of elsewhere: where, is the point
	}
	return "...key/" + name
}

// roleName leaves out the path, which is the same for every such role.
func roleName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}
