package plan

import (
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/kind/group"
)

// resume is the proposal to let a group launch again that Auto Scaling stopped, where the
// settings ask for that; false where there is none. A person's stop stays, and so does one
// of which AWS's text doesn't say who made it. Every key has to be known to be open, and
// the newest failure to have been for a key: whatever else stopped the group would stop it
// again after a day.
func (s Snapshot) resume(o Options) (Proposal, bool) {
	stop := s.Launch.Suspended
	shut := func(f Finding) bool { return f.Decision() != access.Allowed }
	switch {
	case o.Resume == 0 || stop == nil || !stop.Administrative():
		return Proposal{}, false
	case len(s.Findings) == 0 || slices.ContainsFunc(s.Findings, shut) || len(s.Unseen) > 0 || s.Launch.Refused != "":
		return Proposal{}, false
	case s.StoppedFor == activity.None || s.StoppedFor == activity.Unrecognised || !s.StoppedFor.MayBeKey():
		return Proposal{}, false
	}
	step := group.Resume{Group: s.Launch.GroupARN, Name: s.Launch.Group, Reason: stop.Reason}
	return Proposal{
		Finding: s.About(access.Principal{}), Plan: s.one(step, sum("stopped", stop.Reason)),
		Because: []string{"every key is open, and Auto Scaling stopped the group from launching: " + stop.Reason},
	}, true
}
