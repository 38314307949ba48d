package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/slr"
)

// Spared says why a key of which not all can be known isn't taken for what stands in
// the way: launches fail for something else, or the group has all its instances; "" =
// it may stand in the way. Of a key that is known to be open or shut it is "".
func (s Snapshot) Spared(f Finding) string {
	key := f.Facts.Key.ARN
	if f.Decision() != access.Unknown {
		return ""
	}
	if s.Failing && !f.Cause.MayBeKey() {
		return fmt.Sprintf("whether %s is open to %s can't be told for certain, and launches fail for something else", key, f.Principal.ARN)
	}
	g, covered := f.covering()
	switch {
	case s.enough() && access.Decide(f.Results) == access.Allowed: // a failure that is told late is from before
		return fmt.Sprintf("whether a statement of the policy of %s keeps %s from decrypting can't be told; the group has all its instances", key, f.InstanceRole())
	case !s.Whole():
	case covered:
		return fmt.Sprintf("the grant %s opens %s to %s, as far as can be seen; the group is whole", cmp.Or(g.Name, g.ID), key, f.Principal.ARN)
	case f.Facts.Policy == nil && !f.OwnKey():
		return "this account can't see the key's policy; the group is whole: " + key
	case f.KeptOut:
		return "whoever looks can't see the key's policy; the group is whole: " + key
	case f.Facts.Policy != nil:
		at := slices.IndexFunc(f.Results, func(r access.Result) bool { return r.Decision == access.Unknown })
		return fmt.Sprintf("whether %s is open to %s can't be told: %s; the group is whole", key, f.Principal.ARN, strings.TrimSuffix(unseen(f.Results[at]), "."))
	}
	return ""
}

// Whole reports whether the group has all the instances that it wants, and none that
// failed: what it needs, it had when they were launched.
func (s Snapshot) Whole() bool { return !s.Failing && s.enough() }

func (s Snapshot) enough() bool {
	l := s.Launch
	return l.InService > 0 && l.InService >= l.Desired && (l.WarmPool == nil || l.WarmPool.Has >= l.WarmPool.Wanted)
}

// covering returns a grant to the role that covers all that the launch needs on the
// key, as far as can be seen: by anyone of the group's account, of any name. It needs
// not have all eight operations.
func (f Finding) covering() (access.Grant, bool) {
	return f.granted(func(decision access.Decision, g access.Grant) bool {
		return decision == access.Allowed || decision == access.Unknown && g.Constraints == nil && covers(g, f.Operations)
	})
}

// standing returns a grant to the role by which a key whose policy can't be read is
// open to it, unless something there denies it: one with all that AWS asks for.
func (f Finding) standing() (access.Grant, bool) {
	return f.granted(func(decision access.Decision, g access.Grant) bool {
		return decision == access.Allowed && covers(g, slr.Operations())
	})
}

// granted returns the first grant to the role that is enough, where no statement that
// can be seen gives anything.
func (f Finding) granted(enough func(access.Decision, access.Grant) bool) (access.Grant, bool) {
	for _, g := range f.Facts.Grants {
		facts := f.revealed(f.Facts)
		facts.Grants, facts.GrantsUnreadable = []access.Grant{g}, ""
		if g.GranteePrincipal == f.Principal.ARN && enough(access.Decide(f.evaluate(facts)), g) {
			return g, true
		}
	}
	return access.Grant{}, false
}

func covers(g access.Grant, operations []string) bool {
	return !slices.ContainsFunc(operations, func(op string) bool { return !slices.Contains(g.Operations, op) })
}
