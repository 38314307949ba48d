package sqs

import (
	"context"
	"crypto/md5" //nolint:gosec // SQS's own checksum, not a protection
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/wire"
)

const maxBatch = 10

// SendMessage puts a message on a queue.
func (s *Service) SendMessage(ctx context.Context, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	m := outgoing{
		body: aws.ToString(in.MessageBody), group: aws.ToString(in.MessageGroupId), dedup: aws.ToString(in.MessageDeduplicationId),
		delay: time.Duration(in.DelaySeconds) * time.Second, attributes: len(in.MessageAttributes), sender: wire.CallerOf(ctx).UserID(),
	}
	queue := arnOfURL(aws.ToString(in.QueueUrl), wire.CallerOf(ctx).Region)
	wire.CallOf(ctx).Resources = []string{queue}
	r, err := s.send(queue, m)
	if err != nil {
		return nil, err
	}
	return &sqs.SendMessageOutput{MessageId: &r.id, MD5OfMessageBody: new(sum(m.body)),
		SequenceNumber: r.sequence()}, nil
}

// SendMessageBatch sends up to ten messages, each for itself.
func (s *Service) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
	if len(in.Entries) == 0 || len(in.Entries) > maxBatch {
		return nil, wire.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(in.Entries))
	}
	if err := s.with(ctx, in.QueueUrl, func(*queue) error { return nil }); err != nil {
		return nil, err
	}
	arn := arnOfURL(aws.ToString(in.QueueUrl), wire.CallerOf(ctx).Region)
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		m := outgoing{body: aws.ToString(e.MessageBody), group: aws.ToString(e.MessageGroupId), dedup: aws.ToString(e.MessageDeduplicationId),
			delay: time.Duration(e.DelaySeconds) * time.Second, attributes: len(e.MessageAttributes), sender: wire.CallerOf(ctx).UserID()}
		r, err := s.send(arn, m)
		if err != nil {
			out.Failed = append(out.Failed, failedEntry(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id, MessageId: &r.id,
			MD5OfMessageBody: new(sum(m.body)), SequenceNumber: r.sequence()})
	}
	return out, nil
}

// failedEntry tells of an entry of a batch that failed for itself.
func failedEntry(id *string, err error) types.BatchResultErrorEntry {
	w := wire.AsError(err)
	return types.BatchResultErrorEntry{Id: id, Code: &w.Code, Message: &w.Message, SenderFault: true}
}

// Deliver puts a message on a queue for another service. group and dedup are
// for FIFO queues, which need a group.
func (s *Service) Deliver(queueARN, body, group, dedup string) error {
	_, err := s.send(queueARN, outgoing{body: body, group: group, dedup: dedup})
	return err
}

// An outgoing is a message that is being sent.
type outgoing struct {
	body, group, dedup string
	delay              time.Duration
	attributes         int
	sender             string // "" = a service
}

func (m outgoing) check(q *queue) error {
	const most = 1 << 20 // 1 MiB since 2025
	switch {
	case m.attributes > 0:
		return wire.Errorf("NotInTheSandbox", "message attributes are not in the sandbox")
	case m.body == "":
		return wire.Errorf("MissingParameter", "The request must contain the parameter MessageBody.")
	case len(m.body) > most:
		return wire.Errorf("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", most)
	case !q.fifo():
		return nil
	case m.group == "":
		return wire.Errorf("MissingParameter", "The request must contain the parameter MessageGroupId.")
	case m.delay != 0:
		return wire.Errorf("InvalidParameterValue", "Value %d for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.", int(m.delay.Seconds()))
	case m.dedup == "" && q.attributes["ContentBasedDeduplication"] != "true":
		return wire.Errorf("InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	return nil
}

// send puts a message on a queue. A FIFO queue that has seen the deduplication
// id in the last five minutes takes it and delivers nothing.
func (s *Service) send(arn string, out outgoing) (sent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[arn]
	if q == nil {
		return sent{}, notThere()
	}
	if err := out.check(q); err != nil {
		return sent{}, err
	}
	now := s.clock.Now()
	if q.fifo() {
		if out.dedup == "" {
			digest := sha256.Sum256([]byte(out.body))
			out.dedup = hex.EncodeToString(digest[:])
		}
		if old, ok := q.dedup[out.dedup]; ok && now.Before(old.at.Add(dedupWindow)) {
			return old, nil
		}
	}
	delay := max(out.delay, q.seconds("DelaySeconds", 0))
	q.serial++
	m := &message{id: ident.UUID(), body: out.body, group: out.group, dedup: out.dedup,
		serial: q.serial, sender: out.sender, sent: now, visible: now.Add(delay)}
	r := sent{at: now, id: m.id}
	if q.fifo() {
		r.serial = m.serial
		q.dedup[out.dedup] = r
	}
	q.messages = append(q.messages, m)
	s.announce(q, delay)
	return r, nil
}

// announce tells whoever waits for a queue's messages, once they are visible.
func (s *Service) announce(q *queue, after time.Duration) {
	for _, f := range q.onArrival {
		s.clock.After(after, f)
	}
}

// sequence returns a FIFO message's sequence number; nil for others.
func (r sent) sequence() *string {
	if r.serial == 0 {
		return nil
	}
	return new(sequence(r.serial))
}

func sequence(serial int) string { return fmt.Sprintf("%020d", serial) }

func sum(body string) string {
	digest := md5.Sum([]byte(body)) //nolint:gosec // see the import
	return hex.EncodeToString(digest[:])
}
