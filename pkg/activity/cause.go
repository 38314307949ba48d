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

func names() []string {
	return []string{
		"none", "unrecognised", "kms-access", "ambiguous", "capacity", "quota", "placement", "spot", "image", "template",
		"block-device", "instance-profile", "network", "load-balancer", "key-pair", "authorization",
		"service-linked-role-not-ready", "account", "lifecycle", "health-check", "refused", "group", "in-progress",
	}
}

// String returns the cause's name, as in "kms-access".
func (c Cause) String() string {
	if n := names(); int(c) < len(n) {
		return n[c]
	}
	return fmt.Sprintf("cause(%d)", uint8(c))
}

// MayBeKey reports whether a key could be behind it, so that the group's keys
// are worth a look. A text that no rule knows is: AWS has changed the words
// before.
func (c Cause) MayBeKey() bool {
	return c <= Ambiguous
}

// MarshalText implements encoding.TextMarshaler.
func (c Cause) MarshalText() ([]byte, error) {
	if int(c) >= len(names()) {
		return nil, fmt.Errorf("write cause: %d is none", uint8(c))
	}
	return []byte(c.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Cause) UnmarshalText(b []byte) error {
	for i, name := range names() {
		if name == string(b) {
			*c = Cause(i)
			return nil
		}
	}
	return fmt.Errorf("read cause: %q is none", b)
}
