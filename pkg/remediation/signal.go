package remediation

import (
	"slices"
	"time"

	"keymend/pkg/activity"
)

// A Signal is why to look at a group: one event, or several about the same
// group taken together.
type Signal struct {
	activity.Failure
	EventIDs  []string
	Instances []string // launched instances, for LaunchSuccessful
}

// SignalOf makes a signal of one event.
func SignalOf(f activity.Failure) Signal {
	s := Signal{Failure: f}
	if f.EventID != "" {
		s.EventIDs = []string{f.EventID}
	}
	if f.InstanceID != "" {
		s.Instances = []string{f.InstanceID}
	}
	return s
}

// Collapse takes failures about the same group together, so that a storm of
// events costs what its distinct groups cost. Launches that succeeded stay apart
// from those that didn't. It returns, for each signal, the positions of the
// failures in it; both in the order of first sight.
func Collapse(failures []activity.Failure) ([]Signal, [][]int) {
	var signals []Signal
	var members [][]int
	for i, f := range failures {
		at := slices.IndexFunc(signals, func(s Signal) bool { return s.same(f) })
		if at < 0 {
			signals = append(signals, SignalOf(f))
			members = append(members, []int{i})
			continue
		}
		signals[at].add(f)
		members[at] = append(members[at], i)
	}
	return signals, members
}

func (s *Signal) same(f activity.Failure) bool {
	return s.Account == f.Account && s.Region == f.Region && s.Group == f.Group &&
		(s.Signal == activity.LaunchSuccessful) == (f.Signal == activity.LaunchSuccessful)
}

// add keeps the earliest failure's words: they are when it began.
func (s *Signal) add(f activity.Failure) {
	one := SignalOf(f)
	s.EventIDs = append(s.EventIDs, one.EventIDs...)
	s.Instances = append(s.Instances, one.Instances...)
	failed := f.Signal == activity.LaunchUnsuccessful
	if failed && (s.Signal != activity.LaunchUnsuccessful || f.Time.Before(s.Time)) {
		s.Failure = f
	}
}

// hasFailed reports whether it is about a launch that failed: by its kind, or
// by the text of one that a person's question brings with it.
func (s *Signal) hasFailed() bool {
	return s.Signal == activity.LaunchUnsuccessful || s.Signal == activity.Asked && s.StatusMessage != ""
}

// failed says when the launch failed; "" where none did.
func (s *Signal) failed() string {
	if !s.hasFailed() || s.Time.IsZero() {
		return ""
	}
	return s.Time.UTC().Format(time.RFC3339)
}

func (s *Signal) by() string {
	if s.Signal == activity.Asked {
		return "a person"
	}
	return "event"
}

func signalNamed(name string) activity.Signal {
	for _, s := range []activity.Signal{activity.LaunchUnsuccessful, activity.LaunchSuccessful, activity.GroupCreated, activity.ImageChanged, activity.Asked} {
		if string(s) == name {
			return s
		}
	}
	return activity.Asked
}

// parseTime reads RFC 3339; the zero time where it isn't that.
func parseTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
