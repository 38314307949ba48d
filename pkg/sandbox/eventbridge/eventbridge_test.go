package eventbridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	awsevents "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/wire"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	queue   = "arn:aws:sqs:eu-west-1:111122223333:signals"
	dead    = "arn:aws:sqs:eu-west-1:111122223333:dead"
)

func ctx() context.Context {
	return wire.WithCaller(context.Background(), &wire.Caller{Account: account, Region: region, Admin: true})
}

// TestPatterns holds the operators to the user guide's examples.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
func TestPatterns(t *testing.T) {
	t.Parallel()
	s := eventbridge.New(clock.New(time.Now()), nil, nil)
	const event = `{"source":"aws.kms","detail":{"eventName":"PutKeyPolicy","errorCode":"AccessDenied","n":3,"null":null,"empty":"",
		"list":["a","b"],"user":{"name":"AWSServiceRoleForAutoScaling_x"},"objects":[{"k":"1"},{"k":"2"}]}}`
	for pattern, want := range map[string]bool{
		`{"source":["aws.kms"]}`:                                                   true,
		`{"source":["aws.ec2","aws.kms"]}`:                                         true,
		`{"source":["aws.ec2"]}`:                                                   false,
		`{"detail":{"eventName":["PutKeyPolicy"]},"source":["aws.ec2"]}`:           false,
		`{"detail":{"n":[3]}}`:                                                     true,
		`{"detail":{"n":["3"]}}`:                                                   false,
		`{"detail":{"null":[null]}}`:                                               true,
		`{"detail":{"list":["b"]}}`:                                                true,
		`{"detail":{"list":["c"]}}`:                                                false,
		`{"detail":{"objects":{"k":["2"]}}}`:                                       true,
		`{"detail":{"objects":{"k":["3"]}}}`:                                       false,
		`{"detail":{"eventName":[{"prefix":"Put"}]}}`:                              true,
		`{"detail":{"eventName":[{"suffix":"Key"}]}}`:                              false,
		`{"detail":{"eventName":[{"suffix":"Policy"}]}}`:                           true,
		`{"detail":{"eventName":[{"equals-ignore-case":"putkeypolicy"}]}}`:         true,
		`{"detail":{"user":{"name":[{"prefix":"AWSServiceRoleForAutoScaling"}]}}}`: true,
		`{"detail":{"eventName":[{"wildcard":"P*Key*y"}]}}`:                        true,
		`{"detail":{"eventName":[{"wildcard":"P*Grant*"}]}}`:                       false,
		`{"detail":{"eventName":[{"wildcard":"*y*y"}]}}`:                           true,
		`{"detail":{"eventName":[{"wildcard":"*Policy*Policy"}]}}`:                 false,
		`{"detail":{"errorCode":[{"exists":true}]}}`:                               true,
		`{"detail":{"errorCode":[{"exists":false}]}}`:                              false,
		`{"detail":{"other":[{"exists":false}]}}`:                                  true,
		`{"detail":{"other":{"deeper":[{"exists":false}]}}}`:                       true,
		`{"detail":{"user":[{"exists":true}]}}`:                                    false,
		`{"detail":{"empty":[""]}}`:                                                true,
		`{"detail":{"errorCode":[{"anything-but":"AccessDenied"}]}}`:               false,
		`{"detail":{"errorCode":[{"anything-but":["Throttling","X"]}]}}`:           true,
		`{"detail":{"errorCode":[{"anything-but":{"prefix":"Access"}}]}}`:          false,
		`{"detail":{"other":[{"anything-but":"x"}]}}`:                              false,
	} {
		out, err := s.TestEventPattern(ctx(), &awsevents.TestEventPatternInput{Event: new(event), EventPattern: &pattern})
		if err != nil || out.Result != want {
			t.Errorf("%s: %v, %v; want %v", pattern, out, err, want)
		}
	}
	for _, bad := range []string{`{`, `[]`, `{}`, `{"a":"b"}`, `{"a":[{"numeric":[">",1]}]}`, `{"a":[{"prefix":1}]}`, `{"a":[{"exists":"x"}]}`,
		`{"a":[["b"]]}`, `{"a":[{"anything-but":[{"x":1}]}]}`, `{"$or":[{"a":["x"]}]}`, `{"a":["` + strings.Repeat("x", 4096) + `"]}`} {
		_, err := s.TestEventPattern(ctx(), &awsevents.TestEventPatternInput{Event: new(event), EventPattern: &bad})
		if w := new(wire.Error); !errors.As(err, &w) || w.Code != "InvalidEventPatternException" {
			t.Errorf("%.40s: %v, want InvalidEventPatternException", bad, err)
		}
	}
}

// FuzzPattern holds that no pattern and no event break the matcher.
func FuzzPattern(f *testing.F) {
	f.Add(`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":["y",{"b":1},[1]]}`)
	f.Add(`{"$or":[{"a":[null]}]}`, `{"a":null}`)
	f.Add(`{"a":{"b":[{"wildcard":"*a*"}]}}`, `{"a":[{"b":"xay"},2]}`)
	s := eventbridge.New(clock.New(time.Unix(0, 0)), nil, nil)
	f.Fuzz(func(t *testing.T, pattern, event string) {
		in := &awsevents.TestEventPatternInput{Event: &event, EventPattern: &pattern}
		first, err := s.TestEventPattern(ctx(), in)
		again, err2 := s.TestEventPattern(ctx(), in)
		if (err == nil) != (err2 == nil) || err == nil && first.Result != again.Result {
			t.Errorf("%v %v, then %v %v", first, err, again, err2)
		}
	})
}

type queues struct {
	admit map[string]bool
	got   map[string][]string
}

func (q *queues) Admits(arn, service, source string) bool {
	return q.admit[arn] && service == "events.amazonaws.com" && strings.Contains(source, ":rule/")
}

func (q *queues) Deliver(arn, body, _, _ string) error {
	q.got[arn] = append(q.got[arn], body)
	return nil
}

func bus(t *testing.T, pattern string, state types.RuleState) (*clock.Clock, *queues, *eventbridge.Service) {
	t.Helper()
	c := clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	q := &queues{admit: map[string]bool{queue: true, dead: true}, got: map[string][]string{}}
	s := eventbridge.New(c, q, nil)
	if _, err := s.PutRule(ctx(), &awsevents.PutRuleInput{Name: new("r"), EventPattern: &pattern, State: state}); err != nil {
		t.Fatal(err)
	}
	_, err := s.PutTargets(ctx(), &awsevents.PutTargetsInput{Rule: new("r"), Targets: []types.Target{
		{Id: new("1"), Arn: new(queue), DeadLetterConfig: &types.DeadLetterConfig{Arn: new(dead)}}}})
	if err != nil {
		t.Fatal(err)
	}
	return c, q, s
}

func TestDelivers(t *testing.T) {
	t.Parallel()
	c, q, s := bus(t, `{"source":["aws.autoscaling"]}`, "")
	s.Put(account, region, eventbridge.Event{Source: "aws.autoscaling", DetailType: "EC2 Instance Launch Unsuccessful",
		Resources: []string{"arn:group"}, Detail: map[string]any{"StatusCode": "Cancelled"}, ID: "e-1"})
	s.Put(account, "us-east-1", eventbridge.Event{Source: "aws.autoscaling", Detail: map[string]any{}})
	s.Put(account, region, eventbridge.Event{Source: "aws.ec2", Detail: map[string]any{}})
	if len(q.got[queue]) != 0 {
		t.Error("delivered before time passed")
	}
	c.Advance(time.Second)
	if len(q.got[queue]) != 1 {
		t.Fatalf("%d delivered, want 1", len(q.got[queue]))
	}
	var got, want map[string]any
	if err := json.Unmarshal([]byte(q.got[queue][0]), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"version":"0","id":"e-1","detail-type":"EC2 Instance Launch Unsuccessful","source":"aws.autoscaling",
		"account":"111122223333","time":"2026-03-02T09:00:00Z","region":"eu-west-1","resources":["arn:group"],"detail":{"StatusCode":"Cancelled"}}`), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestUndeliverable goes to the dead-letter queue: a queue that doesn't let
// EventBridge in isn't tried again.
func TestUndeliverable(t *testing.T) {
	t.Parallel()
	c, q, s := bus(t, `{"source":["x"]}`, "")
	q.admit[queue] = false
	s.Put(account, region, eventbridge.Event{Source: "x", Detail: map[string]any{}})
	c.Advance(time.Minute)
	if len(q.got[queue]) != 0 || len(q.got[dead]) != 1 {
		t.Errorf("got %v", q.got)
	}
}

// TestReadEvents: a rule that is only ENABLED doesn't see Describe, Get and
// List calls, but sees KMS's reads.
func TestReadEvents(t *testing.T) {
	t.Parallel()
	for state, want := range map[types.RuleState]int{
		types.RuleStateEnabled: 1, types.RuleStateEnabledWithAllCloudtrailManagementEvents: 2, types.RuleStateDisabled: 0,
	} {
		c, q, s := bus(t, `{"source":["aws.kms"]}`, state)
		for _, name := range []string{"GetKeyPolicy", "GenerateDataKeyWithoutPlaintext"} {
			s.Put(account, region, eventbridge.Event{Source: "aws.kms", DetailType: "AWS API Call via CloudTrail", Detail: map[string]any{"eventName": name}})
		}
		c.Advance(time.Minute)
		if len(q.got[queue]) != want {
			t.Errorf("%s: %d, want %d", state, len(q.got[queue]), want)
		}
	}
}

func TestPutEvents(t *testing.T) {
	t.Parallel()
	c, q, s := bus(t, `{"source":[{"exists":true}]}`, "")
	out, err := s.PutEvents(ctx(), &awsevents.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: new("aws.autoscaling"), DetailType: new("d"), Detail: new(`{}`)},
		{Source: new("keymend"), DetailType: new("d"), Detail: new(`{"a":1}`)},
		{Source: new("keymend"), DetailType: new("d"), Detail: new(`[`)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Minute)
	if out.FailedEntryCount != 2 || *out.Entries[0].ErrorCode != "NotAuthorizedForSourceException" || *out.Entries[2].ErrorCode != "MalformedDetail" {
		t.Errorf("%+v", out)
	}
	if len(q.got[queue]) != 1 || !strings.Contains(q.got[queue][0], *out.Entries[1].EventId) {
		t.Errorf("delivered %v", q.got[queue])
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	_, _, s := bus(t, `{"source":["x"]}`, "")
	if _, err := s.DeleteRule(ctx(), &awsevents.DeleteRuleInput{Name: new("r")}); err == nil {
		t.Error("a rule with targets was deleted")
	}
	listed, err := s.ListRules(ctx(), &awsevents.ListRulesInput{})
	if err != nil || len(listed.Rules) != 1 || *listed.Rules[0].Arn != "arn:aws:events:eu-west-1:111122223333:rule/r" {
		t.Errorf("%+v, %v", listed, err)
	}
	if _, err := s.RemoveTargets(ctx(), &awsevents.RemoveTargetsInput{Rule: new("r"), Ids: []string{"1"}}); err != nil {
		t.Error(err)
	}
	targets, err := s.ListTargetsByRule(ctx(), &awsevents.ListTargetsByRuleInput{Rule: new("r")})
	if err != nil || len(targets.Targets) != 0 {
		t.Errorf("%+v, %v", targets, err)
	}
	if _, err := s.DeleteRule(ctx(), &awsevents.DeleteRuleInput{Name: new("r")}); err != nil {
		t.Error(err)
	}
	if _, err := s.DescribeRule(ctx(), &awsevents.DescribeRuleInput{Name: new("r")}); err == nil {
		t.Error("a deleted rule was described")
	}
	if _, err := s.PutTargets(ctx(), &awsevents.PutTargetsInput{Rule: new("r"), Targets: []types.Target{{Id: new("1"), Arn: new("arn:aws:lambda:x")}}}); err == nil {
		t.Error("a target that isn't in the sandbox was taken")
	}
}

// TestSchedules: a rule with a rate delivers AWS's own event at that rate, while it
// is enabled and has the rate, and matches no event.
func TestSchedules(t *testing.T) {
	t.Parallel()
	c := clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	q := &queues{admit: map[string]bool{queue: true}, got: map[string][]string{}}
	s := eventbridge.New(c, q, nil)
	put := func(rate string) {
		t.Helper()
		if _, err := s.PutRule(ctx(), &awsevents.PutRuleInput{Name: new("sweep"), ScheduleExpression: &rate}); err != nil {
			t.Fatal(err)
		}
	}
	put("rate(15 minutes)")
	put("rate(15 minutes)") // the same again is no second one
	if _, err := s.PutTargets(ctx(), &awsevents.PutTargetsInput{Rule: new("sweep"), Targets: []types.Target{{Id: new("q"), Arn: new(queue)}}}); err != nil {
		t.Fatal(err)
	}
	s.Put(account, region, eventbridge.Event{Source: "aws.kms", DetailType: "x", Detail: struct{}{}})
	if _, due := c.Pending(); due {
		t.Error("a schedule keeps the sandbox from being idle, or took an event")
	}
	want := func(after time.Duration, n int) {
		t.Helper()
		c.Advance(after)
		if len(q.got[queue]) != n {
			t.Errorf("%d events after %s, want %d: %v", len(q.got[queue]), after, n, q.got)
		}
	}
	want(14*time.Minute, 0)
	want(time.Minute, 1)
	want(time.Hour, 5)
	put("rate(1 hour)")
	want(time.Hour, 6)
	if _, err := s.DisableRule(ctx(), &awsevents.DisableRuleInput{Name: new("sweep")}); err != nil {
		t.Fatal(err)
	}
	want(3*time.Hour, 6)
	for _, part := range []string{`"detail-type":"Scheduled Event"`, `"source":"aws.events"`, `"resources":["arn:aws:events:eu-west-1:111122223333:rule/sweep"]`, `"detail":{}`} {
		if !strings.Contains(q.got[queue][0], part) {
			t.Errorf("%s isn't in %s", part, q.got[queue][0])
		}
	}
	for _, bad := range []string{"rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)", "cron(0 * * * ? *)", "rate(5 seconds)"} {
		if _, err := s.PutRule(ctx(), &awsevents.PutRuleInput{Name: new("bad"), ScheduleExpression: &bad}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
