package check

import (
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/whatif"
)

// Total sums the answers up.
func (t *Tally) Total() Total {
	out := Total{
		Schema: TotalSchema, Says: t.Says(), Account: t.Account, Region: t.Region, Change: t.Given.Says, Now: t.settings(), Problems: t.Given.Problems,
		Needs: t.needs, Groups: t.seen(), Effects: Effects{}, Exit: t.Code(),
	}
	if out.Problems == nil {
		out.Problems = []Problem{}
	}
	for _, e := range []whatif.Effect{whatif.Breaks, whatif.Untold, whatif.StaysShut, whatif.Mends, whatif.Unaffected} {
		out.Effects[e] = t.effects[e]
	}
	return out
}

func (t *Tally) seen() int {
	n := 0
	for _, count := range t.effects {
		n += count
	}
	return n
}

// Code is the exit code that the change calls for. Of one that AWS refuses nothing comes.
func (t *Tally) Code() report.Code {
	if t.Given.Refused() {
		return report.NotOurs
	}
	return t.code
}

// most are the causes, that of the most groups first.
func (t *Tally) most() []cause {
	return slices.SortedStableFunc(slices.Values(t.causes), func(a, b cause) int { return len(b.groups) - len(a.groups) })
}

// first says why those groups would break that most do as.
func (t *Tally) first() string {
	most := t.most()[0]
	g := t.Groups[slices.IndexFunc(t.Groups, func(g Group) bool { return g.Group == most.groups[0] })]
	why := afterColon(g.Says)
	if t.effects[whatif.Breaks] == 1 {
		return ", " + g.Group + ": " + why
	}
	if own, ok := strings.CutPrefix(why, "its "); ok && len(most.groups) > 1 {
		why = "their " + own
	}
	if len(t.causes) == 1 {
		return ": " + why
	}
	return fmt.Sprintf("; of %d, %s", len(most.groups), why)
}

// Says answers in a sentence, without the full stop.
func (t *Tally) Says() string {
	where, n, breaks, untold := t.Account+" "+t.Region, t.seen(), t.effects[whatif.Breaks], t.effects[whatif.Untold]
	text := ""
	switch {
	case n == 0:
		return "There is no Auto Scaling group in " + where + " that this could break"
	case breaks > 0:
		text = fmt.Sprintf("%d of %s in %s couldn't launch after this", breaks, screen.Count(n, "group"), where) + t.first()
	case untold == 1 && n == 1:
		text = "Whether the one group in " + where + " could launch after this can't be told"
	case untold == n:
		text = "Whether any of " + screen.Count(n, "group") + " in " + where + " could launch after this can't be told"
	case untold > 0:
		text = fmt.Sprintf("Whether %d of %s in %s could launch after this can't be told; no other would break", untold, screen.Count(n, "group"), where)
	default:
		text = fmt.Sprintf("None of %s in %s would break by this", screen.Count(n, "group"), where)
	}
	if t.Given.Refused() {
		return "AWS would refuse this change. Were it taken: " + strings.ToLower(text[:1]) + text[1:]
	}
	return text
}

// settings say how those of EBS's settings are that the change is about, as far as they
// were read.
func (t *Tally) settings() []string {
	var out []string
	if t.now.Account == "" {
		return nil
	}
	if on := t.Change.ByDefault; on != nil && !t.now.ByDefaultUntold {
		out = append(out, "EBS encryption by default is "+map[bool]string{true: "on", false: "off"}[t.now.ByDefault])
	}
	if t.Change.DefaultKey != "" && !t.now.KeyUntold {
		out = append(out, "the account's default EBS key is "+t.now.KeyID)
	}
	return out
}
