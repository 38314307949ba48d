package sqs

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keymend/pkg/sandbox/wire"
)

// A Message is a message in flight, as another service takes it.
type Message struct {
	ID, Body, Receipt string
	Attributes        map[string]string // ApproximateReceiveCount, SentTimestamp, …
}

// Take receives up to max messages for another service. They are in flight for
// the queue's visibility timeout; Done takes them off the queue.
func (s *Service) Take(queueARN string, max int) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[queueARN]
	if q == nil {
		return nil
	}
	var out []Message
	for _, m := range s.receive(q, max, q.visibility()) {
		out = append(out, Message{ID: m.id, Body: m.body, Receipt: m.receipt, Attributes: q.system(m)})
	}
	return out
}

// Done takes a message off the queue for good.
func (s *Service) Done(queueARN, receipt string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[queueARN]; q != nil {
		_ = q.remove(receipt) // gone already: as good as done
	}
}

// OnArrival calls f, on the clock, whenever a message becomes visible in a
// queue: when it arrives, when its delay or its visibility timeout is over. f
// may find that someone else was faster.
func (s *Service) OnArrival(queueARN string, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[queueARN]; q != nil {
		q.onArrival = append(q.onArrival, f)
	}
}

// receive moves up to max messages into flight. What was received too often
// goes to the dead-letter queue instead. The caller holds the lock.
func (s *Service) receive(q *queue, max int, visibility time.Duration) []*message {
	now := s.clock.Now()
	q.expire(now)
	dlq, most := q.redrive()
	held := q.held(now)
	var out []*message
	for _, m := range slices.Clone(q.messages) {
		if len(out) == max {
			break
		}
		if m.visible.After(now) || q.fifo() && held[m.group] {
			continue
		}
		if d := s.queues[dlq]; d != nil && m.receives >= most {
			s.bury(q, d, m)
			continue
		}
		m.receives++
		m.receipt, m.visible = newReceipt(), now.Add(visibility)
		if m.receives == 1 {
			m.first = now
		}
		out = append(out, m)
	}
	if len(out) > 0 {
		s.announce(q, visibility)
	}
	return out
}

// held returns the groups of which a message is in flight: their later
// messages must wait.
func (q *queue) held(now time.Time) map[string]bool {
	out := map[string]bool{}
	for _, m := range q.messages {
		if m.visible.After(now) {
			out[m.group] = true
		}
	}
	return out
}

// bury moves a message to a dead-letter queue, with its id and its age.
func (s *Service) bury(q, dlq *queue, m *message) {
	q.messages = slices.DeleteFunc(q.messages, func(o *message) bool { return o == m })
	dead := *m
	dlq.serial++
	dead.serial, dead.receives, dead.receipt, dead.visible = dlq.serial, 0, "", s.clock.Now()
	dlq.messages = append(dlq.messages, &dead)
	s.announce(dlq, 0)
}

func (q *queue) remove(receipt string) error {
	before := len(q.messages)
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.receipt == receipt && receipt != "" })
	if len(q.messages) == before && !strings.HasPrefix(receipt, receiptMark) {
		return wire.Errorf("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", receipt)
	}
	return nil
}

// system returns a message's system attributes.
func (q *queue) system(m *message) map[string]string {
	ms := func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
	a := map[string]string{
		"SenderId": cmp.Or(m.sender, "AIDAISSERVICE"), "SentTimestamp": ms(m.sent),
		"ApproximateReceiveCount": strconv.Itoa(m.receives), "ApproximateFirstReceiveTimestamp": ms(m.first),
	}
	if m.group != "" {
		a["MessageGroupId"] = m.group
	}
	if q.fifo() {
		a["MessageDeduplicationId"], a["SequenceNumber"] = m.dedup, sequence(m.serial)
	}
	return a
}

// ReceiveMessage never waits: simulated time stands still meanwhile.
func (s *Service) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	if in.MaxNumberOfMessages < 0 || in.MaxNumberOfMessages > maxBatch {
		return nil, wire.Errorf("InvalidParameterValue", "Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", in.MaxNumberOfMessages)
	}
	out := &sqs.ReceiveMessageOutput{}
	err := s.with(ctx, in.QueueUrl, func(q *queue) error {
		wait := cmp.Or(time.Duration(in.VisibilityTimeout)*time.Second, q.visibility())
		for _, m := range s.receive(q, max(1, int(in.MaxNumberOfMessages)), wait) {
			out.Messages = append(out.Messages, types.Message{
				MessageId: new(m.id), Body: new(m.body), ReceiptHandle: new(m.receipt), MD5OfBody: new(sum(m.body)),
				Attributes: selected(q.system(m), in),
			})
		}
		return nil
	})
	return out, err
}

// selected keeps the system attributes that a receive asks for.
func selected(all map[string]string, in *sqs.ReceiveMessageInput) map[string]string {
	names := map[string]bool{}
	for _, n := range in.AttributeNames { //nolint:staticcheck // deprecated, and older clients send it still
		names[string(n)] = true
	}
	for _, n := range in.MessageSystemAttributeNames {
		names[string(n)] = true
	}
	maps.DeleteFunc(all, func(n, _ string) bool { return !names[n] && !names["All"] })
	if len(all) == 0 {
		return nil
	}
	return all
}

// DeleteMessage takes a message off the queue; twice is no error.
func (s *Service) DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	return &sqs.DeleteMessageOutput{}, s.with(ctx, in.QueueUrl, func(q *queue) error {
		return q.remove(aws.ToString(in.ReceiptHandle))
	})
}

// DeleteMessageBatch is DeleteMessage for up to ten messages.
func (s *Service) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	out := &sqs.DeleteMessageBatchOutput{}
	err := s.with(ctx, in.QueueUrl, func(q *queue) error {
		for _, e := range in.Entries {
			if err := q.remove(aws.ToString(e.ReceiptHandle)); err != nil {
				out.Failed = append(out.Failed, failedEntry(e.Id, err))
				continue
			}
			out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
		}
		return nil
	})
	return out, err
}

// ChangeMessageVisibility lets a message in flight wait longer, or at once.
func (s *Service) ChangeMessageVisibility(ctx context.Context, in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	wait := time.Duration(in.VisibilityTimeout) * time.Second
	return &sqs.ChangeMessageVisibilityOutput{}, s.with(ctx, in.QueueUrl, func(q *queue) error {
		for _, m := range q.messages {
			if m.receipt == aws.ToString(in.ReceiptHandle) && m.receipt != "" {
				m.visible = s.clock.Now().Add(wait)
				s.announce(q, wait)
				return nil
			}
		}
		return wire.Errorf("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
	})
}

const receiptMark = "AQEB" // as AWS's handles begin

func newReceipt() string {
	var b [48]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return receiptMark + base64.StdEncoding.EncodeToString(b[:])
}
