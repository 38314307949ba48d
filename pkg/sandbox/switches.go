package sandbox

import (
	"fmt"
	"time"

	"keymend/pkg/sandbox/autoscaling"
	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/stackset"
)

// Switches choose among what AWS may do where no source settles it: each is a
// [?] of docs/unknowns.md. Keymend must work in every position.
type Switches struct {
	groupSwitches
	launchSwitches
	keySwitches

	// TrailLogs: accounts have a trail that logs management events, so that API
	// calls become events; without one only the services' own events do. Not a
	// [?]: both kinds of account exist.
	TrailLogs bool `json:"trailLogs"`
	// DenialNamesKey: CloudTrail's record of a denied KMS call of a
	// service-linked role carries the key in resources. [?] No recorded sample.
	DenialNamesKey bool `json:"denialNamesKey"`
	// StackSetARNAccount: whose account the ARN of a StackSet names that a delegated
	// administrator made. [?]
	StackSetARNAccount stackset.Switch `json:"stackSetArnAccount"`
}

type (
	groupSwitches  = autoscaling.Switches
	launchSwitches = ec2.Switches
	keySwitches    = kms.Switches
)

// DefaultSwitches are what is likeliest, but for new principals, which are known
// at once: simulated time stands still while a function runs, so that whoever
// waits in one would wait in vain.
func DefaultSwitches() Switches {
	return Switches{groupSwitches: autoscaling.DefaultSwitches(), TrailLogs: true, DenialNamesKey: true, StackSetARNAccount: stackset.Management}
}

// SetSwitches changes how the sandbox behaves from now on.
func (s *Sandbox) SetSwitches(sw Switches) {
	s.mu.Lock()
	s.switches = sw
	s.mu.Unlock()
	s.ec2.SetSwitches(sw.launchSwitches)
	s.kms.SetSwitches(sw.keySwitches)
	s.trail.SetTrail(sw.TrailLogs)
	s.stackSets.SetSwitch(sw.StackSetARNAccount)
	s.autoscaling.SetSwitches(sw.groupSwitches)
}

func (s *Sandbox) switchesNow() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// switchesText is Switches as the control API shows them: durations as Go
// writes them ("24h0m0s").
type switchesText struct {
	Switches
	RetryDelays  []string `json:"retryDelays"`
	SuspendAfter string   `json:"suspendAfter"`
	PolicyDelay  string   `json:"principalDelayPolicy"`
	GrantDelay   string   `json:"principalDelayGrant"`
	GroupDelay   string   `json:"principalDelayGroup"`
	LaunchDelay  string   `json:"principalDelayLaunch"`
	TagDelay     string   `json:"tagDelay"`
}

func (sw Switches) text() switchesText {
	t := switchesText{Switches: sw, RetryDelays: []string{}}
	for _, d := range durations(&sw, &t) {
		*d.text = d.value.String()
	}
	t.NoCapacity = append([]string{}, sw.NoCapacity...)
	for _, d := range sw.RetryDelays {
		t.RetryDelays = append(t.RetryDelays, d.String())
	}
	return t
}

func (t switchesText) switches() (Switches, error) {
	sw := t.Switches
	if whose := sw.StackSetARNAccount; whose != stackset.Management && whose != stackset.Administrator {
		return Switches{}, fmt.Errorf("stackSetArnAccount: %q is neither %s nor %s", whose, stackset.Management, stackset.Administrator)
	}
	sw.RetryDelays = nil
	for _, d := range durations(&sw, &t) {
		var err error
		if *d.value, err = duration(d.name, *d.text); err != nil {
			return Switches{}, err
		}
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

// A timed is a switch that is a time, and its text.
type timed struct {
	name  string
	value *time.Duration
	text  *string
}

func durations(sw *Switches, t *switchesText) []timed {
	return []timed{
		{"suspendAfter", &sw.SuspendAfter, &t.SuspendAfter},
		{"principalDelayPolicy", &sw.PolicyDelay, &t.PolicyDelay},
		{"principalDelayGrant", &sw.GrantDelay, &t.GrantDelay},
		{"principalDelayGroup", &sw.GroupDelay, &t.GroupDelay},
		{"principalDelayLaunch", &sw.LaunchDelay, &t.LaunchDelay},
		{"tagDelay", &sw.TagDelay, &t.TagDelay},
	}
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
