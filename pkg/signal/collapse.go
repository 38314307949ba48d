package signal

import "slices"

// Collapse takes looks at the same group together, so that a storm of events costs
// no more than its distinct groups. Launches that succeeded stay apart from all
// else. The second result holds, for each look of the first, the positions of the
// looks in it; both are in the order of first sight.
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
	return l.Account == other.Account && l.Region == other.Region && l.Group == other.Group && l.Succeeded() == other.Succeeded()
}

// with keeps the words of the earliest failure: they are from when it began.
func (l Look) with(other Look) Look {
	l.EventIDs = slices.Concat(l.EventIDs, other.EventIDs)
	l.Instances = slices.Concat(l.Instances, other.Instances)
	failed := other.Why == WhyLaunchUnsuccessful
	if failed && (l.Why != WhyLaunchUnsuccessful || other.Failed.Before(l.Failed)) {
		l.Why, l.Failed, l.Text = other.Why, other.Failed, other.Text
	}
	return l
}
