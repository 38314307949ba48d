package sandbox

import (
	"fmt"
	"slices"
	"time"

	"keymend/pkg/sandbox/autoscaling"
	"keymend/pkg/sandbox/ec2"
)

// Switches choose among what AWS may do where no source settles it: each is a
// [?] of docs/unknowns.md. Keymend must work in every position.
type Switches struct {
	// CancelledEmitsEvent: a launch that ends Cancelled, as one without access to
	// its key does, emits EC2 Instance Launch Unsuccessful. [?] No source shows
	// whether it does; one that ends Failed does.
	CancelledEmitsEvent bool
	// OldFailureText: a refused key ends in "Client.InternalError: Client error
	// on launch", as AWS's documentation has it still, instead of
	// "Client.InvalidKMSKey.InvalidState: …". [?] Which one a given account gets.
	OldFailureText bool
	// RetryDelays are how long a group waits after its first, second, … round of
	// failed launches; the last one goes on. [?] The cadence is undocumented.
	RetryDelays []time.Duration
	// SuspendAfter is how long a group fails before Launch is suspended
	// administratively; 0 = never. [?] AWS says "over 24 hours".
	SuspendAfter time.Duration
	// SuspensionReason is what SuspendedProcesses says then. [?] The exact text.
	SuspensionReason string
	// TrailLogs: accounts have a trail that logs management events, so that API
	// calls become events; without one only the services' own events do. Not a
	// [?]: both kinds of account exist.
	TrailLogs bool
	// DenialNamesKey: CloudTrail's record of a denied KMS call of a
	// service-linked role carries the key in resources. [?] No recorded sample.
	DenialNamesKey bool
	// NoCapacity are instance types ("m5.large"), Availability Zones
	// ("eu-west-1a"), or both ("m5.large eu-west-1a") without capacity. Not a
	// [?]: it stages a failure that has nothing to do with keys.
	NoCapacity []string
}

// DefaultSwitches are what is likeliest.
func DefaultSwitches() Switches {
	groups := autoscaling.DefaultSwitches()
	return Switches{
		CancelledEmitsEvent: groups.CancelledEmitsEvent,
		RetryDelays:         groups.RetryDelays,
		SuspendAfter:        groups.SuspendAfter,
		SuspensionReason:    groups.SuspensionReason,
		TrailLogs:           true,
		DenialNamesKey:      true,
	}
}

// SetSwitches changes how the sandbox behaves from now on.
func (s *Sandbox) SetSwitches(sw Switches) {
	s.mu.Lock()
	s.switches = sw
	s.mu.Unlock()
	s.ec2.SetSwitches(ec2.Switches{OldFailureText: sw.OldFailureText, NoCapacity: sw.NoCapacity})
	s.trail.SetTrail(sw.TrailLogs)
	s.autoscaling.SetSwitches(autoscaling.Switches{
		CancelledEmitsEvent: sw.CancelledEmitsEvent, RetryDelays: sw.RetryDelays,
		SuspendAfter: sw.SuspendAfter, SuspensionReason: sw.SuspensionReason,
	})
}

func (s *Sandbox) switchesNow() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// switchesText is Switches as the control API shows them: durations as Go
// writes them ("24h0m0s").
type switchesText struct {
	CancelledEmitsEvent bool     `json:"cancelledEmitsEvent"`
	OldFailureText      bool     `json:"oldFailureText"`
	RetryDelays         []string `json:"retryDelays"`
	SuspendAfter        string   `json:"suspendAfter"`
	SuspensionReason    string   `json:"suspensionReason"`
	TrailLogs           bool     `json:"trailLogs"`
	DenialNamesKey      bool     `json:"denialNamesKey"`
	NoCapacity          []string `json:"noCapacity"`
}

func (sw Switches) text() switchesText {
	t := switchesText{
		CancelledEmitsEvent: sw.CancelledEmitsEvent, OldFailureText: sw.OldFailureText,
		RetryDelays: make([]string, 0, len(sw.RetryDelays)), SuspendAfter: sw.SuspendAfter.String(),
		SuspensionReason: sw.SuspensionReason, TrailLogs: sw.TrailLogs, DenialNamesKey: sw.DenialNamesKey,
		NoCapacity: append([]string{}, sw.NoCapacity...),
	}
	for _, d := range sw.RetryDelays {
		t.RetryDelays = append(t.RetryDelays, d.String())
	}
	return t
}

func (t switchesText) switches() (Switches, error) {
	sw := Switches{
		CancelledEmitsEvent: t.CancelledEmitsEvent, OldFailureText: t.OldFailureText, SuspensionReason: t.SuspensionReason,
		TrailLogs: t.TrailLogs, DenialNamesKey: t.DenialNamesKey, NoCapacity: slices.Clone(t.NoCapacity),
	}
	var err error
	if sw.SuspendAfter, err = duration("suspendAfter", t.SuspendAfter); err != nil {
		return Switches{}, err
	}
	for _, text := range t.RetryDelays {
		d, err := duration("retryDelays", text)
		if err != nil {
			return Switches{}, err
		}
		if d == 0 {
			return Switches{}, fmt.Errorf("retryDelays: a group can't retry without delay")
		}
		sw.RetryDelays = append(sw.RetryDelays, d)
	}
	return sw, nil
}

func duration(name, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	if d < 0 {
		return 0, fmt.Errorf("%s: %s is negative", name, text)
	}
	return d, nil
}
