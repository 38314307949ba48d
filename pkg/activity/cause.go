package activity

import "fmt"

// A Cause is the kind of reason that AWS's text gives for a failed launch. It
// is a suspicion at most: the same text stands for missing access and for a
// dead key, so the key decides. The zero value is None.
type Cause uint8

// The causes.
const (
	None            Cause = iota // no text
	Unrecognised                 // a text that no rule knows
	KMSAccess                    // suspected: a key that the role may not use, or that isn't usable
	Ambiguous                    // a fault of AWS, or any of several others, a key among them
	Capacity                     // AWS has no such instance at the moment, or not there
	Quota                        // a limit of the account
	Placement                    // a placement group that doesn't fit
	Spot                         // price, or an interruption
	Image                        // image or snapshot missing, not shared, not subscribed to, not fitting
	Template                     // the launch template or configuration is invalid
	BlockDevice                  // the block device mapping is invalid
	InstanceProfile              // the IAM instance profile is invalid
	Network                      // subnet, security group, zone
	LoadBalancer                 // load balancer or target group
	KeyPair                      // an SSH key pair: nothing to do with KMS
	Authorization                // an IAM or organization policy said no
	SLRNotReady                  // the service-linked role is seconds old, or gone
	Account                      // the account may not use the service, or not yet
	Lifecycle                    // a lifecycle hook abandoned the instance
	HealthCheck                  // the instance was replaced or shut down
	Refused                      // EC2 refuses this combination of parameters
	Group                        // the group isn't there
	InProgress                   // not a failure (yet)
)

// A cause's name, and what it is in words.
type wording struct{ name, says string }

func wordings() []wording {
	return []wording{
		None:            {"none", "there is no text"},
		Unrecognised:    {"unrecognised", "a text that Keymend doesn't know"},
		KMSAccess:       {"kms-access", "a key that the role may not use, or that isn't usable"},
		Ambiguous:       {"ambiguous", "a fault of AWS, or any of several others, a key among them"},
		Capacity:        {"capacity", "AWS has too few such instances there at the moment; it passes by itself"},
		Quota:           {"quota", "a limit of the account is reached"},
		Placement:       {"placement", "the placement group doesn't fit"},
		Spot:            {"spot", "no Spot instance for this price at the moment; it may pass by itself"},
		Image:           {"image", "the image or a snapshot of it is missing, isn't shared or subscribed to, or doesn't fit"},
		Template:        {"template", "the launch template or configuration is invalid"},
		BlockDevice:     {"block-device", "the block device mapping is invalid"},
		InstanceProfile: {"instance-profile", "the IAM instance profile is invalid; a new one passes by itself"},
		Network:         {"network", "subnet, security group or Availability Zone"},
		LoadBalancer:    {"load-balancer", "the load balancer or target group"},
		KeyPair:         {"key-pair", "the SSH key pair is missing; it has nothing to do with KMS"},
		Authorization:   {"authorization", "an IAM or organization policy said no"},
		SLRNotReady:     {"service-linked-role-not-ready", "the service-linked role is seconds old, and that passes by itself; or it is gone"},
		Account:         {"account", "the account may not use the service, or not yet"},
		Lifecycle:       {"lifecycle", "a lifecycle hook abandoned the instance"},
		HealthCheck:     {"health-check", "the instance was replaced or shut down"},
		Refused:         {"refused", "EC2 refuses this combination of parameters"},
		Group:           {"group", "the group isn't there"},
		InProgress:      {"in-progress", "the launch is still going on"},
	}
}

// String returns the cause's name, as in "kms-access".
func (c Cause) String() string {
	if w := wordings(); int(c) < len(w) {
		return w[c].name
	}
	return fmt.Sprintf("cause(%d)", uint8(c))
}

// Says is what the cause is, in a line, and whether it passes by itself; "" for none
// of the causes.
func (c Cause) Says() string {
	if w := wordings(); int(c) < len(w) {
		return w[c].says
	}
	return ""
}

// MayBeKey reports whether a key could be behind it, so that the group's keys
// are worth a look. A text that no rule knows is: AWS has changed the words
// before.
func (c Cause) MayBeKey() bool {
	return c <= Ambiguous
}

// MarshalText implements encoding.TextMarshaler.
func (c Cause) MarshalText() ([]byte, error) {
	if int(c) >= len(wordings()) {
		return nil, fmt.Errorf("write cause: %d is none", uint8(c))
	}
	return []byte(c.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Cause) UnmarshalText(b []byte) error {
	for i, w := range wordings() {
		if w.name == string(b) {
			*c = Cause(i)
			return nil
		}
	}
	return fmt.Errorf("read cause: %q is none", b)
}
