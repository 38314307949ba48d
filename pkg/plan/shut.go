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

// InVain reports whether it is of no use to do what is planned about a key while others
// stay shut: the group can launch in no way that needs the key and none of these. Where
// what lies under the key is copied, the launch does without what that needed besides,
// such as the account's default key.
func (s Snapshot) InVain(f Finding, shut []string) bool {
	key := f.Facts.Key.ARN
	needs := func(all []encryption.Use, keys ...string) bool {
		return slices.ContainsFunc(all, func(u encryption.Use) bool { return slices.Contains(keys, s.Means[u.KeyID]) })
	}
	// A key that none of the ways names stands in every way: only CloudTrail shows it.
	everywhere := slices.ContainsFunc(shut, func(k string) bool {
		return !slices.ContainsFunc(s.Launch.Ways, func(w launch.Way) bool { return needs(w.Uses, k) })
	})
	return everywhere || !slices.ContainsFunc(s.Launch.Ways, func(w launch.Way) bool {
		left := w.Uses
		if f.Copy != nil && !slices.Contains(shut, f.Copy.CopyKey.ARN) {
			left = s.without(w.Uses, key)
		}
		return needs(w.Uses, key) && !needs(left, shut...)
	})
}

// without returns the uses that are left of a way once what lies under a key is copied
// to a key of the account: a volume that is made of an own snapshot keeps that one's key,
// and an image's snapshots are copied together.
func (s Snapshot) without(all []encryption.Use, key string) []encryption.Use {
	image, copied := false, map[string]bool{}
	for _, u := range all {
		under := u.SnapshotID != "" && s.Means[u.KeyID] == key
		image, copied[u.Device] = image || under && !u.Named, copied[u.Device] || under
	}
	for _, u := range all {
		copied[u.Device] = copied[u.Device] || image && u.SnapshotID != "" && !u.Named
	}
	return slices.DeleteFunc(slices.Clone(all), func(u encryption.Use) bool {
		return s.Means[u.KeyID] == key || copied[u.Device] && (u.Default || u.SnapshotID != "")
	})
}
