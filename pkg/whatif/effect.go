package whatif

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/plan"
)

// A State is how a group's next launch would fare, by what was seen of it.
type State string

// The states. A launch that isn't known to work and isn't known to fail is Unknown.
const (
	Launches State = "launches"
	Fails    State = "fails"
	Unknown  State = "unknown"
)

// An Effect is what a change does to a group.
type Effect string

// The effects, the worst first.
const (
	Breaks     Effect = "breaks"     // it wasn't known to fail, and would
	Untold     Effect = "unknown"    // the change reaches it, and what comes of that can't be told
	StaysShut  Effect = "stays"      // it fails now, and would
	Mends      Effect = "mends"      // it fails now, and wouldn't
	Unaffected Effect = "unaffected" // it would fare as it does
)

// A Sight is what is kept of a look at a group.
type Sight struct {
	State  State
	Digest [sha256.Size]byte // of what stands in its way, or may: equal where that is
}

// See sums up what was seen of a group: of facts as they are, by no change; or of facts
// that a change altered, by that.
func See(s plan.Snapshot, c Change) Sight {
	return Sight{c.state(s), c.digest(s)}
}

// state: nothing is judged here, findings say what each role may do on each key. Nobody
// launches as a role that isn't there; for a Spot request its role is made where it lacks.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
func (c Change) state(s plan.Snapshot) State {
	decided := func(d access.Decision) bool {
		return slices.ContainsFunc(s.Findings, func(f plan.Finding) bool { return f.Decision() == d })
	}
	switch {
	case s.Launch.Group == "": // it was gone, or AWS refused a call
		return Unknown
	case s.Launch.Refused != "", c.Deletes(s.Launch.Principal.ARN), decided(access.Denied):
		return Fails
	case len(s.Unseen) > 0, decided(access.Unknown):
		return Unknown
	}
	return Launches
}

// digest is of the keys that aren't known to be open, and of what each role has on them.
// It counts, too, whether the change may reach something that can't be seen.
func (c Change) digest(s plan.Snapshot) [sha256.Size]byte {
	parts := []any{s.Launch.Refused, s.Unseen, c.Deletes(s.Launch.Principal.ARN), c.mayReach(s)}
	for _, f := range s.Findings {
		if f.Decision() == access.Allowed {
			continue
		}
		parts = append(parts, f.Facts.Key.ARN, f.KeyNotFound, f.Principal.ARN, f.Operations, f.FactsDigest())
	}
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // strings and flags can always be written
	}
	return sha256.Sum256(text)
}

// mayReach reports whether something of the group couldn't be seen that the change may be
// about: all of it; a key; which key an alias names; or a key's grants.
func (c Change) mayReach(s plan.Snapshot) bool {
	keys := len(c.Policies)+len(c.Revoked) > 0
	return s.Launch.Group == "" && !c.None() || len(s.Unseen) > 0 && keys || slices.ContainsFunc(s.Findings, func(f plan.Finding) bool {
		return keys && !strings.Contains(f.Facts.Key.ARN, ":key/") || len(c.Revoked) > 0 && f.Facts.GrantsUnreadable != ""
	})
}

// Effect compares a group as it is with itself as it would be.
func (before Sight) Effect(after Sight) Effect {
	switch {
	case after.State == Fails && before.State == Fails:
		return StaysShut
	case after.State == Fails:
		return Breaks
	case after.State == Launches && before.State == Fails:
		return Mends
	case after.State == Unknown && before.Digest != after.Digest:
		return Untold
	}
	return Unaffected
}
