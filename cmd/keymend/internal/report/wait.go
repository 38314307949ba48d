package report

import (
	"fmt"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/launch"
)

// A WaitEnd is what ends a wait; "" = it goes on.
type WaitEnd string

// The ends.
const (
	WaitInService    WaitEnd = "in-service"
	WaitStillFailing WaitEnd = "still-failing"
	WaitSuspended    WaitEnd = "suspended"
	WaitGone         WaitEnd = "gone"
	WaitTimeIsUp     WaitEnd = "time-is-up"
	WaitInterrupted  WaitEnd = "interrupted"
)

// A Wait is what came of following a group.
type Wait struct {
	Schema    string   `json:"schema"`
	Outcome   WaitEnd  `json:"outcome"`
	Account   string   `json:"account"`
	Region    string   `json:"region"`
	Group     string   `json:"group"`
	Desired   int      `json:"desired"`
	Healthy   int      `json:"healthy"`
	Instances []string `json:"instances"` // ids of those in service
	Seconds   int      `json:"seconds"`
	Message   string   `json:"message,omitempty"` // AWS's text about the newest failure or the suspension
	Cause     string   `json:"cause,omitempty"`   // what the failure is

	Place    Place         `json:"-"`
	Flags    []string      `json:"-"` // by which the person looked
	Launches bool          `json:"-"` // a launch goes on
	Passed   time.Duration `json:"-"`
	Undo     []string      `json:"-"` // commands that take back what was changed before
}

// Now says how it stands, in a line.
func (w Wait) Now() string {
	how := "waiting for a launch"
	if w.Launches {
		how = "a launch goes on"
	}
	return fmt.Sprintf("%d of %d in service, %s of %s", w.Healthy, w.Desired, how, w.Group)
}

// Code is the exit code: 0 in service; 3 it isn't known yet; 4 it doesn't launch.
func (w Wait) Code() Code {
	switch w.Outcome {
	case WaitInService:
		return Healed
	case WaitTimeIsUp, WaitInterrupted:
		return Fixable
	}
	return NotOurs
}

// Show writes it on the page.
func (w Wait) Show(p *screen.Page) {
	count := fmt.Sprintf("%d of %d in service", w.Healthy, w.Desired)
	switch w.Outcome {
	case WaitInService:
		p.Sentence(screen.Good, w.inService())
		return
	case WaitStillFailing:
		p.Sentence(screen.Bad, w.Group+" failed to launch again "+w.since()+": "+count+".")
	case WaitSuspended:
		p.Sentence(screen.Doubt, "Not waited for: Launch is suspended in "+w.Group+", and nothing launches until it is resumed.")
	case WaitGone:
		p.Sentence(screen.Doubt, w.Group+" was deleted meanwhile.")
	case WaitTimeIsUp:
		p.Sentence(screen.Doubt, "The time is up "+w.since()+": "+count+". What comes of it isn't known yet.")
	case WaitInterrupted:
		p.Sentence(screen.Doubt, "Interrupted "+w.since()+": "+count+". "+w.stands()+"Auto Scaling goes on by itself.")
	}
	p.Row(screen.Bold, "aws says", w.Message)
	p.Row(screen.Bold, "which is", w.Cause)
	w.next(p)
}

func (w Wait) inService() string {
	text := fmt.Sprintf("in service: %d of %d", w.Healthy, w.Desired)
	if len(w.Instances) > 0 {
		text = "in service: " + strings.Join(w.Instances, ", ")
	}
	if len(w.Undo) > 0 {
		text += ", " + w.since()
	}
	return text
}

// since says how long it took.
func (w Wait) since() string {
	if len(w.Undo) > 0 {
		return screen.Lasting(w.Passed) + " after the change"
	}
	return "after " + screen.Lasting(w.Passed)
}

func (w Wait) stands() string {
	if len(w.Undo) > 0 {
		return "The change stands. "
	}
	return ""
}

// next says what a person does then.
func (w Wait) next(p *screen.Page) {
	switch w.Outcome {
	case WaitGone:
		return
	case WaitSuspended:
		p.Whole(screen.Bold, "do", w.Place.AWS(launch.Resume(w.Account, w.Region, w.Group)))
	case WaitStillFailing:
		p.Whole(screen.Bold, "do", w.Place.Keymend("diagnose", w.Group, w.Flags...))
	}
	p.Whole(screen.Bold, "wait", w.Place.Keymend("diagnose", w.Group, append([]string{"--wait"}, w.Flags...)...))
	for _, command := range w.Undo {
		p.Whole(screen.Bold, "undo", command)
	}
}

// Lines are what is written as JSON.
func (w Wait) Lines() []any {
	w.Schema, w.Seconds = "keymend.wait/1", int(w.Passed.Seconds())
	w.Instances = append([]string{}, w.Instances...)
	return []any{w}
}
