package plan

import (
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/arn"
	"keymend/pkg/launch"
	"keymend/pkg/slr"
)

// A Snapshot is a group as it was read: what its next launch needs, and what of
// that the roles have. It doesn't change; what is learned later makes a new one.
type Snapshot struct {
	Account, Region, Group string
	Launch                 launch.Launch
	Findings               []Finding         // one for each role and key, by its ARN; the group's own role first
	Failing                bool              // the look is about a launch that failed; each finding has the cause
	Unseen                 []string          // what the launch needs and could not be told
	Means                  map[string]string // keys as they are written down, to their ARNs

	// StoppedFor is what the newest launch failed for before Auto Scaling stopped the
	// group; None where it isn't known, or nobody asked.
	StoppedFor activity.Cause

	// Dedicated is the role that the settings have such groups launch as, without
	// ID where it is missing; Turned are the findings about the group's own role as
	// they are for this one. Both are zero where nobody asked for it.
	Dedicated access.Principal
	Turned    []Finding
}

// Find returns the finding about a key for a role, the group's own where none is
// named; false where the launch doesn't need it.
func (s Snapshot) Find(keyARN, principal string) (Finding, bool) {
	if principal == "" {
		principal = s.Launch.Principal.ARN
	}
	all := slices.Concat(s.Turned, s.Findings)
	at := slices.IndexFunc(all, func(f Finding) bool { return f.Facts.Key.ARN == keyARN && f.Principal.ARN == principal })
	if at < 0 {
		return Finding{}, false
	}
	return all[at], true
}

// With returns the snapshot with a finding in the place of the one about the same
// key and role.
func (s Snapshot) With(f Finding) Snapshot {
	replace := func(all []Finding) []Finding {
		all = slices.Clone(all)
		for i, o := range all {
			if o.ID() == f.ID() {
				all[i] = f
			}
		}
		return all
	}
	s.Findings, s.Turned = replace(s.Findings), replace(s.Turned)
	return s
}

// Own returns the findings about the role that the group itself launches as.
func (s Snapshot) Own() []Finding {
	return slices.DeleteFunc(slices.Clone(s.Findings), func(f Finding) bool { return f.Principal.ARN != s.Launch.Principal.ARN })
}

// DedicatedARN returns the ARN of the role with a suffix in the group's account; ""
// where there is no suffix.
func (s Snapshot) DedicatedARN(suffix string) string {
	group, ok := arn.Parse(s.Launch.GroupARN)
	if suffix == "" || !ok {
		return ""
	}
	return slr.ARN(group.Partition, group.Account, suffix)
}

// About is a finding about the group, and no key.
func (s Snapshot) About(principal access.Principal) Finding {
	return Finding{Account: s.Account, Region: s.Region, Group: s.Group, Principal: principal}
}

// Open reports whether the role may use the key, as far as that can be seen: of
// another account's key, a grant may be all that can.
func (f Finding) Open() bool {
	_, stands := f.standing()
	return f.Decision() == access.Allowed || !f.OwnKey() && f.Facts.Policy == nil && (f.ByKeymend() || stands)
}
