package sqs_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/sqs"
	"keymend/pkg/sandbox/wire"
)

const arnPrefix = "arn:aws:sqs:eu-west-1:111122223333:"

func ctx() context.Context {
	return wire.WithCaller(context.Background(), &wire.Caller{Account: "111122223333", Region: "eu-west-1", Admin: true})
}

type fixture struct {
	t *testing.T
	c *clock.Clock
	s *sqs.Service
}

func set(t *testing.T) fixture {
	c := clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	return fixture{t, c, sqs.New(c)}
}

func (f fixture) create(name string, attributes map[string]string) string {
	f.t.Helper()
	if strings.HasSuffix(name, ".fifo") {
		if attributes == nil {
			attributes = map[string]string{}
		}
		attributes["FifoQueue"] = "true"
	}
	out, err := f.s.CreateQueue(ctx(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		f.t.Fatal(err)
	}
	return *out.QueueUrl
}

func (f fixture) send(url, body, group, dedup string) *awssqs.SendMessageOutput {
	f.t.Helper()
	in := &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}
	if group != "" {
		in.MessageGroupId = &group
	}
	if dedup != "" {
		in.MessageDeduplicationId = &dedup
	}
	out, err := f.s.SendMessage(ctx(), in)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f fixture) receive(url string, most int32) []types.Message {
	f.t.Helper()
	out, err := f.s.ReceiveMessage(ctx(), &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: most,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Messages
}

func bodies(ms []types.Message) string {
	var out []string
	for _, m := range ms {
		out = append(out, *m.Body)
	}
	return strings.Join(out, ",")
}

func (f fixture) want(ms []types.Message, want string) {
	f.t.Helper()
	if got := bodies(ms); got != want {
		f.t.Errorf("received %q, want %q", got, want)
	}
}

func TestVisibility(t *testing.T) {
	t.Parallel()
	f := set(t)
	url := f.create("q", map[string]string{"VisibilityTimeout": "60"})
	sent := f.send(url, "hello", "", "")
	if *sent.MD5OfMessageBody != "5d41402abc4b2a76b9719d911017c592" || sent.SequenceNumber != nil {
		t.Errorf("%+v", sent)
	}
	first := f.receive(url, 10)
	f.want(first, "hello")
	f.want(f.receive(url, 10), "")
	f.c.Advance(59 * time.Second)
	f.want(f.receive(url, 10), "")
	f.c.Advance(time.Second)
	again := f.receive(url, 10)
	f.want(again, "hello")
	if again[0].Attributes["ApproximateReceiveCount"] != "2" || again[0].Attributes["SentTimestamp"] != strconv.FormatInt(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixMilli(), 10) {
		t.Errorf("%v", again[0].Attributes)
	}
	if _, err := f.s.ChangeMessageVisibility(ctx(), &awssqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: again[0].ReceiptHandle}); err != nil {
		t.Error(err)
	}
	third := f.receive(url, 10)
	f.want(third, "hello")
	if _, err := f.s.DeleteMessage(ctx(), &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: third[0].ReceiptHandle}); err != nil {
		t.Error(err)
	}
	f.c.Advance(time.Hour)
	f.want(f.receive(url, 10), "")
}

func TestCounts(t *testing.T) {
	t.Parallel()
	f := set(t)
	url := f.create("q", nil)
	for _, b := range []string{"a", "b", "c"} {
		f.send(url, b, "", "")
	}
	if _, err := f.s.SendMessage(ctx(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: new("late"), DelaySeconds: 10}); err != nil {
		t.Fatal(err)
	}
	f.receive(url, 1)
	out, err := f.s.GetQueueAttributes(ctx(), &awssqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1",
		"ApproximateNumberOfMessagesDelayed": "1", "QueueArn": arnPrefix + "q", "VisibilityTimeout": "30"} {
		if out.Attributes[name] != want {
			t.Errorf("%s = %s, want %s", name, out.Attributes[name], want)
		}
	}
	f.c.Advance(10 * time.Second)
	f.want(f.receive(url, 10), "b,c,late")
}

// TestDeduplication: SQS forgets a deduplication id after five minutes, also
// of a message that was deleted.
func TestDeduplication(t *testing.T) {
	t.Parallel()
	f := set(t)
	url := f.create("q.fifo", nil)
	content := f.create("c.fifo", map[string]string{"ContentBasedDeduplication": "true"})
	first := f.send(url, "a", "g", "d")
	if second := f.send(url, "other body", "g", "d"); *second.MessageId != *first.MessageId || *second.SequenceNumber != *first.SequenceNumber {
		t.Errorf("%v, then %v", first, second)
	}
	f.send(content, "same", "g", "")
	f.send(content, "same", "g", "")
	f.send(content, "different", "g", "")
	f.want(f.receive(content, 10), "same,different")
	got := f.receive(url, 10)
	f.want(got, "a")
	if _, err := f.s.DeleteMessage(ctx(), &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: got[0].ReceiptHandle}); err != nil {
		t.Error(err)
	}
	f.c.Advance(5*time.Minute - time.Second)
	f.send(url, "within", "g", "d")
	f.want(f.receive(url, 10), "")
	f.c.Advance(time.Second)
	f.send(url, "after", "g", "d")
	f.want(f.receive(url, 10), "after")
}

// TestGroups: while a message is in flight, its group waits, and others don't.
func TestGroups(t *testing.T) {
	t.Parallel()
	f := set(t)
	url := f.create("q.fifo", nil)
	for i, b := range []string{"a1", "a2", "b1", "a3"} {
		f.send(url, b, b[:1], strconv.Itoa(i))
	}
	a1 := f.receive(url, 1)
	f.want(a1, "a1")
	f.want(f.receive(url, 10), "b1")
	f.want(f.receive(url, 10), "")
	if _, err := f.s.DeleteMessageBatch(ctx(), &awssqs.DeleteMessageBatchInput{QueueUrl: &url,
		Entries: []types.DeleteMessageBatchRequestEntry{{Id: new("x"), ReceiptHandle: a1[0].ReceiptHandle}}}); err != nil {
		t.Error(err)
	}
	f.want(f.receive(url, 10), "a2,a3")
	f.c.Advance(31 * time.Second)
	f.want(f.receive(url, 10), "a2,b1,a3")
}

// TestDeadLetters: after maxReceiveCount receives the next one buries it.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	f := set(t)
	dlq := f.create("dead", nil)
	url := f.create("q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arnPrefix + `dead","maxReceiveCount":2}`})
	f.send(url, "poison", "", "")
	for range 2 {
		f.want(f.receive(url, 10), "poison")
		f.want(f.receive(dlq, 10), "")
		f.c.Advance(31 * time.Second)
	}
	f.want(f.receive(url, 10), "")
	f.want(f.receive(dlq, 10), "poison")
}

// TestOnArrival: whoever waits is told when a message comes, and when one
// comes back.
func TestOnArrival(t *testing.T) {
	t.Parallel()
	f := set(t)
	f.create("q", nil)
	told := 0
	f.s.OnArrival(arnPrefix+"q", func() { told++ })
	if err := f.s.Deliver(arnPrefix+"q", "x", "", ""); err != nil {
		t.Fatal(err)
	}
	f.c.Advance(0)
	got := f.s.Take(arnPrefix+"q", 10)
	if told != 1 || len(got) != 1 || got[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Fatalf("told %d, got %v", told, got)
	}
	f.c.Advance(29 * time.Second)
	if told != 1 {
		t.Error("told too early")
	}
	f.c.Advance(time.Second)
	again := f.s.Take(arnPrefix+"q", 10)
	if told != 2 || len(again) != 1 {
		t.Fatalf("told %d, got %v", told, again)
	}
	f.s.Done(arnPrefix+"q", again[0].Receipt)
	f.c.Advance(time.Hour)
	if left := f.s.Take(arnPrefix+"q", 10); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	f := set(t)
	url, fifo := f.create("q", nil), f.create("q.fifo", nil)
	for name, call := range map[string]func() error{
		"QueueDoesNotExist": func() error {
			_, err := f.s.ReceiveMessage(ctx(), &awssqs.ReceiveMessageInput{QueueUrl: new("http://x/111122223333/none")})
			return err
		},
		"MissingParameter": func() error {
			_, err := f.s.SendMessage(ctx(), &awssqs.SendMessageInput{QueueUrl: &fifo, MessageBody: new("x")})
			return err
		},
		"InvalidParameterValue": func() error {
			_, err := f.s.SendMessage(ctx(), &awssqs.SendMessageInput{QueueUrl: &fifo, MessageBody: new("x"), MessageGroupId: new("g")})
			return err
		},
		"ReceiptHandleIsInvalid": func() error {
			_, err := f.s.DeleteMessage(ctx(), &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: new("nonsense")})
			return err
		},
		"InvalidAttributeName": func() error {
			_, err := f.s.CreateQueue(ctx(), &awssqs.CreateQueueInput{QueueName: new("z"), Attributes: map[string]string{"Nonsense": "1"}})
			return err
		},
		"QueueNameExists": func() error {
			_, err := f.s.CreateQueue(ctx(), &awssqs.CreateQueueInput{QueueName: new("q"), Attributes: map[string]string{"DelaySeconds": "1"}})
			return err
		},
	} {
		if w := new(wire.Error); !errors.As(call(), &w) || w.Code != name {
			t.Errorf("%v, want %s", w, name)
		}
	}
	if out, err := f.s.CreateQueue(ctx(), &awssqs.CreateQueueInput{QueueName: new("q")}); err != nil || *out.QueueUrl != url {
		t.Errorf("the same queue again: %v, %v", out, err)
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	f := set(t)
	url := f.create("q.fifo", nil)
	out, err := f.s.SendMessageBatch(ctx(), &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: new("1"), MessageBody: new("a"), MessageGroupId: new("g"), MessageDeduplicationId: new("1")},
		{Id: new("2"), MessageBody: new("no group")},
	}})
	if err != nil || len(out.Successful) != 1 || len(out.Failed) != 1 || *out.Failed[0].Id != "2" {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, err := f.s.PurgeQueue(ctx(), &awssqs.PurgeQueueInput{QueueUrl: &url}); err != nil {
		t.Error(err)
	}
	f.want(f.receive(url, 10), "")
}

func TestAdmits(t *testing.T) {
	t.Parallel()
	f := set(t)
	const rule = "arn:aws:events:eu-west-1:111122223333:rule/r"
	statement := func(more string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"` + more + `}]}`
	}
	for policy, want := range map[string]bool{
		"":            false,
		statement(""): true,
		statement(`,"Condition":{"ArnEquals":{"aws:SourceArn":"` + rule + `"}}`):                                                                                         true,
		statement(`,"Condition":{"ArnLike":{"aws:SourceArn":["arn:x","arn:aws:events:*:*:rule/*"]}}`):                                                                    true,
		statement(`,"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:eu-west-1:1:rule/other"}}`):                                                                false,
		statement(`,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`):                                                                                          false,
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:*","Resource":"*"}]}`:                                                 false,
		`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}`: false,
	} {
		name := "q" + strconv.Itoa(len(policy))
		attributes := map[string]string{}
		if policy != "" {
			attributes["Policy"] = policy
		}
		f.create(name, attributes)
		if got := f.s.Admits(arnPrefix+name, "events.amazonaws.com", rule); got != want {
			t.Errorf("%s: %v, want %v", policy, got, want)
		}
	}
}
