package eventbridge

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/wire"
)

// Roles are what rules send to buses as.
type Roles interface {
	// ServiceRole returns the caller that a service is as a role, if its trust lets it.
	ServiceRole(roleARN, service, sourceAccount, region string) (*wire.Caller, error)
	// Authorize judges by the caller's own policies.
	Authorize(c *wire.Caller, check wire.Check) error
	// Organizational returns the condition keys of the accounts' organizations.
	Organizational(caller, resource string) map[string][]string
}

const defaultBus = "default"

type busName struct{ account, region, name string }

func (n busName) arn() string {
	return "arn:aws:events:" + n.region + ":" + n.account + ":event-bus/" + n.name
}

// A bus is one that somebody made; every account has "default" besides.
type bus struct {
	text   string // the policy; "" = none
	policy *keypolicy.Document
}

// busOf resolves a bus's name or ARN. The caller holds the lock.
func (s *Service) busOf(c *wire.Caller, name *string) (busName, error) {
	n := busName{c.Account, c.Region, strings.TrimPrefix(aws.ToString(name), busName{c.Account, c.Region, ""}.arn())}
	if n.name == "" {
		n.name = defaultBus
	}
	if n.name != defaultBus && s.buses[n] == nil {
		return n, wire.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", n.name)
	}
	return n, nil
}

// CreateEventBus makes a bus, on which nobody else may put events.
func (s *Service) CreateEventBus(ctx context.Context, in *eventbridge.CreateEventBusInput) (*eventbridge.CreateEventBusOutput, error) {
	c := wire.CallerOf(ctx)
	n := busName{c.Account, c.Region, aws.ToString(in.Name)}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case in.DeadLetterConfig != nil || in.Description != nil:
		return nil, wire.Errorf("NotInTheSandbox", "DeadLetterConfig and Description of events:CreateEventBus are not in the sandbox")
	case n.name == "" || strings.Contains(n.name, "/"):
		return nil, wire.Errorf("ValidationException", "the name %q of a bus is not in the sandbox", n.name)
	case n.name == defaultBus || s.buses[n] != nil:
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", n.name)
	}
	s.buses[n] = &bus{}
	return &eventbridge.CreateEventBusOutput{EventBusArn: new(n.arn())}, nil
}

// DescribeEventBus answers with a bus and its policy.
func (s *Service) DescribeEventBus(ctx context.Context, in *eventbridge.DescribeEventBusInput) (*eventbridge.DescribeEventBusOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.busOf(wire.CallerOf(ctx), in.Name)
	if err != nil {
		return nil, err
	}
	out := &eventbridge.DescribeEventBusOutput{Name: &n.name, Arn: new(n.arn())}
	if b := s.buses[n]; b != nil && b.text != "" {
		out.Policy = &b.text
	}
	return out, nil
}

// PutPermission gives a bus that somebody made a policy. Single statements, and a policy
// of the default bus, aren't in the sandbox.
func (s *Service) PutPermission(ctx context.Context, in *eventbridge.PutPermissionInput) (*eventbridge.PutPermissionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.busOf(wire.CallerOf(ctx), in.EventBusName)
	if err != nil {
		return nil, err
	}
	if in.Policy == nil || in.Principal != nil || n.name == defaultBus {
		return nil, wire.Errorf("NotInTheSandbox", "PutPermission by Principal instead of Policy, or on the default bus, is not in the sandbox")
	}
	policy, err := keypolicy.Parse(*in.Policy)
	if err != nil {
		return nil, wire.Errorf("ValidationException", "The policy is not valid: %v", err)
	}
	*s.buses[n] = bus{text: *in.Policy, policy: policy}
	return &eventbridge.PutPermissionOutput{}, nil
}

// isBus tells a target that is a bus from a queue.
func isBus(t types.Target) bool { return strings.Contains(aws.ToString(t.Arn), ":event-bus/") }

// admitted says why a rule's target bus doesn't take its events: the bus isn't there, the
// rule's role can't be taken or may not put events, or the bus's policy doesn't let it.
// In one account the role's own policies are enough. The caller holds the lock.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
func (s *Service) admitted(account, region string, t types.Target) error {
	target := aws.ToString(t.Arn)
	refused := func(why string) error {
		return wire.Errorf("AccessDeniedException", "the event bus %s doesn't take events from account %s: %s", target, account, why)
	}
	part := strings.SplitN(target, ":", 6)
	n := busName{arn.Account(target), part[3], strings.TrimPrefix(part[len(part)-1], "event-bus/")}
	b := s.buses[n]
	switch {
	case b == nil:
		return refused("it isn't there, or is the default bus, which is not in the sandbox as a target")
	case aws.ToString(t.RoleArn) == "":
		return refused("the target has no role")
	}
	c, err := s.roles.ServiceRole(*t.RoleArn, "events.amazonaws.com", account, region)
	if err != nil {
		return refused(err.Error())
	}
	if err := s.roles.Authorize(c, wire.Check{Action: "events:PutEvents", Resource: target}); err != nil {
		return refused(err.Error())
	}
	if n.account == account {
		return nil
	}
	values := c.Context()
	maps.Copy(values, s.roles.Organizational(account, n.account))
	who := access.Principal{ARN: c.Principal(), ID: c.UniqueID, SessionARN: c.ARN}
	if b.policy == nil || access.Resource(b.policy, who, "events:PutEvents", target, access.Context{Values: values, Complete: true}).Decision != access.Allowed {
		return refused("its policy doesn't let them in")
	}
	return nil
}

// forward puts an event on another bus as it is: account, Region, id and time stay.
// What came over a bus goes to no third account.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
func (s *Service) forward(d delivery, body string) {
	target := aws.ToString(d.target.Arn)
	s.mu.Lock()
	err := s.admitted(d.account, d.region, d.target)
	s.mu.Unlock()
	part := strings.SplitN(target, ":", 6)
	if err != nil || d.came != "" && d.came != d.account && arn.Account(target) != d.account {
		s.count(s.failed, d)
		return
	}
	_ = s.spread(busName{arn.Account(target), part[3], strings.TrimPrefix(part[5], "event-bus/")}, d.account, []byte(body)) // it was read before
}
