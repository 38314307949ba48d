// Package activity turns what AWS sends into what Keymend looks at: events
// into Failures, and the text of a failed scaling activity into a Cause.
//
// Events are hints. Only names and ids are taken from them; everything else is
// read back from AWS.
//
// The package is pure: no I/O, no clock, no SDK.
//
// Events: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
package activity

import "time"

// A Signal says what made Keymend look at a group.
type Signal string

// The signals. A CreateAutoScalingGroup event is a signal, not a failure: the
// group is looked at before anything has failed.
const (
	LaunchUnsuccessful Signal = "launch-unsuccessful"
	LaunchSuccessful   Signal = "launch-successful"
	GroupCreated       Signal = "group-created"
	ImageChanged       Signal = "image-changed" // a copy is ready, or failed
	Asked              Signal = "asked"         // a person at a terminal
	OwnWrite           Signal = "own-write"     // a role of Keymend's changed something
)

// A Failure is one signal about one group, as far as the event tells it. Only
// Signal, Account and Region are always there, and Group, Image or Write.
type Failure struct {
	Signal        Signal
	EventID       string // EventBridge's id of the event
	Account       string // 12 digits, as the bus vouches for it
	Region        string
	Group         string    // Auto Scaling group name
	ActivityID    string    // scaling activity
	InstanceID    string    // "" where none was launched
	Image         string    // where the event is about an image and names no group
	StatusCode    string    // Failed, Cancelled, InProgress, …
	StatusMessage string    // free text by AWS; data, never trusted as a cause
	Time          time.Time // when AWS says it happened
	Write         *Write    `json:",omitempty"` // what was changed, for OwnWrite; nil = something else
}
