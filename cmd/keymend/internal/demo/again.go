package demo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const repeats = 1000

// again: the event of part 1 arrives a thousand times more. EventBridge takes no
// events of AWS's from anyone but AWS, so they go to the queue that it delivers
// to.
func (s *stage) again(ctx context.Context) error {
	a := s.in(enforcing)
	before, err := a.entries(ctx, web)
	if err != nil {
		return err
	}
	if err := a.send(ctx, "keymend-signals", s.event); err != nil {
		return err
	}
	done, err := s.until(10*time.Minute, func() (bool, error) { return a.drained(ctx, "keymend-signals") })
	if err != nil {
		return err
	}
	if !done {
		return fmt.Errorf("diagnose hasn't taken all %d events; its last words: %s", repeats, a.lastWords(ctx, "diagnose"))
	}
	s.box.Advance(10 * time.Minute) // whatever it set off comes now
	after, err := a.entries(ctx, web)
	if err != nil {
		return err
	}
	looks := len(after) - len(before)
	if looks == 0 {
		return fmt.Errorf("diagnose left no finding for %s; its last words: %s", web, a.lastWords(ctx, "diagnose"))
	}
	if none, err := a.drained(ctx, "keymend-signals-dead"); err != nil || !none {
		return missing(err, "diagnose failed on some of the events: they ended in the dead-letter queue")
	}
	if w := s.writes(); len(w) > 0 {
		return fmt.Errorf("%d writes for events that were seen before: %v", len(w), w)
	}
	s.single("the same event 1,000 times", fmt.Sprintf("%d looks, writes 0", looks))
	return nil
}

func (a actor) queue(ctx context.Context, name string) (string, error) {
	out, err := a.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return "", fmt.Errorf("get URL of queue %s: %w", name, err)
	}
	return aws.ToString(out.QueueUrl), nil
}

func (a actor) send(ctx context.Context, name, body string) error {
	queue, err := a.queue(ctx, name)
	if err != nil {
		return err
	}
	const batch = 10 // the most that SQS takes at once
	for sent := 0; sent < repeats; sent += batch {
		in := &sqs.SendMessageBatchInput{QueueUrl: &queue}
		for i := range batch {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), MessageBody: &body})
		}
		out, err := a.sqs.SendMessageBatch(ctx, in)
		if err != nil || len(out.Failed) > 0 {
			return fmt.Errorf("send the event again: %w", missing(err, "%d were refused", len(out.Failed)))
		}
	}
	return nil
}

// drained: every message was taken, and none came back.
func (a actor) drained(ctx context.Context, name string) (bool, error) {
	queue, err := a.queue(ctx, name)
	if err != nil {
		return false, err
	}
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := a.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: names})
	if err != nil {
		return false, fmt.Errorf("get attributes of queue %s: %w", queue, err)
	}
	for _, name := range names {
		if out.Attributes[string(name)] != "0" {
			return false, nil
		}
	}
	return true, nil
}
