package eventbridge

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// maxTargets is EventBridge's limit of targets a rule.
const maxTargets = 5

// with does something to the caller's rule of this name, under the lock.
func (s *Service) with(ctx context.Context, name, bus *string, f func(*rule) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.busOf(wire.CallerOf(ctx), bus)
	if err != nil {
		return err
	}
	r := s.rules[ruleName{b.account, b.region, b.name, aws.ToString(name)}]
	if r == nil {
		return wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", aws.ToString(name), b.name)
	}
	return f(r)
}

// PutRule makes or replaces a rule; its targets stay. A rule of the sandbox has
// either a pattern or a rate.
func (s *Service) PutRule(ctx context.Context, in *eventbridge.PutRuleInput) (*eventbridge.PutRuleOutput, error) {
	schedule := aws.ToString(in.ScheduleExpression)
	if aws.ToString(in.Name) == "" || (schedule != "") == (in.EventPattern != nil) {
		return nil, wire.Errorf("ValidationException", "a rule of the sandbox needs a Name, and either an EventPattern or a ScheduleExpression")
	}
	if in.RoleArn != nil {
		return nil, wire.Errorf("NotInTheSandbox", "RoleArn of events:PutRule is not in the sandbox")
	}
	p, every, err := when(schedule, aws.ToString(in.EventPattern))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.busOf(wire.CallerOf(ctx), in.EventBusName)
	if err == nil && schedule != "" && b.name != defaultBus {
		err = wire.Errorf("ValidationException", "ScheduleExpression is supported only on the default event bus.")
	}
	if err != nil {
		return nil, err
	}
	name := ruleName{b.account, b.region, b.name, *in.Name}
	r := s.rules[name]
	if r == nil {
		r = &rule{ruleName: name}
		s.rules[name] = r
	}
	r.text, r.pattern, r.description, r.state = aws.ToString(in.EventPattern), p, aws.ToString(in.Description), cmp.Or(in.State, types.RuleStateEnabled)
	if r.schedule != schedule {
		r.schedule, r.every = schedule, every
		s.start(r)
	}
	return &eventbridge.PutRuleOutput{RuleArn: new(name.arn())}, nil
}

// when reads a schedule, or else a pattern.
func when(schedule, text string) (pattern, time.Duration, error) {
	if schedule != "" {
		every, err := rate(schedule)
		return nil, every, err
	}
	p, err := parsePattern(text)
	if err != nil {
		err = wire.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %v", err)
	}
	return p, 0, err
}

// PutTargets adds or replaces targets by Id. Only SQS queues, SNS topics, and buses
// of other accounts and Regions, without input transformation are in the sandbox. A bus's own
// policy is looked at here, and again at each delivery.
func (s *Service) PutTargets(ctx context.Context, in *eventbridge.PutTargetsInput) (*eventbridge.PutTargetsOutput, error) {
	for _, t := range in.Targets {
		if isBus(t) && (t.Input != nil || t.InputPath != nil || t.InputTransformer != nil) {
			return nil, wire.Errorf("ValidationException", "Input, InputPath and InputTransformer can't be set where the target is an event bus.")
		}
		if !known(t) || t.Input != nil || t.InputPath != nil || t.InputTransformer != nil {
			return nil, wire.Errorf("NotInTheSandbox", "the target %s is not in the sandbox: only SQS queues, SNS topics and buses that take the event as it is are", aws.ToString(t.Arn))
		}
	}
	return &eventbridge.PutTargetsOutput{}, s.with(ctx, in.Rule, in.EventBusName, func(r *rule) error {
		targets := slices.Clone(r.targets)
		for _, t := range in.Targets {
			if isBus(t) {
				if err := s.admitted(r.account, r.region, t); err != nil {
					return err
				}
			}
			targets = append(slices.DeleteFunc(targets, func(o types.Target) bool { return aws.ToString(o.Id) == aws.ToString(t.Id) }), t)
		}
		if len(targets) > maxTargets {
			return wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
		}
		r.targets = targets
		return nil
	})
}

// known reports whether a target is of a kind that the sandbox has.
func known(t types.Target) bool {
	return isBus(t) || isTopic(t) || strings.HasPrefix(aws.ToString(t.Arn), "arn:aws:sqs:")
}

// RemoveTargets takes targets away; an Id that isn't there is no error.
func (s *Service) RemoveTargets(ctx context.Context, in *eventbridge.RemoveTargetsInput) (*eventbridge.RemoveTargetsOutput, error) {
	return &eventbridge.RemoveTargetsOutput{}, s.with(ctx, in.Rule, in.EventBusName, func(r *rule) error {
		r.targets = slices.DeleteFunc(slices.Clone(r.targets), func(t types.Target) bool { return slices.Contains(in.Ids, aws.ToString(t.Id)) })
		return nil
	})
}

// DeleteRule deletes a rule without targets; one that isn't there is no error.
func (s *Service) DeleteRule(ctx context.Context, in *eventbridge.DeleteRuleInput) (*eventbridge.DeleteRuleOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.busOf(wire.CallerOf(ctx), in.EventBusName)
	if err != nil {
		return nil, err
	}
	name := ruleName{b.account, b.region, b.name, aws.ToString(in.Name)}
	if r := s.rules[name]; r != nil && len(r.targets) > 0 {
		return nil, wire.Errorf("ValidationException", "Rule can't be deleted since it has targets.")
	}
	delete(s.rules, name)
	return &eventbridge.DeleteRuleOutput{}, nil
}

// EnableRule lets a rule match.
func (s *Service) EnableRule(ctx context.Context, in *eventbridge.EnableRuleInput) (*eventbridge.EnableRuleOutput, error) {
	return &eventbridge.EnableRuleOutput{}, s.setState(ctx, in.Name, in.EventBusName, types.RuleStateEnabled)
}

// DisableRule keeps a rule from matching.
func (s *Service) DisableRule(ctx context.Context, in *eventbridge.DisableRuleInput) (*eventbridge.DisableRuleOutput, error) {
	return &eventbridge.DisableRuleOutput{}, s.setState(ctx, in.Name, in.EventBusName, types.RuleStateDisabled)
}

func (s *Service) setState(ctx context.Context, name, bus *string, state types.RuleState) error {
	return s.with(ctx, name, bus, func(r *rule) error {
		r.state = state
		return nil
	})
}

// DescribeRule answers with one rule.
func (s *Service) DescribeRule(ctx context.Context, in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
	var out eventbridge.DescribeRuleOutput
	return &out, s.with(ctx, in.Name, in.EventBusName, func(r *rule) error {
		t := r.listed()
		out = eventbridge.DescribeRuleOutput{Arn: t.Arn, Name: t.Name, EventBusName: t.EventBusName,
			EventPattern: t.EventPattern, ScheduleExpression: t.ScheduleExpression, State: t.State, Description: t.Description, CreatedBy: &r.account}
		return nil
	})
}

// ListRules answers with the caller's rules by name.
func (s *Service) ListRules(ctx context.Context, in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.busOf(wire.CallerOf(ctx), in.EventBusName)
	if err != nil {
		return nil, err
	}
	all := []types.Rule{}
	for _, r := range s.on(b) {
		if strings.HasPrefix(r.name, aws.ToString(in.NamePrefix)) {
			all = append(all, r.listed())
		}
	}
	page, next, err := paging.Cut(all, in.Limit, in.NextToken, paging.Rule{
		Usual: 100, Refusal: wire.Errorf("ValidationException", "The token is invalid.")})
	return &eventbridge.ListRulesOutput{Rules: page, NextToken: next}, err
}

// ListTargetsByRule answers with a rule's targets.
func (s *Service) ListTargetsByRule(ctx context.Context, in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
	var out eventbridge.ListTargetsByRuleOutput
	return &out, s.with(ctx, in.Rule, in.EventBusName, func(r *rule) error {
		out.Targets = slices.Clone(r.targets)
		return nil
	})
}

// TestEventPattern tells whether an event fits a pattern.
func (s *Service) TestEventPattern(_ context.Context, in *eventbridge.TestEventPatternInput) (*eventbridge.TestEventPatternOutput, error) {
	p, err := parsePattern(aws.ToString(in.EventPattern))
	if err != nil {
		return nil, wire.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %v", err)
	}
	v, err := decode([]byte(aws.ToString(in.Event)))
	event, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, wire.Errorf("ValidationException", "Parameter Event is not valid. Reason: it must be a JSON object")
	}
	return &eventbridge.TestEventPatternOutput{Result: p.matches(event)}, nil
}

// on returns the rules of a bus by name, under the lock.
func (s *Service) on(b busName) []*rule {
	var out []*rule
	for n, r := range s.rules {
		if n.account == b.account && n.region == b.region && n.bus == b.name {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *rule) int { return cmp.Compare(a.name, b.name) })
	return out
}

func (r *rule) listed() types.Rule {
	t := types.Rule{Arn: new(r.arn()), Name: &r.name, EventBusName: &r.bus, State: r.state}
	if r.schedule != "" {
		t.ScheduleExpression = &r.schedule
	} else {
		t.EventPattern = &r.text
	}
	if r.description != "" {
		t.Description = new(r.description)
	}
	return t
}

func valid(detail *string) bool {
	var o map[string]any
	return json.Unmarshal([]byte(aws.ToString(detail)), &o) == nil
}
