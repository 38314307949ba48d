package eventbridge

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/wire"
)

// Put puts an event on the default bus of an account and Region, as an AWS
// service does. Rules are matched now, targets receive it a little later.
func (s *Service) Put(account, region string, e Event) {
	_ = s.put(busName{account, region, defaultBus}, account, region, e) // a detail that JSON can't encode is a bug of the service that made it
}

func (s *Service) put(on busName, account, region string, e Event) error {
	if e.ID == "" {
		e.ID = ident.UUID()
	}
	if e.Time.IsZero() {
		e.Time = s.clock.Now()
	}
	body, err := e.body(account, region)
	if err != nil {
		return err
	}
	return s.spread(on, "", body)
}

// spread hands an event to the rules of a bus. came is the account that sent it by a rule
// of its own; "": it was put here.
func (s *Service) spread(on busName, came string, body []byte) error {
	v, err := decode(body)
	if err != nil {
		return err
	}
	event, _ := v.(map[string]any)
	for _, d := range s.matched(on, event) {
		d.came = came
		s.clock.After(deliveryDelay, func() { s.deliver(d, string(body)) })
	}
	return nil
}

// A delivery is one target of one rule that matched.
type delivery struct {
	rule            string // ARN
	account, region string // of the rule
	target          types.Target
	came            string // account whose rule sent the event here; "" = none
}

func (s *Service) matched(on busName, event map[string]any) []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []delivery
	for _, r := range s.on(on) {
		if !r.takes(event) {
			continue
		}
		for _, t := range r.targets {
			out = append(out, delivery{rule: r.arn(), account: r.account, region: r.region, target: t})
		}
	}
	return out
}

// takes reports whether a rule matches an event. A rule that is only ENABLED
// doesn't see CloudTrail's Describe, Get and List calls.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
func (r *rule) takes(event map[string]any) bool {
	if r.state == types.RuleStateDisabled || r.schedule != "" || !r.pattern.matches(event) {
		return false
	}
	if r.state != types.RuleStateEnabled || event["detail-type"] != "AWS API Call via CloudTrail" {
		return true
	}
	detail, _ := event["detail"].(map[string]any)
	name, _ := detail["eventName"].(string)
	return !strings.HasPrefix(name, "Describe") && !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List")
}

// deliver hands an event to a target. A queue whose policy doesn't let
// EventBridge in, or that is gone, is not tried again: the event goes to the
// rule's dead-letter queue, if there is one.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func (s *Service) deliver(d delivery, body string) {
	s.count(s.invoked, d)
	if isBus(d.target) {
		s.forward(d, body)
		return
	}
	if isTopic(d.target) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.published[aws.ToString(d.target.Arn)] = append(s.published[aws.ToString(d.target.Arn)], body)
		return
	}
	group := ""
	if d.target.SqsParameters != nil {
		group = aws.ToString(d.target.SqsParameters.MessageGroupId)
	}
	if s.queues.Admits(aws.ToString(d.target.Arn), "events.amazonaws.com", d.rule) && s.queues.Deliver(aws.ToString(d.target.Arn), body, group, "") == nil {
		return
	}
	s.count(s.failed, d)
	if dlq := d.target.DeadLetterConfig; dlq != nil && s.queues.Admits(aws.ToString(dlq.Arn), "events.amazonaws.com", d.rule) {
		_ = s.queues.Deliver(aws.ToString(dlq.Arn), body, "", "") // nowhere else to go, as in AWS
	}
}

// count counts an event of a rule that was handed to a target, or that one didn't take.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
func (s *Service) count(in map[string][]time.Time, d delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in[d.rule] = append(in[d.rule], s.clock.Now())
}

// Invoked returns when events of a rule of the default bus were handed to targets, oldest
// first.
func (s *Service) Invoked(account, region, rule string) []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.invoked[ruleName{account, region, defaultBus, rule}.arn()])
}

// Failed returns when targets of a rule of the default bus didn't take an event, oldest
// first.
func (s *Service) Failed(account, region, rule string) []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failed[ruleName{account, region, defaultBus, rule}.arn()])
}

// isTopic tells a target that is an SNS topic. The sandbox has no SNS: any topic is
// there, lets EventBridge publish, and keeps what it got.
func isTopic(t types.Target) bool { return strings.HasPrefix(aws.ToString(t.Arn), "arn:aws:sns:") }

// Published returns what rules sent to a topic, oldest first.
func (s *Service) Published(topicARN string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.published[topicARN])
}

// PutEvents puts a customer's events on the default bus. Sources that begin
// with "aws." are AWS's own.
func (s *Service) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
	const most = 10
	if len(in.Entries) == 0 || len(in.Entries) > most {
		return nil, wire.Errorf("ValidationException", "Entries must have 1 to %d members", most)
	}
	out := &eventbridge.PutEventsOutput{Entries: []types.PutEventsResultEntry{}}
	for _, entry := range in.Entries {
		r := s.putEntry(wire.CallerOf(ctx), entry)
		if r.ErrorCode != nil {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, r)
	}
	return out, nil
}

func (s *Service) putEntry(c *wire.Caller, entry types.PutEventsRequestEntry) types.PutEventsResultEntry {
	failed := func(code, text string) types.PutEventsResultEntry {
		return types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: &text}
	}
	switch {
	case aws.ToString(entry.Source) == "" || aws.ToString(entry.DetailType) == "":
		return failed("InvalidArgument", "Parameter Source and DetailType must be given.")
	case strings.HasPrefix(*entry.Source, "aws."):
		return failed("NotAuthorizedForSourceException", "Not authorized for the source.")
	case !valid(entry.Detail):
		return failed("MalformedDetail", "Detail is malformed.")
	}
	s.mu.Lock()
	on, err := s.busOf(c, entry.EventBusName)
	s.mu.Unlock()
	if err != nil {
		return failed("InvalidArgument", "Event bus does not exist in the sandbox.")
	}
	e := Event{Source: *entry.Source, DetailType: *entry.DetailType, Resources: entry.Resources,
		Detail: json.RawMessage(*entry.Detail), ID: ident.UUID()}
	if entry.Time != nil {
		e.Time = *entry.Time
	}
	if err := s.put(on, c.Account, c.Region, e); err != nil {
		return failed("InternalFailure", err.Error())
	}
	return types.PutEventsResultEntry{EventId: &e.ID}
}
