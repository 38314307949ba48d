package report

import (
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
)

// sentence says in one or two sentences what is wrong with the group, or that nothing is.
func (g Group) sentence(of headline) string {
	name := g.Head.Group
	switch of {
	case saysFailed:
		return g.failed()
	case saysCopying:
		return name + " is to launch without another account's key: " + g.first(func(k Key) bool { return k.is(outcome.Copying, outcome.Moved) }).copyWords()
	case saysUnknown:
		return g.doubtful()
	case saysBroken:
		return name + " can't launch: " + g.faults()
	case saysWillFail:
		return name + " runs, and its next launch will fail: " + g.faults()
	case saysNotKMS:
		return g.notKMS()
	case saysSuspended:
		return g.stopped()
	case saysFixed:
		return g.fixed()
	case saysIgnored:
		return name + " isn't looked at: " + strings.TrimPrefix(g.Head.Reason, "look at "+name+": ")
	case saysOpen:
		return g.open()
	case saysWhole:
		return name + " has all its instances; whether its next launch works can't be told"
	case saysHealthy:
	}
	return name + " is healthy: every key that its launches need is open to " + g.role()
}

// role is the name of the role that the group launches as, as far as it is known.
func (g Group) role() string {
	for _, k := range g.Keys {
		if k.Finding.Principal != "" {
			return arn.Last(k.Finding.Principal)
		}
	}
	return "its role"
}

// first returns the first key that fits.
func (g Group) first(fits func(Key) bool) Key {
	for _, k := range g.Keys {
		if fits(k) {
			return k
		}
	}
	return g.Keys[0]
}

// faults counts the keys that stand in the way, and says what is the matter with the first.
func (g Group) faults() string {
	fault := g.first(Key.Shut).Fault()
	if n := count(g.Keys, Key.Shut); n > 1 {
		return screen.Count(n, "key") + " that it needs can't be used; the first: " + fault
	}
	return fault
}

// count is how many of all fit.
func count[T any](all []T, fits func(T) bool) int {
	n := 0
	for _, one := range all {
		if fits(one) {
			n++
		}
	}
	return n
}

// Shut reports whether the key stands in the way for certain.
func (k Key) Shut() bool { return k.Finding.Decision == access.Denied && k.Finding.Key != "" }

func (k Key) is(outcomes ...outcome.Outcome) bool {
	return slices.Contains(outcomes, k.Outcome())
}

func (g Group) failed() string {
	name := g.Head.Group
	k := g.first(func(k Key) bool {
		return k.is(outcome.Failed, outcome.NotPermitted, outcome.SettingsInvalid, outcome.Unproven)
	})
	switch {
	case k.Outcome() == outcome.Unproven:
		return name + "'s fix was written, and isn't proven: what was read after it doesn't show that " + k.its() + " is open"
	case k.Outcome() == outcome.SettingsInvalid:
		return name + " wasn't changed: Keymend's settings are invalid"
	case k.Finding.Key != "":
		return name + " is as it was: " + k.its() + " couldn't be opened, since AWS refused a call"
	}
	return name + " couldn't be looked at: AWS refused a call that Keymend needs"
}

// doubtful says that it can't be told whether a key stands in the way.
func (g Group) doubtful() string {
	k := g.first(func(k Key) bool { return k.Finding.Decision == access.Unknown || k.doubted() })
	text := g.Head.Group + " runs, and whether its next launch will fail can't be told: "
	if g.short() {
		text = g.Head.Group + " can't launch, and whether a key is the cause can't be told: "
	}
	return text + k.doubt()
}

// doubt says what would have to be known.
func (k Key) doubt() string {
	r := k.Finding
	switch of := planOf(r); {
	case of.Doubt != "":
		_, why, _ := strings.Cut(of.Doubt, ": ")
		return "access to " + k.its() + " " + strings.TrimPrefix(strings.TrimSuffix(why, "."), "it ")
	case k.noFix().Reason == plan.NotKnown && k.denier() != "":
		return "statement " + k.denier() + " may deny the use of " + k.its()
	case len(r.CouldNotSee) > 0:
		what, _, _ := strings.Cut(r.CouldNotSee[0], ": ")
		if r.Key != "" && strings.HasPrefix(what, "the ") {
			what += " of " + k.its()
		}
		if strings.HasPrefix(what, "/dev/") {
			return "under which key its volume " + what + " lies would have to be known"
		}
		return what + " would have to be readable"
	}
	return "not all of " + k.its() + " can be seen"
}

// mostSaid is how much of AWS's words the first line quotes; all of them stand below.
const mostSaid = 160

func (g Group) notKMS() string {
	text := g.Head.Group + "'s last failed launch has another cause than a key"
	if g.short() {
		text = g.Head.Group + " can't launch, and no key is known to stand in the way"
	}
	said := g.History.Message
	if said == "" {
		said = g.Head.Message
	}
	if said == "" {
		return text
	}
	if at := strings.Index(said, ". "); at > 0 {
		said = said[:at]
	}
	if runes := []rune(said); len(runes) > mostSaid {
		said = string(runes[:mostSaid]) + "…"
	}
	return text + ". AWS says: " + said
}

func (g Group) stopped() string {
	text := g.Head.Group + "'s keys are open"
	if g.any(outcome.Fixed, outcome.Stands, outcome.InService) {
		text += " now"
	}
	by := launch.Suspension{Reason: g.Head.Suspended}
	switch {
	case by.Administrative():
		return text + ", and Auto Scaling stopped it from launching: nothing comes back until that is resumed"
	case by.ByPerson():
		return text + ", and a person stopped it from launching: nothing comes back until they resume it"
	}
	return text + ", and somebody stopped it from launching: nothing comes back until that is resumed"
}

func (g Group) fixed() string {
	k := g.first(Key.Changed)
	text := g.Head.Group + ": " + describe(k.plan())
	if k.Finding.Key != "" && k.Finding.GroupRole == "" {
		text = g.Head.Group + "'s " + strings.TrimPrefix(k.its(), "its ") + " is open to " + arn.Last(k.Finding.Principal) + " now"
	}
	if k.Result != nil && launchesNext(k.Result) {
		return text + ". Auto Scaling tries again by itself, usually within minutes"
	}
	return text
}

func (g Group) open() string {
	if g.History.Failed == 0 {
		return g.Head.Group + "'s keys are open. Auto Scaling launches by itself, usually within minutes"
	}
	return g.Head.Group + "'s keys are open; the failure from " + clock(g.History.Last, g.Head.Time) +
		" is taken for an older one. Auto Scaling tries again by itself, usually within minutes"
}

// clock is a time of day, with the day where that is another one.
func clock(at, now time.Time) string {
	if at.UTC().Format(time.DateOnly) == now.UTC().Format(time.DateOnly) {
		return at.UTC().Format("15:04 UTC")
	}
	return at.UTC().Format("2006-01-02 15:04 UTC")
}
