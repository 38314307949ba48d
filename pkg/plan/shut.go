package plan

import (
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// Shut reports whether the key is known to be of no use to the launch as it is. What
// couldn't be seen isn't known.
func (f Finding) Shut() bool {
	return f.KeyNotFound != "" || f.keyRegion() != f.Region || f.Decision() == access.Denied
}

// InVain reports whether it is of no use to open a key while others stay shut: the
// group can launch in no way that needs the key and none of these.
func (s Snapshot) InVain(key string, shut []string) bool {
	needs := func(w launch.Way, keys ...string) bool {
		return slices.ContainsFunc(w.Uses, func(u encryption.Use) bool { return slices.Contains(keys, s.Means[u.KeyID]) })
	}
	// A key that none of the ways names stands in every way: only CloudTrail shows it.
	everywhere := slices.ContainsFunc(shut, func(k string) bool {
		return !slices.ContainsFunc(s.Launch.Ways, func(w launch.Way) bool { return needs(w, k) })
	})
	return everywhere || !slices.ContainsFunc(s.Launch.Ways, func(w launch.Way) bool { return needs(w, key) && !needs(w, shut...) })
}
