package wiring

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keymend/pkg/remediation"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

func changes(cfg aws.Config, url string) remediation.Queue {
	if url == "" {
		return remediation.Nobody{}
	}
	return Changes{sqs.NewFromConfig(cfg), url}
}

// Messages sends SQS messages.
type Messages interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

var _ Messages = (*sqs.Client)(nil)

// Changes is the queue from diagnose to remediate: one writer for each target at a
// time, and equal plans within five minutes once.
type Changes struct {
	SQS Messages
	URL string
}

// Send implements remediation.Queue.
func (q Changes) Send(ctx context.Context, m remediation.Message) error {
	text, err := m.Body()
	if err != nil {
		return err
	}
	_, err = q.SQS.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &q.URL, MessageBody: &text, MessageGroupId: new(m.FIFOGroup()), MessageDeduplicationId: new(cmp.Or(m.Deduplication, m.Digest)),
	})
	if err != nil {
		return fmt.Errorf("send message %s: %w", m.ID, err)
	}
	return nil
}

// Batches sends SQS messages, ten a call, too.
type Batches interface {
	Messages
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

var _ Batches = (*sqs.Client)(nil)

// Looks are the queues of what diagnose is to look at: after a while, and once in five
// minutes. Without an address there is no such queue, and nothing is looked at.
type Looks struct {
	SQS      Batches
	URL      string
	DriftURL string // FIFO
}

// Send implements remediation.Later.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func (q Looks) Send(ctx context.Context, looks signal.Looks, after time.Duration) error {
	return q.send(ctx, &sqs.SendMessageInput{QueueUrl: &q.URL, DelaySeconds: int32(after.Seconds())}, looks)
}

// Once implements remediation.Later: SQS drops what has the same deduplication id for
// five minutes.
func (q Looks) Once(ctx context.Context, looks signal.Looks) error {
	same := looks.Same()
	return q.send(ctx, &sqs.SendMessageInput{QueueUrl: &q.DriftURL, MessageGroupId: &same, MessageDeduplicationId: &same}, looks)
}

func (q Looks) send(ctx context.Context, in *sqs.SendMessageInput, looks signal.Looks) error {
	if *in.QueueUrl == "" {
		return nil
	}
	body, err := bodyOf(looks)
	if err != nil {
		return err
	}
	in.MessageBody = &body
	if _, err := q.SQS.SendMessage(ctx, in); err != nil {
		return fmt.Errorf("send looks for %s at %d groups: %w", looks.Name(), len(looks.Groups), err)
	}
	return nil
}

func bodyOf(looks signal.Looks) (string, error) {
	text, err := json.Marshal(looks)
	if err != nil {
		return "", fmt.Errorf("write looks: %w", err)
	}
	return string(text), nil
}

// SendAll sends messages to the queue of looks, each after its time, ten a call, side by
// side. The answer is a success even where a message failed.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
func (q Looks) SendAll(ctx context.Context, all []signal.Looks, after []time.Duration) error {
	const most = 10
	var tasks []func() error
	for from := 0; from < len(all); from += most {
		to := min(from+most, len(all))
		tasks = append(tasks, func() error { return q.sendTen(ctx, all[from:to], after[from:to]) })
	}
	return together.Do(tasks...)
}

func (q Looks) sendTen(ctx context.Context, all []signal.Looks, after []time.Duration) error {
	in := &sqs.SendMessageBatchInput{QueueUrl: &q.URL}
	for i, looks := range all {
		body, err := bodyOf(looks)
		if err != nil {
			return err
		}
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), MessageBody: &body, DelaySeconds: int32(after[i].Seconds())})
	}
	out, err := q.SQS.SendMessageBatch(ctx, in)
	if err != nil {
		return fmt.Errorf("send %d accounts to look over: %w", len(all), err)
	}
	for _, f := range out.Failed {
		return fmt.Errorf("send %d of %d accounts to look over: %s: %s", len(out.Failed), len(all), aws.ToString(f.Code), aws.ToString(f.Message))
	}
	return nil
}
