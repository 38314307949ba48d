package eventbridge

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/wire"
)

// deliveryDelay is how long an event takes to its targets. AWS names no
// figure; about half a second is what people measure.
const deliveryDelay = 500 * time.Millisecond

// Queues are the targets of rules.
type Queues interface {
	// Deliver puts a message on a queue. group and dedup are for FIFO queues.
	Deliver(queueARN, body, group, dedup string) error
	// Admits reports whether the queue's policy lets a service send for
	// sourceARN.
	Admits(queueARN, service, sourceARN string) bool
}

// A Service is EventBridge.
type Service struct {
	clock  *clock.Clock
	queues Queues
	roles  Roles

	mu    sync.Mutex
	rules map[ruleName]*rule
	buses map[busName]*bus // but for the default ones

	published map[string][]string    // what rules sent, by the topic's ARN
	invoked   map[string][]time.Time // when targets were handed an event, by the rule's ARN
	failed    map[string][]time.Time // when targets didn't take an event, by the rule's ARN
}

type ruleName struct{ account, region, bus, name string }

func (n ruleName) arn() string {
	of := ""
	if n.bus != defaultBus {
		of = n.bus + "/"
	}
	return "arn:aws:events:" + n.region + ":" + n.account + ":rule/" + of + n.name
}

type rule struct {
	ruleName
	text        string
	pattern     pattern
	schedule    string        // expression; "" = none
	every       time.Duration // of the schedule
	description string
	state       types.RuleState
	targets     []types.Target
}

// New returns a service without rules that delivers into queues, and as roles into buses.
func New(c *clock.Clock, queues Queues, roles Roles) *Service {
	return &Service{clock: c, queues: queues, roles: roles, rules: map[ruleName]*rule{}, buses: map[busName]*bus{}, published: map[string][]string{}, invoked: map[string][]time.Time{}, failed: map[string][]time.Time{}}
}

// Wire returns the API.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "events", Protocol: wire.JSON, Target: "AWSEvents", Version: "1.1",
		Denied: "AccessDeniedException", DeniedCode: 400,
		Operations: []wire.Operation{
			wire.Handle("PutRule", s.PutRule), wire.Handle("PutTargets", s.PutTargets),
			wire.Handle("DescribeRule", s.DescribeRule), wire.Handle("ListRules", s.ListRules),
			wire.Handle("ListTargetsByRule", s.ListTargetsByRule), wire.Handle("RemoveTargets", s.RemoveTargets),
			wire.Handle("DeleteRule", s.DeleteRule), wire.Handle("EnableRule", s.EnableRule),
			wire.Handle("DisableRule", s.DisableRule), s.puts(wire.Handle("PutEvents", s.PutEvents)),
			wire.Handle("TestEventPattern", s.TestEventPattern), wire.Handle("CreateEventBus", s.CreateEventBus),
			wire.Handle("DescribeEventBus", s.DescribeEventBus), wire.Handle("PutPermission", s.PutPermission),
		},
	}.On(resources)
}

// resources returns the rule or bus that a request names.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
func resources(c *wire.Caller, in any) []string {
	switch in.(type) {
	case *eventbridge.CreateEventBusInput, *eventbridge.DescribeEventBusInput:
		return []string{busName{c.Account, c.Region, cmp.Or(wire.Member(in, "Name"), defaultBus)}.arn()}
	case *eventbridge.PutPermissionInput:
		return nil // it takes no resource
	}
	rule := wire.Member(in, "Rule", "Name")
	if rule == "" {
		return nil
	}
	return []string{ruleName{c.Account, c.Region, cmp.Or(wire.Member(in, "EventBusName"), defaultBus), rule}.arn()}
}

// puts says what a caller has to be allowed to put events: for each entry its bus, with
// its source and detail type.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
func (s *Service) puts(op wire.Operation) wire.Operation {
	op.Needs = func(ctx context.Context, in any) []wire.Check {
		c := wire.CallerOf(ctx)
		bus := "arn:aws:events:" + c.Region + ":" + c.Account + ":event-bus/default"
		var checks []wire.Check
		for _, e := range in.(*eventbridge.PutEventsInput).Entries {
			checks = append(checks, wire.Check{Action: "events:PutEvents", Resource: bus, Context: map[string][]string{
				"events:source": {aws.ToString(e.Source)}, "events:detail-type": {aws.ToString(e.DetailType)},
			}})
		}
		return checks
	}
	return op
}
