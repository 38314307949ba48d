// Package autoscaling is the sandbox's EC2 Auto Scaling: groups that launch
// toward their desired capacity as their service-linked role, fail with AWS's
// texts, back off, and are suspended after a day of failing.
//
// Launches happen when the clock moves on: a call only notes what is wanted, as
// in AWS. So whatever changes an instance of a group runs on the goroutine that
// advances the clock, one at a time.
package autoscaling

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/iam"
	"keymend/pkg/sandbox/wire"
)

// servicePrincipal is who the service-linked role belongs to.
const servicePrincipal = "autoscaling.amazonaws.com"

// A Launcher launches and ends instances: EC2.
type Launcher interface {
	Starter
	Launch(c *wire.Caller, r ec2.LaunchRequest) (ec2.Launched, error)
	Terminate(account, region, instanceID string)
	OnInstance(f func(account, region, instanceID, state string, reason *ec2types.StateReason))
}

// A Starter stops instances and starts them again, as a warm pool does.
type Starter interface {
	Start(c *wire.Caller, instanceID string) error
	Stop(account, region, instanceID string)
}

// Roles are the roles that groups launch as, and what callers may do: IAM.
type Roles interface {
	Authorize(c *wire.Caller, check wire.Check) error
	Role(arn string) (iam.Role, bool)
	EnsureServiceLinkedRole(account, service, suffix string) (iam.Role, error)
	RoleSession(roleARN, sessionName, region, invokedBy string) (*wire.Caller, error)
}

// A Bus takes the events of an account and Region.
type Bus interface {
	Put(account, region string, e eventbridge.Event)
}

// Switches choose among what AWS may do; no source settles these: each is a [?]
// of docs/unknowns.md.
type Switches struct {
	// CancelledEmitsEvent: a launch that ends Cancelled, as one without access to
	// its key does, emits EC2 Instance Launch Unsuccessful. One that ends Failed
	// always does.
	CancelledEmitsEvent bool `json:"cancelledEmitsEvent"`
	// RetryDelays are how long a group waits after its first, second, … round of
	// failed launches; the last one goes on. Empty = DefaultSwitches'.
	RetryDelays []time.Duration `json:"retryDelays"`
	// SuspendAfter is how long a group fails before Launch is suspended
	// administratively; 0 = never. AWS says "over 24 hours".
	SuspendAfter time.Duration `json:"suspendAfter"`
	// GroupDelay is how long a request that names a role that was just made is
	// told that there is none (facts/launch.md 6); LaunchDelay is how long launches
	// as it fail (aws-facts 1.8: "for seconds"). Zero = it is known at once.
	GroupDelay  time.Duration `json:"principalDelayGroup"`
	LaunchDelay time.Duration `json:"principalDelayLaunch"`
	// SuspensionReason is what SuspendedProcesses says then.
	SuspensionReason string `json:"suspensionReason"`
}

// DefaultSwitches are what is likeliest.
func DefaultSwitches() Switches {
	const s = time.Second
	return Switches{
		CancelledEmitsEvent: true,
		RetryDelays:         []time.Duration{20 * s, 40 * s, 60 * s, 120 * s, 300 * s},
		SuspendAfter:        24 * time.Hour,
		SuspensionReason:    "Administrative suspension: the group has been failing to launch instances for over 24 hours",
	}
}

// A Service is Auto Scaling in all accounts and Regions. Make one with New.
type Service struct {
	clock    *clock.Clock
	launcher Launcher
	roles    Roles
	bus      Bus

	mu       sync.Mutex // never held while another service is called
	switches Switches
	groups   map[name]*group
	deleted  []*group
	owners   map[string]*group // by instance id
	serial   int

	configurations map[name]*types.LaunchConfiguration // by their own names
}

// A name is where a group stands.
type name struct{ account, region, group string }

// New returns an Auto Scaling without groups, which hears of instances from
// launcher.
func New(c *clock.Clock, launcher Launcher, roles Roles, bus Bus, sw Switches) *Service {
	s := &Service{clock: c, launcher: launcher, roles: roles, bus: bus, groups: map[name]*group{}, owners: map[string]*group{}, configurations: map[name]*types.LaunchConfiguration{}}
	s.SetSwitches(sw)
	launcher.OnInstance(s.observe)
	return s
}

// SetSwitches changes how groups behave from now on.
func (s *Service) SetSwitches(sw Switches) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(sw.RetryDelays) == 0 {
		sw.RetryDelays = DefaultSwitches().RetryDelays
	}
	s.switches = sw
}

// newID makes an id of a group or an activity. Ids depend on the order of calls
// only, so that a run can be told again. The caller holds s.mu.
func (s *Service) newID() string {
	s.serial++
	h := sha256.Sum256(fmt.Appendf(nil, "autoscaling %d", s.serial))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// at writes a time as Auto Scaling's texts do.
func at(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
