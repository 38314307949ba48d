package sqs

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keymend/pkg/sandbox/wire"
)

// dedupWindow is how long SQS remembers a deduplication id.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html
const dedupWindow = 5 * time.Minute

// A queue is one queue. Its messages are in the order they came.
type queue struct {
	arn, name  string
	created    time.Time
	modified   time.Time
	attributes map[string]string // as set
	messages   []*message
	dedup      map[string]sent // FIFO: by deduplication id
	serial     int
	onArrival  []func()
}

// A sent is what SQS remembers of a message for deduplication.
type sent struct {
	at     time.Time
	id     string
	serial int
}

// A message waits from "visible" on; until then it is delayed or in flight.
type message struct {
	id, body, group, dedup string
	sender                 string // unique id of the caller; "" = a service
	serial                 int
	sent, first            time.Time
	visible                time.Time
	receives               int
	receipt                string // "" = never received
}

func (q *queue) fifo() bool { return strings.HasSuffix(q.name, ".fifo") }

// seconds returns a numeric attribute.
func (q *queue) seconds(name string, otherwise int) time.Duration {
	n, err := strconv.Atoi(q.attributes[name])
	if err != nil {
		n = otherwise
	}
	return time.Duration(n) * time.Second
}

func (q *queue) visibility() time.Duration { return q.seconds("VisibilityTimeout", 30) }

// redrive returns the dead-letter queue's ARN and after how many receives a
// message goes there; "" where there is none.
func (q *queue) redrive() (dlq string, most int) {
	var p struct {
		DeadLetterTargetArn string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"` // a number, or one in quotes
	}
	if json.Unmarshal([]byte(q.attributes["RedrivePolicy"]), &p) != nil {
		return "", 0
	}
	most, err := strconv.Atoi(strings.Trim(string(p.MaxReceiveCount), `"`))
	if err != nil || most < 1 {
		return "", 0
	}
	return p.DeadLetterTargetArn, most
}

// expire drops what is older than the retention period.
func (q *queue) expire(now time.Time) {
	const days4 = 345600
	oldest := now.Add(-q.seconds("MessageRetentionPeriod", days4))
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.sent.Before(oldest) })
}

// count returns how many messages wait, are in flight, and are delayed.
func (q *queue) count(now time.Time) (waiting, inFlight, delayed int) {
	for _, m := range q.messages {
		switch {
		case !m.visible.After(now):
			waiting++
		case m.receipt != "":
			inFlight++
		default:
			delayed++
		}
	}
	return waiting, inFlight, delayed
}

// settable are the attributes that a caller may set.
func settable(name string) bool {
	return slices.Contains([]string{
		"DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "Policy", "ReceiveMessageWaitTimeSeconds",
		"VisibilityTimeout", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds",
		"SqsManagedSseEnabled", "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
	}, name)
}

func notThere() error {
	return &wire.Error{Code: "QueueDoesNotExist", Message: "The specified queue does not exist.",
		QueryCode: "AWS.SimpleQueueService.NonExistentQueue"}
}

// with does something to the queue that a caller names by its URL, under the
// lock.
func (s *Service) with(ctx context.Context, url *string, f func(*queue) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[arnOfURL(aws.ToString(url), wire.CallerOf(ctx).Region)]
	if q == nil {
		return notThere()
	}
	q.expire(s.clock.Now())
	return f(q)
}
