// Package cloudtrail is the sandbox's CloudTrail: a record of every API call,
// in CloudTrail's own form, for LookupEvents and, where the account has a
// trail, for the event bus.
package cloudtrail

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/wire"
)

// deliveryDelay is how long a record takes to the bus. AWS names no figure for
// EventBridge ("near real-time"); to S3 it is some five minutes.
const deliveryDelay = 15 * time.Second

// Bus takes the events.
type Bus interface {
	Put(account, region string, e eventbridge.Event)
}

// A Service is CloudTrail.
type Service struct {
	clock *clock.Clock
	bus   Bus

	mu      sync.Mutex
	silent  bool
	records map[place][]record  // oldest first
	trails  map[string][]*trail // by account; see of
}

type place struct{ account, region string }

// New returns a service whose accounts all have a trail that logs management events,
// until they change that.
func New(c *clock.Clock, bus Bus) *Service {
	return &Service{clock: c, bus: bus, records: map[place][]record{}, trails: map[string][]*trail{}}
}

// SetTrail says whether trails log at all, whatever each account's says. Without one that
// logs, nothing goes to the bus; LookupEvents still answers.
func (s *Service) SetTrail(logs bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = !logs
}

// Wire returns the API.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "cloudtrail", Protocol: wire.JSON, Target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", Version: "1.1",
		Denied: "AccessDeniedException", DeniedCode: 400,
		Operations: []wire.Operation{
			wire.Handle("LookupEvents", s.LookupEvents),
			wire.Handle("DescribeTrails", s.DescribeTrails),
			wire.Handle("GetTrailStatus", s.GetTrailStatus),
			wire.Handle("GetEventSelectors", s.GetEventSelectors),
			wire.Handle("PutEventSelectors", s.PutEventSelectors),
			wire.Handle("CreateTrail", s.CreateTrail),
			wire.Handle("DeleteTrail", s.DeleteTrail),
			wire.Handle("StartLogging", s.StartLogging),
			wire.Handle("StopLogging", s.StopLogging),
		},
	}.On(resources)
}

// Record writes an API call down, also a refused one. Data events, such as
// those of queues, are not recorded.
func (s *Service) Record(c wire.Call) {
	if !management(c) {
		return
	}
	r := s.recordOf(c)
	at := place{c.Caller.Account, r.AWSRegion}
	s.mu.Lock()
	s.records[at] = append(s.records[at], r)
	logs := s.logs(at.account, r)
	s.mu.Unlock()
	detail, err := json.Marshal(r)
	if !logs || err != nil {
		return
	}
	source := "aws." + strings.TrimSuffix(r.EventSource, ".amazonaws.com")
	e := eventbridge.Event{Source: source, DetailType: "AWS API Call via CloudTrail", Detail: json.RawMessage(detail)}
	s.clock.After(deliveryDelay, func() { s.bus.Put(at.account, at.region, e) })
}

// management reports whether a call is a management event.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
func management(c wire.Call) bool {
	switch c.Service {
	case "sqs":
		return !strings.HasPrefix(c.Operation, "SendMessage") && !strings.HasPrefix(c.Operation, "DeleteMessage") &&
			c.Operation != "ReceiveMessage" && c.Operation != "ChangeMessageVisibility"
	case "logs":
		return c.Operation != "PutLogEvents" && c.Operation != "GetLogEvents" && c.Operation != "FilterLogEvents"
	case "events":
		return c.Operation != "PutEvents"
	}
	return true
}
