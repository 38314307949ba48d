package signal

import (
	"slices"
	"time"

	"keymend/pkg/activity"
)

// Why says what made Keymend look at a group.
type Why string

// The reasons: the names of the signals that are about a group, and a person.
const (
	WhyLaunchUnsuccessful Why = "launch-unsuccessful"
	WhyRefreshFailed      Why = "refresh-failed" // an instance refresh
	WhyGroupCreated       Why = "group-created"  // nothing has failed yet
	WhyGroupUpdated       Why = "group-updated"
	WhyTemplateChanged    Why = "template-changed"
	WhyDefaultsChanged    Why = "defaults-changed" // EBS's, of the account and Region
	WhyKeyChanged         Why = "key-changed"
	WhyGrantTaken         Why = "grant-taken"
	WhyKeyDenied          Why = "key-denied"    // to a service-linked role, by KMS
	WhyRoleChanged        Why = "role-changed"  // a service-linked role
	WhyImageChanged       Why = "image-changed" // a copy is ready, or failed
	WhySwept              Why = "sweep"         // nobody told
	WhyFollowed           Why = "followed"      // a change was made: did the group launch?
	WhyAsked              Why = "asked"         // a person at a terminal
)

// Known returns the reason, and WhyAsked for every other text.
func (w Why) Known() Why {
	all := []Why{
		WhyLaunchUnsuccessful, WhyRefreshFailed, WhyGroupCreated, WhyGroupUpdated, WhyTemplateChanged, WhyDefaultsChanged, WhyKeyChanged, WhyGrantTaken, WhyKeyDenied, WhyRoleChanged,
		WhyImageChanged, WhySwept, WhyFollowed, WhyAsked,
	}
	if slices.Contains(all, w) {
		return w
	}
	return WhyAsked
}

// A Look is what diagnose is asked for: one group, because of one signal or of
// several about the same group.
type Look struct {
	Why      Why
	Account  string
	Region   string
	Group    string   // Auto Scaling group name
	EventIDs []string // EventBridge's ids of the events
	Failed   time.Time
	Last     time.Time `json:",omitzero"` // the last of several failures; zero = it is Failed
	Text     string    // AWS's words about the launch that failed; data, never trusted as a cause

	// Asked is the least that AWS's clock shows by now; zero = not known. It isn't sent:
	// the queue says it.
	Asked time.Time `json:"-"`

	Sweep  *Swept  `json:",omitempty"` // nil = nobody looked through a list of groups
	Follow *Follow `json:",omitempty"` // nil = it follows no change
	Taken  *taken  `json:",omitempty"` // nil = it isn't about a grant that was taken away
}

// Swept is how a group was seen among others: by a sweep, or when those were looked for
// that use something.
type Swept struct {
	Asked time.Time // when that began
	Lacks bool      // the group lacked instances
	Full  bool      // would the next launch fail? Else only: which key makes launches fail?
	Open  []Follow  // findings about the group that aren't ended by the log
}

// HasFailed reports whether the look is about a launch that failed: by its reason, or
// by the text of one that the group's scaling activities show.
func (l Look) HasFailed() bool {
	switch l.Why { //nolint:exhaustive // of the others the text tells
	case WhyLaunchUnsuccessful:
		return true
	case WhyRefreshFailed, WhyGroupCreated, WhyGroupUpdated, WhyImageChanged:
		return false
	}
	return l.Text != ""
}

// Place names the account and Region of the group.
func (l Look) Place() string { return l.Account + " " + l.Region }

// About is when what the look asks about was: what is read after that answers it. Zero:
// what is read for the look does.
func (l Look) About() time.Time {
	switch {
	case l.Follow != nil:
		return time.Time{}
	case l.Sweep != nil && l.Sweep.Asked.After(l.latest()):
		return l.Sweep.Asked
	case l.Failed.IsZero():
		return time.Time{}
	}
	return l.latest()
}

func (l Look) latest() time.Time {
	if l.Last.After(l.Failed) {
		return l.Last
	}
	return l.Failed
}

// OtherCause reports whether an event's own words name another cause for the failure
// than a key, so that no key has to be looked at.
func (l Look) OtherCause() bool {
	return l.Why == WhyLaunchUnsuccessful && !activity.Classify(l.Text).Cause.MayBeKey()
}

// FailedAt returns the time of the failure as RFC 3339 in UTC; "" where none
// failed, or the time isn't known.
func (l Look) FailedAt() string {
	at := l.Failed
	switch {
	case l.Follow != nil: // the failure that the change was made for
		at = l.Follow.Failed
	case !l.HasFailed() && l.Why != WhyFollowed:
		return ""
	}
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// By says in a record who asked for the look: "event" or "a person".
func (l Look) By() string {
	if l.Why == WhyAsked {
		return "a person"
	}
	return "event"
}
