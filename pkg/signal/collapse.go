package signal

import (
	"slices"
	"time"
)

// Collapse takes looks at the same group together, so that a storm of events costs
// no more than its distinct groups. What follows a change stays apart from all else.
// The second result holds, for each look of the first, the positions of the looks in
// it; both are in the order of first sight.
func Collapse(looks []Look) ([]Look, [][]int) {
	var out []Look
	var members [][]int
	for i, l := range looks {
		at := slices.IndexFunc(out, l.joins)
		if at < 0 {
			out, members = append(out, l), append(members, []int{i})
			continue
		}
		out[at] = out[at].with(l)
		members[at] = append(members[at], i)
	}
	return out, members
}

func (l Look) joins(other Look) bool {
	return l.Account == other.Account && l.Region == other.Region && l.Group == other.Group && l.Follow == nil && other.Follow == nil
}

// with keeps the reason that asks for most, and the words of the earliest failure:
// they are from when it began. A text about capacity doesn't hide one about a key.
func (l Look) with(other Look) Look {
	out := l
	switch mine, its := l.asks(), other.asks(); {
	case its > mine, its == mine && other.Why == WhyLaunchUnsuccessful && other.Failed.Before(l.Failed):
		out.Why, out.Failed, out.Text = other.Why, other.Failed, other.Text
	}
	out.EventIDs = slices.Concat(l.EventIDs, other.EventIDs)
	for _, last := range []time.Time{l.latest(), other.latest()} {
		if last.After(out.latest()) {
			out.Last = last
		}
	}
	if a, b := l.Sweep, other.Sweep; a == nil {
		out.Sweep = b
	} else if b != nil {
		open := a.Open
		if b.Asked.After(a.Asked) {
			open = b.Open
		}
		out.Sweep = &Swept{a.Asked, a.Lacks || b.Lacks, a.Full || b.Full, open}
	}
	return out
}

// asks orders reasons to look: a failure for another cause than a key asks for least,
// one that may be for a key for most.
func (l Look) asks() int {
	switch {
	case l.OtherCause():
		return 0
	case l.Why == WhyLaunchUnsuccessful:
		return 2
	}
	return 1
}
